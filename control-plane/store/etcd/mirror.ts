/**
 * Keeps an image equal to what etcd holds: all keys once, then a watch.
 *
 *   listing ──all keys──► watching ──silence, error──► watching, at the next member, from where it was
 *      ▲                      └──compacted, or a batch without its parts──┐
 *      └──────────────────────────────────────────────────────────────────┘
 *
 * A watch from which nothing is heard might be at a member that is stopped or cut off: it is asked for progress every
 * second, and given up when it does not answer.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '../../../kernel/clock.ts';
import type { Logger } from '../../../kernel/log.ts';
import type { Timer, Timers } from '../../../kernel/timers.ts';
import type { KeyValue } from '../../../protos/gen/etcd/kv.ts';
import { Event_EventType } from '../../../protos/gen/etcd/kv.ts';
import type { WatchRequest, WatchResponse } from '../../../protos/gen/etcd/rpc.ts';
import type { EtcdClient } from './client.ts';
import { callMetadata, type Member } from './connection.ts';
import type { Image, ImageChange, KeyChange } from './image.ts';
import type { Keys } from './keys.ts';

/** What a mirror needs. */
export interface MirrorDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Told after every change. */
export type MirrorListener = (change: ImageChange) => void;

const PAGE_KEYS = 1000;
const PROGRESS_MS = 1000;
const SILENCE_MS = 2500;
const RETRY_MS = 200;
const LIST_MS = 30_000;

type Stream = ClientDuplexStream<WatchRequest, WatchResponse>;

/** See the head of this file. */
export class Mirror {
  readonly image: Image;
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #deps: MirrorDeps;
  readonly #listeners = new Set<MirrorListener>();
  readonly #totals = { lists: 0, watches: 0, events: 0 };
  /** etcd's revision of the next event. */
  #next = 0;
  #stream: Stream | null = null;
  #member: Member | null = null;
  #heardAtMs: number;
  #retry: Timer | undefined;
  readonly #prober: Timer;
  #closed = false;

  constructor(client: EtcdClient, keys: Keys, image: Image, deps: MirrorDeps) {
    this.#client = client;
    this.#keys = keys;
    this.image = image;
    this.#deps = deps;
    this.#heardAtMs = deps.clock.nowMs();
    this.#prober = deps.timers.every(PROGRESS_MS, () => this.#probe());
  }

  /** Counted since the start: times that all keys were read, streams opened, events heard. */
  get totals(): Readonly<{ lists: number; watches: number; events: number }> {
    return this.#totals;
  }

  /** Since anything was heard of etcd, in milliseconds: so old may what the image says be. */
  get silentMs(): number {
    return this.#deps.clock.nowMs() - this.#heardAtMs;
  }

  /** Reads everything, and follows from there on. Rejects with EtcdError when it cannot be read now. */
  async start(): Promise<void> {
    await this.#list();
    if (!this.#closed) await this.#watch();
  }

  /** Calls `listener` after every change until the returned function is called. */
  watch(listener: MirrorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells everyone of a change that came another way. */
  announce(change: ImageChange): void {
    if (change.state || change.leader) for (const listener of this.#listeners) listener(change);
  }

  close(): void {
    this.#closed = true;
    this.#prober.cancel();
    this.#retry?.cancel();
    this.#listeners.clear();
    this.#stream?.cancel();
  }

  async #list(): Promise<void> {
    const { mark } = this.image;
    const all: KeyChange[] = [];
    const { rangeEnd } = this.#keys.all();
    let { key } = this.#keys.all();
    let revision = 0;
    for (;;) {
      const page = await this.#client.range({ key, rangeEnd, limit: PAGE_KEYS, revision }, LIST_MS);
      revision ||= page.header?.revision ?? 0;
      all.push(...page.kvs.map(changeOf));
      if (!page.more) break;
      // The first key behind the last one.
      key = Buffer.concat([page.kvs.at(-1)!.key, Buffer.of(0)]);
    }
    this.#totals.lists++;
    this.#heard();
    // A commit of our own that came meanwhile may not be in what was read.
    if (this.image.mark !== mark) return this.#list();
    this.#next = revision + 1;
    this.announce(this.image.load(all));
  }

  async #watch(): Promise<void> {
    const token = await this.#client.token();
    const member = this.#client.members.current();
    const stream: Stream = member.watch.watch(callMetadata(token));
    this.#member = member;
    this.#stream = stream;
    this.#totals.watches++;
    this.#heard();
    stream.on('data', (response: WatchResponse) => {
      if (this.#stream === stream) this.#take(response);
    });
    // What matters is in the status, which follows every error.
    stream.on('error', () => {});
    stream.on('status', ({ details }) => {
      if (this.#stream === stream) this.#lost(details);
    });
    stream.write({
      requestUnion: { $case: 'createRequest', value: { ...this.#keys.all(), startRevision: this.#next } },
    });
  }

  #take({ canceled, compactRevision, cancelReason, events }: WatchResponse): void {
    this.#heard();
    if (compactRevision > 0) {
      this.#deps.logger.warn({ compactRevision, wanted: this.#next }, 'etcd has compacted what was not seen yet');
      this.#begin('list');
      return;
    }
    if (canceled) {
      this.#lost(cancelReason);
      return;
    }
    if (events.length === 0) return;
    const changes = events.map(({ type, kv }) => ({
      ...changeOf(kv!),
      ...(type === Event_EventType.DELETE ? { value: null } : {}),
    }));
    this.#totals.events += events.length;
    this.#next = changes.at(-1)!.modRevision + 1;
    try {
      this.announce(this.image.apply(changes));
    } catch (err) {
      this.#deps.logger.error({ err }, 'what etcd told cannot be followed: everything is read anew');
      this.#begin('list');
    }
  }

  /** The stream is over: another one goes on from where it was, at another member. */
  #lost(why: string): void {
    this.#deps.logger.warn({ etcd: this.#member?.address, why }, 'the watch has ended');
    if (/auth/.test(why)) this.#client.forgetToken();
    if (this.#member !== null) this.#client.members.moveOnFrom(this.#member);
    this.#begin('watch');
  }

  #begin(how: 'list' | 'watch'): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.cancel();
    if (this.#closed) return;
    this.#retry?.cancel();
    this.#retry = this.#deps.timers.after(RETRY_MS, () => {
      const work = how === 'list' ? this.start() : this.#watch();
      work.catch((err: unknown) => {
        if (this.#closed) return;
        this.#deps.logger.warn({ err }, 'etcd cannot be read');
        this.#begin(how);
      });
    });
  }

  #probe(): void {
    if (this.#stream === null) return;
    if (this.silentMs > SILENCE_MS) this.#lost(`nothing was heard for ${Math.round(this.silentMs)} ms`);
    else this.#stream.write({ requestUnion: { $case: 'progressRequest', value: {} } });
  }

  #heard(): void {
    this.#heardAtMs = this.#deps.clock.nowMs();
  }
}

function changeOf({ key, value, modRevision, createRevision }: KeyValue): KeyChange {
  return { key, value, modRevision, createRevision };
}
