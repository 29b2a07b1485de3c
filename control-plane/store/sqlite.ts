/**
 * The embedded store: one SQLite file in the state directory, by Node's own binding.
 *
 * Write-ahead log, synchronous writes: what was committed survives a power cut. The file is locked for as long as it is
 * open, so that two control planes never share it. Every resource is a row of JSON; a commit writes only rows that
 * differ.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type HistoryMark, type HistoryRecord, STATE_MAPS, type StateMap } from '../state/history.ts';
import { EMPTY_STATE, type State } from '../state/model.ts';
import { SqliteHistory } from './sqlite-history.ts';
import { type HistoryCommit, type Store, StoreError } from './store.ts';
import { upgraded } from './upgrade.ts';

/** Each step leads from the version of its index to the next; a step that was released is never changed. */
const MIGRATIONS = [
  `CREATE TABLE object (kind TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, name)) STRICT;
   CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   INSERT INTO meta VALUES ('revision', '0');`,
  `CREATE TABLE history (revision INTEGER PRIMARY KEY, entry TEXT NOT NULL, undo TEXT NOT NULL) STRICT;`,
];

/** SQLite's codes for "someone else holds the file". */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** See the head of this file. Throws StoreError when it cannot be opened. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #listeners = new Set<(state: State) => void>();
  readonly #history: SqliteHistory;
  #state: State;

  /** Opens or makes `control-plane.db` in `directory`. */
  constructor(directory: string) {
    const file = join(directory, 'control-plane.db');
    this.#database = open(directory, file);
    try {
      migrate(this.#database, file);
      this.#state = this.#read();
      this.#history = new SqliteHistory(this.#database);
    } catch (cause) {
      this.#database.close();
      throw cause;
    }
  }

  load(): State {
    return this.#state;
  }

  async commit(expected: number, next: State, history: HistoryCommit): Promise<boolean> {
    if (this.#state.revision !== expected) return false;
    const marks = this.#transaction(() => {
      for (const kind of STATE_MAPS) this.#writeDifference(kind, this.#state[kind], next[kind]);
      this.#setMeta('revision', String(next.revision));
      return this.#history.write(history);
    });
    this.#history.marks = marks;
    this.#state = next;
    for (const listener of this.#listeners) listener(next);
    return true;
  }

  history(): readonly HistoryMark[] {
    return this.#history.marks;
  }

  async recordsAfter(revision: number): Promise<readonly HistoryRecord[]> {
    return this.#history.recordsAfter(revision);
  }

  watch(listener: (state: State) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  loadRegistry(): string | undefined {
    return this.#meta('registry');
  }

  saveRegistry(json: string): void {
    this.#setMeta('registry', json);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#database.close();
  }

  #read(): State {
    const revision = Number(this.#meta('revision') ?? EMPTY_STATE.revision);
    const maps = STATE_MAPS.map((kind) => [kind, this.#rows(kind)] as const);
    // Each row was written from an object of its kind.
    return { revision, ...(Object.fromEntries(maps) as unknown as Omit<State, 'revision'>) };
  }

  #rows(kind: StateMap): Map<string, unknown> {
    const rows = this.#database.prepare('SELECT name, json FROM object WHERE kind = ? ORDER BY name').all(kind);
    return new Map(rows.map((row) => [String(row.name), upgraded(kind, JSON.parse(String(row.json)))] as const));
  }

  #writeDifference(kind: StateMap, before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): void {
    if (before === after) return;
    const put = this.#database.prepare('INSERT OR REPLACE INTO object VALUES (?, ?, ?)');
    const remove = this.#database.prepare('DELETE FROM object WHERE kind = ? AND name = ?');
    for (const name of before.keys()) if (!after.has(name)) remove.run(kind, name);
    for (const [name, value] of after) if (before.get(name) !== value) put.run(kind, name, JSON.stringify(value));
  }

  #transaction<T>(run: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = run();
      this.#database.exec('COMMIT');
      return result;
    } catch (cause) {
      this.#database.exec('ROLLBACK');
      throw cause;
    }
  }

  #meta(key: string): string | undefined {
    const row = this.#database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
    return row === undefined ? undefined : String(row.value);
  }

  #setMeta(key: string, value: string): void {
    this.#database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(key, value);
  }
}

/** For its owner alone, before anything is in it: settings may be secrets. SQLite gives its other files the same mode. */
function makePrivate(file: string): void {
  // Not opened when it is there: closing it would give up a lock that this process has on it.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  for (const each of [file, `${file}-wal`]) {
    const mode = statSync(each, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) chmodSync(each, 0o600);
  }
}

function open(directory: string, file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    makePrivate(file);
    database = new DatabaseSync(file);
    // Exclusive before WAL: then SQLite needs no shared memory file, and holds the lock until close.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    // The lock is taken by the first write transaction.
    database.exec('BEGIN EXCLUSIVE; COMMIT;');
    return database;
  } catch (cause) {
    database?.close();
    const code = (cause as { errcode?: number }).errcode;
    if (code === SQLITE_BUSY || code === SQLITE_LOCKED) {
      const advice = 'stop the other one, or choose another directory with --state';
      throw new StoreError(`the state directory ${directory} is locked by another control plane: ${advice}`, { cause });
    }
    throw new StoreError(`the store ${file} cannot be opened: ${(cause as Error).message}`, { cause });
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      `the store ${file} is of version ${version}, this control plane knows ${MIGRATIONS.length}: update it`,
    );
  }
  for (let step = version; step < MIGRATIONS.length; step++) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[step]} PRAGMA user_version = ${step + 1}; COMMIT;`);
  }
}
