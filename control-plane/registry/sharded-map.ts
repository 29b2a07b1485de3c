/**
 * An immutable map for tens of thousands of entries: a change copies one shard of 256 and shares the others with the map
 * before. With 10,000 entries that is a copy of 300 references and not of 10,000.
 */

const SHARDS = 256;

/** One key that differs between two maps; undefined on the side that lacks it. */
export interface Difference<V> {
  readonly key: string;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

/** See the head of this file. Entries come shard by shard, in each as they were set. */
export class ShardedMap<V> {
  readonly #shards: readonly ReadonlyMap<string, V>[];
  readonly size: number;

  private constructor(shards: readonly ReadonlyMap<string, V>[]) {
    this.#shards = shards;
    this.size = shards.reduce((sum, shard) => sum + shard.size, 0);
  }

  /** A map of these entries. */
  static of<V>(entries: Iterable<readonly [string, V]> = []): ShardedMap<V> {
    const shards = Array.from({ length: SHARDS }, () => new Map<string, V>());
    for (const [key, value] of entries) shards[shardOf(key)]!.set(key, value);
    return new ShardedMap(shards);
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]!.get(key);
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]!.has(key);
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const shard of this.#shards) yield* shard;
  }

  *keys(): IterableIterator<string> {
    for (const shard of this.#shards) yield* shard.keys();
  }

  *values(): IterableIterator<V> {
    for (const shard of this.#shards) yield* shard.values();
  }

  /** With these entries in place of what was under their keys; undefined takes a key out. */
  with(entries: Iterable<readonly [string, V | undefined]>): ShardedMap<V> {
    const shards = [...this.#shards];
    const own = new Map<number, Map<string, V>>();
    for (const [key, value] of entries) {
      const index = shardOf(key);
      let shard = own.get(index);
      if (shard === undefined) {
        shard = new Map(shards[index]);
        own.set(index, shard);
        shards[index] = shard;
      }
      if (value === undefined) shard.delete(key);
      else shard.set(key, value);
    }
    return own.size === 0 ? this : new ShardedMap(shards);
  }

  /** What differs in `after`; shards that both share cost nothing. */
  *differences(after: ShardedMap<V>): IterableIterator<Difference<V>> {
    for (let i = 0; i < SHARDS; i++) {
      const [old, now] = [this.#shards[i]!, after.#shards[i]!];
      if (old === now) continue;
      for (const [key, value] of old) {
        const other = now.get(key);
        if (other !== value) yield { key, before: value, after: other };
      }
      for (const [key, value] of now) if (!old.has(key)) yield { key, before: undefined, after: value };
    }
  }
}

/** FNV-1a, 32 bits, folded. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return ((hash >>> 24) ^ (hash >>> 16) ^ (hash >>> 8) ^ hash) & (SHARDS - 1);
}
