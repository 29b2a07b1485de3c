/**
 * A backup as one file:
 *
 *   outrider-backup 1 SHA-256\n     format version, and the checksum of everything that follows, in hex
 *   {"revision": 7, ...}\n          the header, JSON
 *   gzip                            lines of JSON: {map, name, value} of each thing, then {record} of each commit, oldest first
 *
 * It holds what users wrote, settings, scale and history; not who is alive, which instances tell anew within a heartbeat, and
 * no keys or tokens, which are not in the store.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type HistoryRecord, STATE_MAPS, type StateMap } from '../state/history.ts';
import { EMPTY_STATE, type State } from '../state/model.ts';
import { upgraded } from '../store/upgrade.ts';

/** The format that is written, and the only one that there has been. */
export const BACKUP_VERSION = 1;
/** What a file may unfold to: 512 MiB. */
const BODY_BYTES_MAX = 512 * 1024 * 1024;
const MAGIC = 'outrider-backup ';
const FIRST_LINE_CHARS_MAX = 100;

/** What is known of a backup without unpacking it. */
export interface BackupHeader {
  readonly revision: number;
  /** RFC 3339. */
  readonly takenAt: string;
  /** The version of the program that wrote it. */
  readonly program: string;
  /** Resources, settings and replica counts. */
  readonly things: number;
  readonly records: number;
}

/** What is in one. */
export interface Backup {
  readonly header: BackupHeader;
  readonly state: State;
  readonly records: readonly HistoryRecord[];
}

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** The file. `takenAtMs` is wall time. */
export async function encodeBackup(
  { state, records }: Pick<Backup, 'state' | 'records'>,
  takenAtMs: number,
  program: string,
): Promise<Buffer> {
  const rows = STATE_MAPS.flatMap((map) => [...state[map]].map(([name, value]) => ({ map, name, value })));
  const header: BackupHeader = {
    revision: state.revision,
    takenAt: new Date(takenAtMs).toISOString(),
    program,
    // Addresses are no things of their own: they come with the services.
    things: rows.filter(({ map }) => map !== 'virtualAddresses').length,
    records: records.length,
  };
  const lines = [...rows, ...records.map((record) => ({ record }))].map((each) => `${JSON.stringify(each)}\n`);
  const sealed = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), await pack(lines.join(''))]);
  return Buffer.concat([Buffer.from(`${MAGIC}${BACKUP_VERSION} ${checksum(sealed)}\n`), sealed]);
}

/** What is in the file, or the sentence that says why it is not taken. */
export async function decodeBackup(file: Buffer): Promise<Result<Backup, string>> {
  const [, version, expected] = /^outrider-backup (\d{1,9}) ([0-9a-f]{64})\n/.exec(firstLine(file)) ?? [];
  if (version === undefined) return err('the file is no backup of Outrider: it does not begin as one');
  if (Number(version) !== BACKUP_VERSION) {
    return err(`the backup is of format version ${version}, this control plane reads ${BACKUP_VERSION}: update it`);
  }
  const sealed = file.subarray(file.indexOf(10) + 1);
  const actual = checksum(sealed);
  if (actual !== expected) {
    return err(`the backup is damaged or cut short: its checksum is ${actual}, it should be ${expected}`);
  }
  try {
    const end = sealed.indexOf(10);
    const header = JSON.parse(sealed.toString('utf8', 0, end)) as BackupHeader;
    const body = await unpack(sealed.subarray(end + 1), { maxOutputLength: BODY_BYTES_MAX });
    return ok({ header, ...contents(header, body.toString('utf8')) });
  } catch (cause) {
    return err(`the backup cannot be read: ${(cause as Error).message}`);
  }
}

function firstLine(file: Buffer): string {
  return file.toString('latin1', 0, Math.min(file.indexOf(10) + 1, FIRST_LINE_CHARS_MAX));
}

function checksum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Lines of the body. */
type Line =
  | { readonly map: StateMap; readonly name: string; readonly value: unknown }
  | { readonly record: HistoryRecord };

function contents({ revision }: BackupHeader, body: string): Pick<Backup, 'state' | 'records'> {
  const maps = Object.fromEntries(STATE_MAPS.map((map) => [map, new Map<string, unknown>()] as const));
  const records: HistoryRecord[] = [];
  for (const text of body.split('\n')) {
    if (text === '') continue;
    const line = JSON.parse(text) as Line;
    if ('record' in line) records.push(withUpgrades(line.record));
    else if (maps[line.map] === undefined) throw new Error(`it has "${line.map}", which is not known here`);
    else maps[line.map]!.set(line.name, upgraded(line.map, line.value));
  }
  // Each row was written from a map of its kind.
  return { state: { ...EMPTY_STATE, ...(maps as unknown as Omit<State, 'revision'>), revision }, records };
}

function withUpgrades({ entry, undo }: HistoryRecord): HistoryRecord {
  const upgrade = (map: StateMap, before: unknown) => (before === null ? null : upgraded(map, before));
  return { entry, undo: undo.map(({ map, name, before }) => ({ map, name, before: upgrade(map, before) })) };
}
