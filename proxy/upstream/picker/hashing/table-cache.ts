/**
 * Tables of a cluster by what they were made from, so that a change of health, or of another priority, makes no table
 * again. What two assemblies in a row did not ask for is forgotten.
 */
import type { HashTable } from './hash-table.ts';

export class TableCache {
  #now = new Map<string, HashTable>();
  #before = new Map<string, HashTable>();

  /** A new assembly begins. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** The table of that content, made when there is none. */
  get(content: string, make: () => HashTable): HashTable {
    const table = this.#now.get(content) ?? this.#before.get(content) ?? make();
    this.#now.set(content, table);
    return table;
  }
}
