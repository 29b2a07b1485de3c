/**
 * The registry: which instances are there now. Keeps the lease table, says when what others see of it has changed, and
 * writes it down, so that a restarted control plane does not start by telling everyone that nobody is there.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Result } from '../../kernel/result.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import { type Health, type Instance, isPublished } from './instance.ts';
import type { LeaseTable, LeaseTimes, Registration } from './leases.ts';
import * as leases from './leases.ts';
import { heartbeatStretch } from './self-preservation.ts';

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
/** Who comes is written down within this, together with all who come meanwhile; who goes is written down at once. */
const SAVE_MS = 100;
/** A sweep that comes so late was held up with everything else: then it is we who were silent. */
const STALLED_MS = 5000;

/** See the head of this file. */
export class Registry {
  readonly #deps: RegistryDeps;
  readonly #times: LeaseTimes;
  readonly #listeners = new Set<RegistryListener>();
  readonly #sweeper: Timer;
  #table: LeaseTable;
  #sweptAtMs: number;
  #stretch = 1;
  #saveTimer: Timer | undefined;
  #closed = false;

  constructor(deps: RegistryDeps, times: LeaseTimes = leases.DEFAULT_LEASE_TIMES) {
    this.#deps = deps;
    this.#times = times;
    const nowMs = deps.clock.nowMs();
    this.#table = load(deps.store, nowMs, times);
    this.#sweptAtMs = nowMs;
    this.#sweeper = deps.timers.every(SWEEP_MS, () => this.#sweep());
  }

  /** What an instance is told when it registers: three heartbeats are missed before it counts as suspect. */
  terms(): LeaseTerms {
    const { suspectAfterMs, goneAfterMs } = this.#stretchedTimes();
    return { heartbeatIntervalMs: Math.round(suspectAfterMs / HEARTBEATS_PER_SUSPECT), suspectAfterMs, goneAfterMs };
  }

  view(): RegistryView {
    const instances = [...this.#table.instances.values()].sort((a, b) => (a.identity.id < b.identity.id ? -1 : 1));
    return { instances, preserving: this.#table.preserving };
  }

  get(id: string): Instance | undefined {
    return this.#table.instances.get(id);
  }

  /** Calls `listener` after every visible change until the returned function is called. */
  watch(listener: RegistryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in or continues a lease; the error says why not. */
  register(registration: Registration): Result<Instance, string> {
    const result = leases.register(this.#table, registration, this.#nowMs());
    if (!result.ok) return result;
    this.#become(result.value);
    return { ok: true, value: this.#table.instances.get(registration.identity.id)! };
  }

  /** A sign of life with the application's health. False when the lease is not known: register again. */
  heartbeat(id: string, leaseId: string, health: Health, reason: string): boolean {
    this.#become(leases.heartbeat(this.#table, id, leaseId, health, reason, this.#nowMs()));
    return this.#table.instances.get(id)?.leaseId === leaseId;
  }

  /** The stream of this lease ended. */
  disconnected(id: string, leaseId: string): void {
    this.#become(leases.disconnected(this.#table, id, leaseId));
  }

  /** Takes an instance out of traffic on purpose. It also holds for an instance that has yet to register. */
  drain(id: string, reason: string): void {
    this.#become(leases.drain(this.#table, id, reason, this.#nowMs()));
  }

  /** The instance has gone on purpose. */
  remove(id: string): void {
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

  /** What comes from now on is ignored: streams that end because everything does say nothing about their instances. */
  close(): void {
    this.#closed = true;
    if (this.#saveTimer !== undefined) this.#save();
    this.#sweeper.cancel();
    this.#listeners.clear();
  }

  #sweep(): void {
    const nowMs = this.#nowMs();
    const stalled = nowMs - this.#sweptAtMs >= STALLED_MS;
    this.#sweptAtMs = nowMs;
    if (stalled) this.#table = { ...this.#table, graceUntilMs: nowMs + this.#times.goneAfterMs };
    const { table, evicted } = leases.sweep(this.#table, nowMs, this.#stretchedTimes());
    for (const id of evicted) this.#deps.logger.warn({ instance: id }, 'evicted: no heartbeat within its lease');
    if (table.preserving && !this.#table.preserving) {
      this.#deps.logger.warn({}, 'too many instances are silent at once: nobody is evicted until most are heard again');
    }
    this.#become(table);
  }

  /** Never shrinks: an instance that was told of a longer interval keeps to it. */
  #stretchedTimes(): LeaseTimes {
    const { suspectAfterMs, goneAfterMs, tombstoneMs } = this.#times;
    const needed = heartbeatStretch(this.#table.instances.size, suspectAfterMs / HEARTBEATS_PER_SUSPECT);
    this.#stretch = Math.max(this.#stretch, needed);
    const stretched = (ms: number) => Math.round(ms * this.#stretch);
    return { suspectAfterMs: stretched(suspectAfterMs), goneAfterMs: stretched(goneAfterMs), tombstoneMs };
  }

  #become(table: LeaseTable): void {
    const before = this.#table;
    if (table === before || this.#closed) return;
    this.#table = table;
    const difference = compare(before, table);
    if (difference === 'none') return;
    if (difference === 'removal' || table.tombstones !== before.tombstones) this.#save();
    else this.#saveTimer ??= this.#deps.timers.after(SAVE_MS, () => this.#save());
    for (const listener of this.#listeners) listener({ urgent: difference === 'removal' });
  }

  #save(): void {
    this.#saveTimer?.cancel();
    this.#saveTimer = undefined;
    const { instances, tombstones } = this.#table;
    this.#deps.store.saveRegistry(JSON.stringify({ instances: [...instances], tombstones: [...tombstones] }));
  }

  #nowMs(): number {
    return this.#deps.clock.nowMs();
  }
}

function load(store: RegistryStore, nowMs: number, times: LeaseTimes): LeaseTable {
  const json = store.loadRegistry();
  if (json === undefined) return leases.emptyTable(nowMs, times);
  const saved = JSON.parse(json) as { instances: [string, Instance][]; tombstones: [string, number][] };
  return leases.restoredTable(
    { instances: new Map(saved.instances), tombstones: new Map(saved.tombstones) },
    nowMs,
    times,
  );
}

/** What others can see of the difference: heartbeats alone are none of it. */
function compare(before: LeaseTable, after: LeaseTable): 'none' | 'change' | 'removal' {
  let difference: 'none' | 'change' = 'none';
  if (before.preserving !== after.preserving || before.tombstones.size !== after.tombstones.size) difference = 'change';
  for (const [id, old] of before.instances) {
    const now = after.instances.get(id);
    if (now === old) continue;
    if (now === undefined) return 'removal';
    if (isPublished(old) && !isPublished(now)) return 'removal';
    if (visible(old) !== visible(now)) difference = 'change';
  }
  return difference === 'none' && after.instances.size > before.instances.size ? 'change' : difference;
}

/** Everything but the times. */
function visible({ heardAtMs: _heardAtMs, registeredAtMs: _registeredAtMs, ...rest }: Instance): string {
  return JSON.stringify(rest);
}
