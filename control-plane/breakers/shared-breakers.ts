/**
 * The request breakers that are held open for every sidecar.
 *
 *   reports of the sidecars ─► votes by template ─► quorum ─► held open for 10 s ──quorum again──► for 10 s more
 *                                                                  └──else, when that time is over──► closed
 *
 * It lives in memory: a control plane that starts anew holds nothing open until a quorum of callers says so, and what was
 * held open ends in the sidecars by itself.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import { BREAKER_REPORT_MAX, RESOURCE_NAME_BYTES_MAX } from '../../protos/contract/limits.ts';
import type { BreakerView } from '../../protos/gen/outrider/agent/v1/agent.ts';
import { judgeQuorum, type Verdict, type Vote } from './quorum.ts';

/** A breaker that is held open. */
export interface OpenBreaker {
  readonly name: string;
  /** Since when, and until when unless it is held open anew; monotonic milliseconds. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** How long sidecars hold it open from when they hear of it. */
  readonly ttlMs: number;
  readonly sequence: number;
  /** Callers that have opened theirs, of those that have a say. */
  readonly open: number;
  readonly callers: number;
}

/** What it needs. */
export interface SharedBreakersDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

const TTL_MS = 10_000;
/** Callers report once a second: one that has been silent for as long has no say. */
const STALE_MS = 5_000;

type TimedVote = Vote & { readonly atMs: number };

/** See the head of this file. */
export class SharedBreakers {
  /** How often one was opened, and held open anew. */
  opened = 0;
  renewed = 0;
  readonly #deps: SharedBreakersDeps;
  readonly #ttlMs: number;
  /** By template and caller. */
  readonly #votes = new Map<string, Map<string, TimedVote>>();
  /** Templates on which a caller votes. */
  readonly #namesOf = new Map<string, readonly string[]>();
  readonly #open = new Map<string, OpenBreaker>();
  #list: readonly OpenBreaker[] = [];
  readonly #listeners: (() => void)[] = [];
  #sequence = 0;
  #timer: Timer | null = null;

  constructor(deps: SharedBreakersDeps, ttlMs = TTL_MS) {
    this.#deps = deps;
    this.#ttlMs = ttlMs;
  }

  /** Those that are held open, by name. The same list as long as nothing changes. */
  get open(): readonly OpenBreaker[] {
    return this.#list;
  }

  /** Calls back whenever the list has changed. */
  watch(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Takes what a caller sees in the place of what it saw before. */
  report(caller: string, views: readonly BreakerView[]): void {
    const atMs = this.#deps.clock.nowMs();
    this.#drop(caller);
    const taken = views.slice(0, BREAKER_REPORT_MAX).filter(({ name }) => isName(name));
    for (const { name, open, requests } of taken) {
      const votes = this.#votes.get(name) ?? new Map<string, TimedVote>();
      votes.set(caller, { caller, open, requests, atMs });
      this.#votes.set(name, votes);
    }
    if (taken.length > 0) this.#namesOf.set(caller, [...new Set(taken.map(({ name }) => name))]);
    for (const { name, open } of taken) if (open && this.#isUndecided(name, atMs)) this.#decide(name, atMs);
  }

  /** The caller has gone. */
  forget(caller: string): void {
    this.#drop(caller);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #drop(caller: string): void {
    for (const name of this.#namesOf.get(caller) ?? []) {
      const votes = this.#votes.get(name);
      votes?.delete(caller);
      if (votes?.size === 0) this.#votes.delete(name);
    }
    this.#namesOf.delete(caller);
  }

  /** What is held open for long yet needs no other quorum. */
  #isUndecided(name: string, nowMs: number): boolean {
    const held = this.#open.get(name);
    return held === undefined || held.untilMs - nowMs < this.#ttlMs / 2;
  }

  #decide(name: string, nowMs: number): void {
    const votes = [...(this.#votes.get(name)?.values() ?? [])].filter(({ atMs }) => nowMs - atMs <= STALE_MS);
    const verdict = judgeQuorum(votes);
    if (verdict.quorum) this.#hold(name, verdict, nowMs);
  }

  #hold(name: string, { open, callers }: Verdict, nowMs: number): void {
    const held = this.#open.get(name);
    const { clock, logger } = this.#deps;
    // Grows over restarts of this control plane as well.
    this.#sequence = Math.max(this.#sequence + 1, Math.floor(clock.wallMs()));
    const ttlMs = this.#ttlMs;
    const sinceMs = held?.sinceMs ?? nowMs;
    this.#open.set(name, { name, sinceMs, untilMs: nowMs + ttlMs, ttlMs, sequence: this.#sequence, open, callers });
    if (held === undefined) {
      this.opened++;
      logger.warn({ breaker: name, open, callers }, 'request breaker held open for everyone');
    } else this.renewed++;
    this.#changed();
  }

  #changed(): void {
    this.#list = [...this.#open.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#timer?.cancel();
    const nextMs = Math.min(...this.#list.map(({ untilMs }) => untilMs));
    if (nextMs < Number.POSITIVE_INFINITY) {
      const { clock, timers } = this.#deps;
      this.#timer = timers.after(Math.max(1, Math.ceil(nextMs - clock.nowMs())), () => this.#expire());
    }
    for (const listener of this.#listeners) listener();
  }

  #expire(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const { name, untilMs } of this.#list) {
      if (untilMs > nowMs) continue;
      this.#open.delete(name);
      this.#deps.logger.info({ breaker: name }, 'request breaker no longer held open');
    }
    this.#changed();
  }
}

function isName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= RESOURCE_NAME_BYTES_MAX;
}
