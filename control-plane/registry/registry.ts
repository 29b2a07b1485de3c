/**
 * The registry: which instances are there now. Keeps the lease table, says when what others see of it has changed, and
 * writes it down, so that a restarted control plane does not start by telling everyone that nobody is there.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Result } from '../../kernel/result.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import { type Health, type Instance, isPublished } from './instance.ts';
import type { LeaseTable, LeaseTimes, RegisterRefusal, Registration } from './leases.ts';
import * as leases from './leases.ts';
import { heartbeatStretch, nextPace, type Pace } from './pace.ts';
import { loadTable, savedTable } from './saved-table.ts';

/** Where the registry survives a restart. */
export interface RegistryStore {
  /** What was saved last; undefined when nothing was. */
  loadRegistry(): string | undefined;
  saveRegistry(json: string): void;
}

/** What the registry needs. */
export interface RegistryDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly store: RegistryStore;
  readonly logger: Logger;
}

/** What others see of the registry at one moment. */
export interface RegistryView {
  /** Sorted by id. */
  readonly instances: readonly Instance[];
  /** See `LeaseTable.preserving`. */
  readonly preserving: boolean;
}

/** Told after every change that others can see; `urgent` when something was removed or fell ill. */
export type RegistryListener = (change: { readonly urgent: boolean }) => void;

/** How often an instance is to be heard, and what silence means. */
export interface LeaseTerms {
  readonly heartbeatIntervalMs: number;
  readonly suspectAfterMs: number;
  readonly goneAfterMs: number;
}

const HEARTBEATS_PER_SUSPECT = 3;
const SWEEP_MS = 1000;
/** A sweep that comes so late was held up with everything else: then it is we who were silent. */
const STALLED_MS = 5000;
/** A table of up to so many is written down at every change; a larger one waits a millisecond for every ten entries. */
const SAVED_AT_ONCE_MAX = 100;
const ENTRIES_PER_MS = 10;

/** Counts since the start. */
export class RegistryTotals {
  registrations = 0;
  /** Registrations that were refused. */
  refusals = 0;
  renewals = 0;
  /** Deliberate removals. */
  removals = 0;
  evictions = 0;
  /** Instances whose time was up, and which stayed: self-preservation, or the bound of one sweep. */
  withheld = 0;
}

/** See the head of this file. */
export class Registry {
  readonly totals = new RegistryTotals();
  readonly #deps: RegistryDeps;
  readonly #times: LeaseTimes;
  readonly #listeners = new Set<RegistryListener>();
  readonly #sweeper: Timer;
  #table: LeaseTable;
  #view: { readonly table: LeaseTable; readonly view: RegistryView } | undefined;
  /** Signs of life since the last sweep that told nothing new: a table is not made anew for each of them. */
  #heard = new Map<string, number>();
  #withheld: ReadonlySet<string> = new Set();
  #sweptAtMs: number;
  #pace: Pace;
  #closed = false;
  /** What is not written down yet waits for this. */
  #saving: { readonly timer: Timer; readonly done: PromiseWithResolvers<void> } | undefined;
  #savedAtMs = -Infinity;

  constructor(deps: RegistryDeps, times: LeaseTimes = leases.DEFAULT_LEASE_TIMES) {
    this.#deps = deps;
    this.#times = times;
    const nowMs = deps.clock.nowMs();
    this.#table = loadTable(deps.store.loadRegistry(), nowMs, times);
    const stretch = this.#neededStretch();
    this.#pace = { told: stretch, judged: stretch, neededAtMs: nowMs };
    this.#renewGrace(nowMs);
    this.#sweptAtMs = nowMs;
    this.#sweeper = deps.timers.every(SWEEP_MS, () => this.#sweep());
  }

  /** Begins anew with what was saved last, as after a restart: somebody else has kept the table until now. */
  restore(): void {
    this.#beginWith(loadTable(this.#deps.store.loadRegistry(), this.#nowMs(), this.#times));
  }

  /** Knows nobody, and writes that down nowhere: somebody else keeps the table from now on. */
  forget(): void {
    this.#beginWith(leases.emptyTable(this.#nowMs(), this.#times));
  }

  /** What an instance is told when it registers and with every acknowledgement: it may miss three heartbeats. */
  terms(): LeaseTerms {
    const stretched = (ms: number) => Math.round(ms * this.#pace.told);
    const suspectAfterMs = stretched(this.#times.suspectAfterMs);
    const heartbeatIntervalMs = Math.round(suspectAfterMs / HEARTBEATS_PER_SUSPECT);
    return { heartbeatIntervalMs, suspectAfterMs, goneAfterMs: stretched(this.#times.goneAfterMs) };
  }

  /** By how much the times of leases are stretched now, at least 1. */
  get stretch(): number {
    return this.#pace.told;
  }

  /** How many instances are kept although their time is up. */
  get withheld(): number {
    return this.#withheld.size;
  }

  /** When an instance was heard last is up to a second old: a view is not made anew for that. */
  view(): RegistryView {
    if (this.#view?.table !== this.#table) this.#view = { table: this.#table, view: viewOf(this.#table) };
    return this.#view.view;
  }

  get(id: string): Instance | undefined {
    return this.#table.instances.get(id);
  }

  /** Whether what is known under this id was removed on purpose. */
  isRemoved(id: string): boolean {
    return this.#table.tombstones.has(id);
  }

  /** Calls `listener` after every visible change until the returned function is called. */
  watch(listener: RegistryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in or continues a lease; the error says why not. */
  register(registration: Registration): Result<Instance, RegisterRefusal> {
    const result = leases.register(this.#table, registration, this.#nowMs());
    if (!result.ok) {
      this.totals.refusals++;
      return result;
    }
    this.totals.registrations++;
    this.#become(result.value);
    return { ok: true, value: this.#table.instances.get(registration.identity.id)! };
  }

  /** A sign of life with the application's health. False when the lease is not known: register again. */
  heartbeat(id: string, leaseId: string, health: Health, reason: string): boolean {
    const before = this.#table.instances.get(id);
    if (before === undefined || before.leaseId !== leaseId) return false;
    this.totals.renewals++;
    const isNews = before.state === 'suspect' || before.health !== health || before.healthReason !== reason;
    if (isNews) this.#become(leases.heartbeat(this.#table, id, leaseId, health, reason, this.#nowMs()));
    else this.#heard.set(id, this.#nowMs());
    return true;
  }

  /** The stream of this lease ended. */
  disconnected(id: string, leaseId: string): void {
    this.#become(leases.disconnected(this.#table, id, leaseId, this.#nowMs()));
  }

  /** Takes an instance out of traffic on purpose. It also holds for an instance that has yet to register. */
  drain(id: string, reason: string): void {
    this.#become(leases.drain(this.#table, id, reason, this.#nowMs()));
  }

  /** The instance has gone on purpose. */
  remove(id: string): void {
    this.totals.removals++;
    this.#become(leases.remove(this.#table, id, this.#nowMs()));
  }

  /** One of the processes behind the instance was seen to be dead: without waiting for a heartbeat to say so. */
  lost(id: string, role: 'application' | 'sidecar'): void {
    this.#become(role === 'sidecar' ? leases.died(this.#table, id) : leases.applicationDown(this.#table, id, true));
  }

  /** The application behind the instance is up again: what its sidecar says of it counts again. */
  applicationUp(id: string): void {
    this.#become(leases.applicationDown(this.#table, id, false));
  }

  /** A new instance is being started under this id. */
  expect(id: string): void {
    this.#become(leases.expect(this.#table, id));
  }

  /** Resolves when all that others can see now is written down. */
  saved(): Promise<void> {
    return this.#saving?.done.promise ?? Promise.resolve();
  }

  /**
   * Writes down what is not yet. What comes from now on is ignored: streams that end because everything does say nothing
   * about their instances.
   */
  close(): void {
    if (this.#saving !== undefined) this.#save();
    this.#closed = true;
    this.#sweeper.cancel();
    this.#listeners.clear();
  }

  #sweep(): void {
    const nowMs = this.#nowMs();
    const stalled = nowMs - this.#sweptAtMs >= STALLED_MS;
    this.#sweptAtMs = nowMs;
    this.#takeHeard();
    if (stalled) this.#renewGrace(nowMs);
    this.#pace = nextPace(this.#pace, this.#neededStretch(), nowMs, this.#times.suspectAfterMs);
    const { table, evicted, withheld } = leases.sweep(this.#table, nowMs, this.#times, this.#pace.judged);
    for (const id of evicted) this.#deps.logger.warn({ instance: id }, 'evicted: no heartbeat within its lease');
    if (table.preserving && !this.#table.preserving) {
      this.#deps.logger.warn({}, 'too many instances are silent at once: nobody is evicted until most are heard again');
    }
    this.totals.evictions += evicted.length;
    for (const id of withheld) if (!this.#withheld.has(id)) this.totals.withheld++;
    this.#withheld = new Set(withheld);
    this.#become(table);
  }

  #neededStretch(): number {
    return heartbeatStretch(this.#table.instances.size, this.#times.suspectAfterMs / HEARTBEATS_PER_SUSPECT);
  }

  #renewGrace(nowMs: number): void {
    this.#table = { ...this.#table, graceUntilMs: nowMs + this.#times.goneAfterMs * this.#pace.judged };
  }

  #takeHeard(): void {
    if (this.#heard.size === 0) return;
    this.#table = leases.heard(this.#table, this.#heard);
    this.#heard = new Map();
  }

  #become(table: LeaseTable): void {
    const before = this.#table;
    if (table === before || this.#closed) return;
    this.#table = table;
    const difference = compare(before, table);
    if (difference === 'none') return;
    this.#saveSoon();
    for (const listener of this.#listeners) listener({ urgent: difference === 'removal' });
  }

  #beginWith(table: LeaseTable): void {
    const nowMs = this.#nowMs();
    this.#saving?.timer.cancel();
    this.#saving?.done.resolve();
    this.#saving = undefined;
    this.#heard = new Map();
    this.#withheld = new Set();
    this.#table = table;
    const stretch = this.#neededStretch();
    this.#pace = { told: stretch, judged: stretch, neededAtMs: nowMs };
    this.#renewGrace(nowMs);
    this.#sweptAtMs = nowMs;
    for (const listener of this.#listeners) listener({ urgent: false });
  }

  #saveSoon(): void {
    if (this.#saving !== undefined) return;
    const entries = this.#table.instances.size + this.#table.tombstones.size;
    const waitMs = entries <= SAVED_AT_ONCE_MAX ? 0 : this.#savedAtMs + entries / ENTRIES_PER_MS - this.#nowMs();
    if (waitMs <= 0) this.#save();
    else this.#saving = { timer: this.#deps.timers.after(waitMs, () => this.#save()), done: Promise.withResolvers() };
  }

  #save(): void {
    this.#saving?.timer.cancel();
    this.#deps.store.saveRegistry(savedTable(this.#table));
    this.#savedAtMs = this.#nowMs();
    this.#saving?.done.resolve();
    this.#saving = undefined;
  }

  #nowMs(): number {
    return this.#deps.clock.nowMs();
  }
}

function viewOf({ instances, preserving }: LeaseTable): RegistryView {
  return {
    instances: [...instances.values()].sort((a, b) => (a.identity.id < b.identity.id ? -1 : 1)),
    preserving,
  };
}

/** What others can see of the difference: heartbeats alone are none of it. */
function compare(before: LeaseTable, after: LeaseTable): 'none' | 'change' | 'removal' {
  const other = before.preserving !== after.preserving || before.tombstones !== after.tombstones;
  let difference: 'none' | 'change' = other ? 'change' : 'none';
  for (const { before: old, after: now } of before.instances.differences(after.instances)) {
    if (old === undefined) difference = 'change';
    else if (now === undefined || (isPublished(old) && !isPublished(now))) return 'removal';
    else if (visible(old) !== visible(now)) difference = 'change';
  }
  return difference;
}

/** Everything but the times. */
function visible({ heardAtMs: _heardAtMs, registeredAtMs: _registeredAtMs, ...rest }: Instance): string {
  return JSON.stringify(rest);
}
