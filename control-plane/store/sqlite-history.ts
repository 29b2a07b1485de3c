/**
 * The history in SQLite: a row per commit. What is told of each is in memory, what undoes it is read when it is needed.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { HistoryEntry, HistoryMark, HistoryRecord, UndoRow } from '../state/history.ts';
import type { HistoryCommit } from './store.ts';
import { upgraded } from './upgrade.ts';

/** See the head of this file. */
export class SqliteHistory {
  /** Oldest first. Set when the transaction of `write` is done. */
  marks: readonly HistoryMark[];
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const rows = database
      .prepare(
        'SELECT entry, length(CAST(entry AS BLOB)) + length(CAST(undo AS BLOB)) AS bytes FROM history ORDER BY revision',
      )
      .all();
    this.marks = rows.map(({ entry, bytes }) => ({
      entry: JSON.parse(String(entry)) as HistoryEntry,
      bytes: Number(bytes),
    }));
  }

  /** To be called within a transaction: what `marks` will be after it. */
  write({ record, forgetUpTo, imported }: HistoryCommit): readonly HistoryMark[] {
    if (imported !== undefined) this.#database.exec('DELETE FROM history');
    if (forgetUpTo > 0) this.#database.prepare('DELETE FROM history WHERE revision <= ?').run(forgetUpTo);
    const kept = imported === undefined ? this.marks.filter(({ entry }) => entry.revision > forgetUpTo) : [];
    return [...kept, ...[...(imported ?? []), record].map((each) => this.#insert(each))];
  }

  recordsAfter(revision: number): HistoryRecord[] {
    const rows = this.#database
      .prepare('SELECT entry, undo FROM history WHERE revision > ? ORDER BY revision')
      .all(revision);
    return rows.map(({ entry, undo }) => ({
      entry: JSON.parse(String(entry)) as HistoryEntry,
      undo: (JSON.parse(String(undo)) as UndoRow[]).map(upgradedRow),
    }));
  }

  #insert({ entry, undo }: HistoryRecord): HistoryMark {
    const [entryJson, undoJson] = [JSON.stringify(entry), JSON.stringify(undo)];
    this.#database.prepare('INSERT INTO history VALUES (?, ?, ?)').run(entry.revision, entryJson, undoJson);
    return { entry, bytes: Buffer.byteLength(entryJson) + Buffer.byteLength(undoJson) };
  }
}

function upgradedRow(row: UndoRow): UndoRow {
  return row.before === null ? row : { ...row, before: upgraded(row.map, row.before) };
}
