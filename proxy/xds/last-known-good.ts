/**
 * The last complete configuration on disk, as it came: a proxy that starts while no control plane answers works with it.
 *
 *   line 1   {"format":1,"sha256":"<of all that follows>"}
 *   rest     {"writtenAtMs":...,"nodeId":"...","resources":[{"typeUrl","version","value":"<base64>"}]}
 *
 * The sum guards against a torn or damaged file, not against somebody who may write to the directory.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ReplacedFile } from '../../kernel/replaced-file.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { AnyMessage } from '../../protos/json/registry.ts';

/** A resource with the version it came with. */
export interface KeptResource {
  readonly version: string;
  readonly any: AnyMessage;
}

/** What the file holds. */
export interface KeptConfiguration {
  /** Milliseconds since 1970. */
  readonly writtenAtMs: number;
  /** Whose it is: another node's is of no use. */
  readonly nodeId: string;
  readonly resources: readonly KeptResource[];
}

const FORMAT = 1;

/** The file's text. */
export function encodeKept({ writtenAtMs, nodeId, resources }: KeptConfiguration): string {
  const entries = resources.map(({ version, any: { typeUrl, value } }) => {
    return { typeUrl, version, value: Buffer.from(value).toString('base64') };
  });
  const body = `${JSON.stringify({ writtenAtMs, nodeId, resources: entries })}\n`;
  return `${JSON.stringify({ format: FORMAT, sha256: sumOf(body) })}\n${body}`;
}

/** Reads the file's text; the error says what is wrong with it. */
export function decodeKept(text: string): Result<KeptConfiguration, string> {
  const cut = text.indexOf('\n') + 1;
  const body = text.slice(cut);
  try {
    const { format, sha256 } = JSON.parse(text.slice(0, cut)) as { format: number; sha256: string };
    if (format !== FORMAT) return err(`its format is ${format}: only ${FORMAT} is known`);
    if (sha256 !== sumOf(body)) return err('its sum is wrong: it was damaged or not written to the end');
    const kept = JSON.parse(body) as {
      writtenAtMs: number;
      nodeId: string;
      resources: { typeUrl: string; version: string; value: string }[];
    };
    const resources = kept.resources.map(({ typeUrl, version, value }) => {
      return { version, any: { typeUrl, value: Buffer.from(value, 'base64') } };
    });
    return ok({ writtenAtMs: kept.writtenAtMs, nodeId: kept.nodeId, resources });
  } catch (error) {
    return err(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The file. */
export class LastKnownGood {
  readonly #path: string;
  readonly #file: ReplacedFile;

  constructor(path: string) {
    this.#path = path;
    this.#file = new ReplacedFile(path);
  }

  /** The file's contents; null when there is none. Never rejects. */
  async load(): Promise<Result<KeptConfiguration, string> | null> {
    try {
      return decodeKept(await readFile(this.#path, 'utf8'));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : err((error as Error).message);
    }
  }

  /** Replaces the file, at once or not at all. Of several in a row the newest is written. Rejects when it cannot be. */
  save(kept: KeptConfiguration): Promise<void> {
    return this.#file.write(() => encodeKept(kept));
  }
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
