/**
 * PURE. A commit as edits of keys, and how many go into one transaction.
 *
 * etcd takes 128 operations and 1.5 MiB in a transaction (`--max-txn-ops`, `--max-request-bytes`). A larger commit is a
 * batch: its edits are written aside, in parts that mean nothing yet; the transaction that raises the revision names
 * them, and from then on they count; then they are unfolded into the keys that they edit, and the parts go.
 */

import { STATE_MAPS } from '../../state/history.ts';
import type { State } from '../../state/model.ts';
import { pathOf } from './keys.ts';

/** What a key holds from now on; null: it goes. */
export interface Edit {
  readonly path: string;
  readonly value: string | null;
}

/** What stands at `mesh/revision`. */
export interface Pointer {
  readonly revision: number;
  /** The commit that made this revision: unique, so that whoever lost the answer can tell its own. */
  readonly commit: string;
  /** Edits that are not unfolded yet, in so many parts; null: the keys are as they should be. */
  readonly batch: { readonly token: string; readonly parts: number } | null;
}

/** What stands there before the first commit. */
export const NO_POINTER: Pointer = { revision: 0, commit: '', batch: null };

/** In one transaction: a few are left of etcd's 128 for the revision and what else belongs to a commit. */
export const EDITS_MAX = 100;
/** In one transaction, and in one value: the rest of etcd's 1.5 MiB is for keys and framing. */
export const BYTES_MAX = 1024 * 1024;

/** What leads from the objects of `before` to those of `after`. */
export function editsBetween(before: State, after: State): Edit[] {
  return STATE_MAPS.flatMap((map) => {
    const [old, fresh]: readonly ReadonlyMap<string, unknown>[] = [before[map], after[map]];
    if (old === fresh) return [];
    const path = (name: string) => pathOf({ kind: 'state', map, name });
    const gone = [...old!.keys()].filter((name) => !fresh!.has(name));
    const changed = [...fresh!].filter(([name, value]) => old!.get(name) !== value);
    return [
      ...gone.map((name) => ({ path: path(name), value: null })),
      ...changed.map(([name, value]) => ({ path: path(name), value: JSON.stringify(value) })),
    ];
  });
}

/** The first edit that no transaction can take; undefined when there is none. */
export function tooLarge(edits: readonly Edit[]): Edit | undefined {
  return edits.find((edit) => bytesOf(edit) > BYTES_MAX);
}

/** The edits in groups, in order, each small enough for one transaction. */
export function groups(edits: readonly Edit[]): Edit[][] {
  const all: Edit[][] = [[]];
  let bytes = 0;
  for (const edit of edits) {
    const size = bytesOf(edit);
    if (all.at(-1)!.length === EDITS_MAX || (bytes + size > BYTES_MAX && bytes > 0)) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(edit);
    bytes += size;
  }
  return all;
}

/** Edits as the values of a batch's parts. */
export function partsOf(edits: readonly Edit[]): Buffer[] {
  const text = Buffer.from(JSON.stringify(edits.map(({ path, value }) => [path, value])));
  const count = Math.max(1, Math.ceil(text.length / BYTES_MAX));
  return Array.from({ length: count }, (_, i) => text.subarray(i * BYTES_MAX, (i + 1) * BYTES_MAX));
}

/** The other way round. */
export function editsIn(parts: readonly Buffer[]): Edit[] {
  const rows = JSON.parse(Buffer.concat(parts).toString('utf8')) as [string, string | null][];
  return rows.map(([path, value]) => ({ path, value }));
}

function bytesOf({ path, value }: Edit): number {
  return Buffer.byteLength(path) + Buffer.byteLength(value ?? '');
}
