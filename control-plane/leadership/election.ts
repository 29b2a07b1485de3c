/**
 * The election of a leader among the control planes of one mesh: a key in etcd under a lease that its holder renews.
 *
 *   following ──key is free, and ours──► leading ──lease not renewed in time──► adrift ──key is ours again──► leading
 *       ▲                                   └──another one leads──┐                │
 *       └─────────────────────────────────────────────────────────┴────────────────┘
 *
 * A lease counts from when its renewal was sent, so that here it ends before it does in etcd. That is courtesy: what keeps
 * a leader from writing that has been replaced without noticing is the fence in every transaction.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import type { EtcdStore } from '../store/etcd/etcd-store.ts';
import { createdAt, get, keyRead, put } from '../store/etcd/requests.ts';
import { type Candidate, candidateIn, candidateJson } from './candidate.ts';
import type { Leadership, LeadershipEvents, Role } from './leadership.ts';
import { elsewhere } from './peers.ts';

/** What an election needs. */
export interface ElectionDeps {
  readonly store: EtcdStore;
  readonly self: Candidate;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: LeadershipEvents;
  /** Asks a control plane directly whether it leads; for when the store does not answer. */
  readonly isLeading: (candidate: Candidate) => Promise<boolean>;
}

/**
 * DEFAULT. A killed leader is replaced when it has ended: within 4 s, as etcd looks twice a second. Not less than 1.5 election
 * timeouts of etcd (1 s by default), which would raise it.
 */
export const LEASE_SECONDS = 3;

const RENEW_MS = 700;
/** A read waits for so long until it is known to be the latest. */
const CONFIRM_MS = 2000;
const REVOKE_MS = 1000;

/** See the head of this file. */
export class Election implements Leadership {
  readonly #deps: ElectionDeps;
  readonly #timers: Timer[];
  readonly #stopWatching: () => void;
  readonly shared = true;
  #role: Role = 'following';
  #lease = '';
  #leaseUntilMs = 0;
  /** etcd's revision of the leader's key while it is ours. */
  #term: number | null = null;
  #elections = 0;
  #round: Promise<void> | null = null;
  /** Duties are taken up and laid down one after another. */
  #duties: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: ElectionDeps) {
    this.#deps = deps;
    this.#timers = [
      deps.timers.every(RENEW_MS, () => void this.#turn()),
      deps.timers.every(RENEW_MS / 4, () => this.#watchLease()),
    ];
    this.#stopWatching = deps.store.mirror.watch(({ leader }) => {
      if (leader) this.#leaderChanged();
    });
  }

  get role(): Role {
    return this.#role;
  }

  get leader(): Candidate | null {
    const { leader } = this.#deps.store.mirror.image;
    return leader === null ? null : candidateIn(leader.value);
  }

  get members(): readonly Candidate[] {
    const all = [...this.#deps.store.mirror.image.members.values()].map(candidateIn);
    return all.filter((each) => each !== null).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get elections(): number {
    return this.#elections;
  }

  async confirm(): Promise<number> {
    const { freshness } = this.#deps.store;
    return (await freshness.confirm(CONFIRM_MS)) ? 0 : freshness.ageMs;
  }

  /** Takes part. Resolves after the first round: then this one leads, or knows who does. */
  async start(): Promise<void> {
    await this.#turn();
    await this.#duties;
  }

  /** Gives up the lease, so that the next leader need not wait for its end. What a leader does has to have ended before. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#stopWatching();
    await this.#round;
    await this.#duties.catch(() => undefined);
    await this.#deps.store.committer.lead(null);
    if (this.#lease !== '') await this.#deps.store.client.revoke(this.#lease, REVOKE_MS).catch(() => undefined);
  }

  /** One round: the lease is kept, the key is taken when it is free. Never rejects. */
  #turn(): Promise<void> {
    this.#round ??= this.#keep().finally(() => {
      this.#round = null;
    });
    return this.#round;
  }

  async #keep(): Promise<void> {
    const { clock, logger } = this.#deps;
    try {
      if (this.#lease === '' || clock.nowMs() >= this.#leaseUntilMs) await this.#newLease();
      else await this.#renew();
      if (this.#closed) return;
      // A key of our own that we do not know the term of: the answer was lost, or what had to follow failed.
      const { leader } = this;
      if (this.#term === null && (leader === null || leader.id === this.#deps.self.id)) await this.#campaign();
    } catch (err) {
      if (!this.#closed) logger.debug({ err }, 'the lease of this control plane is not renewed');
    }
    this.#watchLease();
    if (this.#role === 'adrift' && !this.#closed) await this.#askPeers();
  }

  async #newLease(): Promise<void> {
    const { clock, random, store, self } = this.#deps;
    // A number of our own makes the grant safe to repeat. etcd's are positive and of 64 bits.
    const lease = String(Math.floor(random.next() * 2 ** 52) + 1);
    const sentAtMs = clock.nowMs();
    const seconds = await store.client.grant(lease, LEASE_SECONDS);
    const member = store.keys.of({ kind: 'member', id: self.id });
    await store.client.txn({ compare: [], success: [put(member, candidateJson(self), lease)], failure: [] });
    this.#lease = lease;
    this.#leaseUntilMs = sentAtMs + seconds * 1000;
  }

  async #renew(): Promise<void> {
    const { clock, store } = this.#deps;
    const sentAtMs = clock.nowMs();
    const seconds = await store.client.keepAlive(this.#lease, this.#leaseUntilMs - sentAtMs);
    this.#leaseUntilMs = seconds === 0 ? 0 : sentAtMs + seconds * 1000;
    if (seconds === 0) await this.#newLease();
  }

  async #campaign(): Promise<void> {
    const { store, self } = this.#deps;
    const key = store.keys.of({ kind: 'leader' });
    const { response } = await store.client.txn({
      compare: [createdAt(key, 0)],
      success: [put(key, candidateJson(self), this.#lease)],
      failure: [get(key)],
    });
    const found = keyRead(response.responses, 0);
    const term = response.succeeded
      ? response.header!.revision
      : found?.lease === this.#lease
        ? found.createRevision
        : null;
    if (term === null || this.#closed) return;
    // All that the leaders before have acknowledged.
    if (!(await store.freshness.confirm(CONFIRM_MS))) throw new Error('the state is not known to be the latest');
    this.#term = term;
    this.#elections++;
    await store.committer.lead(term);
    this.#become('leading');
  }

  /** The lease is over when nobody has renewed it in time, whatever etcd thinks of it. */
  #watchLease(): void {
    if (this.#role !== 'leading' || this.#deps.clock.nowMs() < this.#leaseUntilMs) return;
    this.#resign('its lease was not renewed in time');
    this.#become('adrift');
  }

  #leaderChanged(): void {
    const { leader } = this.#deps.store.mirror.image;
    if (leader === null) {
      if (this.#term !== null) this.#resign('its lease has ended');
      if (this.#role === 'leading') this.#become('adrift');
      void this.#turn();
      return;
    }
    if (leader.createRevision === this.#term) return;
    // Our own key may be told of before the answer to the transaction that wrote it.
    if (candidateIn(leader.value)?.id === this.#deps.self.id) return;
    if (this.#term !== null) this.#resign('another one leads');
    this.#become('following');
  }

  #resign(why: string): void {
    this.#deps.logger.warn({ why }, 'this control plane leads no longer');
    this.#term = null;
    void this.#deps.store.committer.lead(null);
  }

  async #askPeers(): Promise<void> {
    const other = await elsewhere(this.members, this.#deps.self, this.#deps.isLeading);
    if (other !== null && this.#role === 'adrift') {
      this.#deps.logger.warn({ leader: other.http }, 'the store does not answer, but another control plane leads');
      this.#become('following');
    }
  }

  #become(role: Role): void {
    if (role === this.#role || this.#closed) return;
    this.#role = role;
    const { events, logger, self } = this.#deps;
    logger.info({ role, id: self.id, term: this.#term }, 'leadership');
    if (role === 'adrift') events.onAdrift();
    const work = role === 'leading' ? () => events.onLead() : role === 'following' ? () => events.onFollow() : null;
    if (work === null) return;
    this.#duties = this.#duties.then(work).catch((err: unknown) => {
      logger.error({ err, role }, 'the duties of a leader could not be taken up or laid down');
      if (role === 'leading') void this.#abdicate();
    });
  }

  /** Somebody else may do better. */
  async #abdicate(): Promise<void> {
    const lease = this.#lease;
    this.#resign('it cannot do what a leader does');
    this.#lease = '';
    this.#become('following');
    await this.#deps.store.client.revoke(lease, REVOKE_MS).catch(() => undefined);
  }
}
