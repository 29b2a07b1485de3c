/**
 * The history of the state: what each commit did, who asked for it, and what it takes to undo it.
 *
 *   state at revision 7 = the state now, with the undo rows of revisions 9 and 8 put back, in this order
 *
 * Undo rows hold what was there before, so that the oldest entries can be forgotten without a loss to the others.
 */
import type { Change } from './change.ts';
import { DOCUMENT_MAPS, type State } from './model.ts';

/** Who asked for a change, and why. */
export interface Authorship {
  /** Empty when nobody said. */
  readonly author: string;
  /** Whether the author was authenticated; else it is what the client claims. */
  readonly verified: boolean;
  /** In the author's words; may be empty. */
  readonly message: string;
}

/** What the mesh does by itself. */
export const BY_NOBODY: Authorship = { author: '', verified: false, message: '' };

/** One commit, as it is told. */
export interface HistoryEntry extends Authorship {
  readonly revision: number;
  /** The revision that it was made from. */
  readonly parent: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly command: 'apply' | 'delete' | 'scale' | 'run' | 'set-config' | 'delete-config' | 'restore';
  /** The file that was applied, the revision or the backup that was restored; may be empty. */
  readonly origin: string;
  /** Without what stayed as it was. */
  readonly changes: readonly Change[];
}

/** The maps of the state. */
export const STATE_MAPS = [...Object.values(DOCUMENT_MAPS), 'config', 'scale', 'runs', 'virtualAddresses'] as const;
/** One of them. */
export type StateMap = (typeof STATE_MAPS)[number];

/** What one place of the state held before a commit; null: nothing. */
export interface UndoRow {
  readonly map: StateMap;
  readonly name: string;
  readonly before: unknown;
}

/** One commit as it is kept. JSON. */
export interface HistoryRecord {
  readonly entry: HistoryEntry;
  readonly undo: readonly UndoRow[];
}

/** What a store tells of a record without reading all of it. */
export interface HistoryMark {
  readonly entry: HistoryEntry;
  /** Of the record as JSON. */
  readonly bytes: number;
}

/** What leads from `after` back to `before`. */
export function undoRows(before: State, after: State): UndoRow[] {
  return STATE_MAPS.flatMap((map) => {
    const [old, fresh]: readonly ReadonlyMap<string, unknown>[] = [before[map], after[map]];
    if (old === fresh) return [];
    const changed = [...old!].filter(([name, value]) => fresh!.get(name) !== value);
    const added = [...fresh!.keys()].filter((name) => !old!.has(name));
    return [
      ...changed.map(([name, value]) => ({ map, name, before: value })),
      ...added.map((name) => ({ map, name, before: null })),
    ];
  });
}

/**
 * `state` as it was before the commits of `records`, which are all commits after revision `revision` up to its own, in
 * any order.
 */
export function undone(
  state: State,
  records: readonly Pick<HistoryRecord, 'entry' | 'undo'>[],
  revision: number,
): State {
  const maps = Object.fromEntries(STATE_MAPS.map((map) => [map, new Map<string, unknown>(state[map])] as const));
  for (const { undo } of records.toSorted((a, b) => b.entry.revision - a.entry.revision)) {
    for (const { map, name, before } of undo) {
      if (before === null) maps[map]!.delete(name);
      else maps[map]!.set(name, before);
    }
  }
  // Each row was taken from a map of its kind.
  return { ...(maps as unknown as Omit<State, 'revision'>), revision };
}

/** Whether the state as of `revision` can be had, when `marks` (oldest first) is what is kept. */
export function isKept(revision: number, marks: readonly HistoryMark[]): boolean {
  return marks.some(({ entry }) => entry.revision === revision) || marks[0]?.entry.parent === revision;
}

/** How much history is kept: whatever is reached first. */
export interface HistoryLimits {
  readonly entriesMax: number;
  readonly ageMsMax: number;
  readonly bytesMax: number;
}

/** DEFAULT: a quarter of changes, and no more than a store takes without noticing. */
export const HISTORY_LIMITS: HistoryLimits = {
  entriesMax: 1000,
  ageMsMax: 90 * 24 * 3_600_000,
  bytesMax: 64 * 1024 * 1024,
};

/**
 * The revision up to which history is to be forgotten when a record of `bytes` is added to `marks` (oldest first) at
 * `nowMs`, wall time; 0: nothing. The new record itself always stays.
 */
export function forgetUpTo(
  marks: readonly HistoryMark[],
  bytes: number,
  nowMs: number,
  { entriesMax, ageMsMax, bytesMax }: HistoryLimits,
): number {
  let total = bytes;
  for (let i = marks.length - 1; i >= 0; i--) {
    const mark = marks[i]!;
    total += mark.bytes;
    const count = marks.length - i + 1;
    if (count > entriesMax || total > bytesMax || nowMs - mark.entry.atMs > ageMsMax) return mark.entry.revision;
  }
  return 0;
}
