/**
 * PURE. The history of a mesh in etcd: what is told of each commit is watched by everyone, what undoes it is read when it
 * is needed, and lies elsewhere, compressed, in parts that fit into a key.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { HistoryEntry, HistoryMark, HistoryRecord, UndoRow } from '../../state/history.ts';
import type { HistoryCommit } from '../store.ts';
import { upgraded } from '../upgrade.ts';
import { BYTES_MAX, type Edit } from './edits.ts';
import { pathOf, undoPath } from './keys.ts';

/** A mark, and in how many parts its undo rows lie. */
export interface KeptMark extends HistoryMark {
  readonly parts: number;
}

/** What a commit does to the history. `marks` is what there is. */
export function historyEdits({ record, forgetUpTo, imported }: HistoryCommit, marks: readonly KeptMark[]): Edit[] {
  const gone = marks.filter(({ entry }) => imported !== undefined || entry.revision <= forgetUpTo);
  return [...gone.flatMap(removal), ...[...(imported ?? []), record].flatMap(addition)];
}

/** A value at `mesh/history/REVISION`. */
export function markIn(value: string): KeptMark {
  return JSON.parse(value) as KeptMark;
}

/** A record from its mark and the parts of its undo rows, in order. */
export function recordOf({ entry }: KeptMark, parts: readonly string[]): HistoryRecord {
  const rows = JSON.parse(gunzipSync(Buffer.from(parts.join(''), 'base64')).toString('utf8')) as UndoRow[];
  const undo = rows.map((row) => (row.before === null ? row : { ...row, before: upgraded(row.map, row.before) }));
  return { entry, undo };
}

function addition({ entry, undo }: HistoryRecord): Edit[] {
  const json = JSON.stringify(undo);
  const text = gzipSync(json).toString('base64');
  const room = BYTES_MAX / 2;
  const parts = Array.from({ length: Math.ceil(text.length / room) }, (_, i) => text.slice(i * room, (i + 1) * room));
  const mark: KeptMark = { entry, bytes: bytesOf(entry) + Buffer.byteLength(json), parts: parts.length };
  return [
    { path: pathOf({ kind: 'history', revision: entry.revision }), value: JSON.stringify(mark) },
    ...parts.map((value, index) => ({ path: undoPath(entry.revision, index), value })),
  ];
}

function removal({ entry, parts }: KeptMark): Edit[] {
  return [
    { path: pathOf({ kind: 'history', revision: entry.revision }), value: null },
    ...Array.from({ length: parts }, (_, index) => ({ path: undoPath(entry.revision, index), value: null })),
  ];
}

function bytesOf(entry: HistoryEntry): number {
  return Buffer.byteLength(JSON.stringify(entry));
}
