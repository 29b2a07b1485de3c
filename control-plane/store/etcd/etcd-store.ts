/**
 * The state in etcd, for several control planes. Reading is from an image in memory that follows etcd, and is never
 * behind one's own commits; writing is the leader's. See docs/control-plane-store.md.
 */
import { gunzipSync } from 'node:zlib';
import type { HistoryMark, HistoryRecord } from '../../state/history.ts';
import type { State } from '../../state/model.ts';
import { type HistoryCommit, type Store, StoreError } from '../store.ts';
import { EtcdClient, EtcdError } from './client.ts';
import { Committer } from './committer.ts';
import { Freshness } from './freshness.ts';
import { recordOf } from './history.ts';
import { Image } from './image.ts';
import { Keys, undoPath } from './keys.ts';
import { Mirror, type MirrorDeps } from './mirror.ts';
import { RegistryWriter } from './registry-writer.ts';
import type { EtcdSettings } from './settings.ts';

/** Parts that are read at once; each is half a megabyte at most. */
const UNDO_PAGE = 32;

const LATENCY_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** See the head of this file. */
export class EtcdStore implements Store {
  readonly client: EtcdClient;
  readonly keys: Keys;
  readonly mirror: Mirror;
  readonly freshness: Freshness;
  readonly committer: Committer;
  readonly #clock: MirrorDeps['clock'];
  readonly #registry: RegistryWriter;
  /** How long commits took, in seconds. */
  readonly latency = { bounds: LATENCY_BOUNDS, counts: new Float64Array(LATENCY_BOUNDS.length + 1), sum: 0 };

  private constructor(settings: EtcdSettings, deps: MirrorDeps) {
    const client = new EtcdClient(settings, deps);
    const keys = new Keys(settings.prefix);
    const mirror = new Mirror(client, keys, new Image(keys), deps);
    const freshness = new Freshness(client, keys, mirror, deps);
    this.committer = new Committer({ client, keys, mirror, freshness, logger: deps.logger });
    this.#registry = new RegistryWriter((ops) => this.committer.write(ops), keys, deps);
    this.#clock = deps.clock;
    this.client = client;
    this.keys = keys;
    this.mirror = mirror;
    this.freshness = freshness;
  }

  /** Reads all that there is and follows it. Rejects with StoreError when etcd does not answer. */
  static async open(settings: EtcdSettings, deps: MirrorDeps): Promise<EtcdStore> {
    const store = new EtcdStore(settings, deps);
    try {
      await store.mirror.start();
      return store;
    } catch (cause) {
      await store.close();
      if (!(cause instanceof EtcdError)) throw cause;
      const where = settings.endpoints.join(', ');
      throw new StoreError(`the store cannot be read (--etcd-endpoints ${where}): ${cause.message}`, { cause });
    }
  }

  load(): State {
    return this.mirror.image.state;
  }

  async commit(expected: number, next: State, history: HistoryCommit): Promise<boolean> {
    const startedAtMs = this.#clock.nowMs();
    const done = await this.committer.commit(expected, next, history);
    if (done) this.#took((this.#clock.nowMs() - startedAtMs) / 1000);
    return done;
  }

  history(): readonly HistoryMark[] {
    return this.mirror.image.history;
  }

  async recordsAfter(revision: number): Promise<readonly HistoryRecord[]> {
    const { image } = this.mirror;
    const marks = image.history.filter(({ entry }) => entry.revision > revision);
    const found = await this.#undoAfter(revision);
    for (const { path, value } of image.pending()) if (value !== null) found.set(path, value);
    return marks.flatMap((mark) => {
      const parts = Array.from({ length: mark.parts }, (_, i) => found.get(undoPath(mark.entry.revision, i)));
      // What lacks a part has been forgotten meanwhile.
      return parts.includes(undefined) ? [] : [recordOf(mark, parts as string[])];
    });
  }

  #took(seconds: number): void {
    const { bounds, counts } = this.latency;
    const bucket = bounds.findIndex((bound) => seconds <= bound);
    counts[bucket < 0 ? bounds.length : bucket]!++;
    this.latency.sum += seconds;
  }

  async #undoAfter(revision: number): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (let { key, rangeEnd } = this.keys.undoAfter(revision); ; ) {
      const page = await this.client.range({ key, rangeEnd, limit: UNDO_PAGE });
      for (const { key: at, value } of page.kvs) found.set(this.keys.pathIn(at), value.toString('utf8'));
      if (!page.more) return found;
      key = Buffer.concat([page.kvs.at(-1)!.key, Buffer.of(0)]);
    }
  }

  watch(listener: (state: State) => void): () => void {
    return this.mirror.watch(({ state }) => {
      if (state) listener(this.load());
    });
  }

  loadRegistry(): string | undefined {
    const { registry } = this.mirror.image;
    return registry === null ? undefined : gunzipSync(registry).toString('utf8');
  }

  /** Written soon, by the leader alone; of several the last one counts. */
  saveRegistry(json: string): void {
    if (this.committer.leads) this.#registry.save(json);
  }

  async close(): Promise<void> {
    await this.#registry.close();
    this.mirror.close();
    this.client.close();
  }
}
