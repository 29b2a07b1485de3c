/**
 * Leases: who is in the mesh. Pure: a table and an event in, the next table out; time is an argument.
 *
 *                      register
 *                         │
 *                         ▼      15 s of silence             30 s of silence, unless self-preservation holds
 *   heartbeat ───────►  live  ───────────────────► suspect ─────────────────────────────────────────────► (gone)
 *                         ▲                          │
 *                         └──── heartbeat ───────────┘
 *          live, suspect ── drain ──► draining ── forget, deregister, or silence ──► (gone; the tombstone stays)
 *
 * A tombstone marks a deliberate removal. It outlives the instance, so that a sidecar that is on its way out cannot
 * register again by reconnecting; only `expect`, said by whoever starts a new one under the same id, lifts it.
 * A broken stream changes nothing by itself: silence does.
 */
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Health, Instance, InstanceIdentity } from './instance.ts';
import { evictable, isMassLoss } from './self-preservation.ts';

/** How long silence is borne. */
export interface LeaseTimes {
  readonly suspectAfterMs: number;
  readonly goneAfterMs: number;
  /** Tombstones of ids that nobody starts again are forgotten after this. */
  readonly tombstoneMs: number;
}

/** DEFAULT: suspect at 15 s as in Nacos, gone at 30 s as in Nomad. */
export const DEFAULT_LEASE_TIMES: LeaseTimes = { suspectAfterMs: 15_000, goneAfterMs: 30_000, tombstoneMs: 3_600_000 };

/** All leases at one moment. */
export interface LeaseTable {
  readonly instances: ReadonlyMap<string, Instance>;
  /** Ids that were removed on purpose, and when. */
  readonly tombstones: ReadonlyMap<string, number>;
  /** Until then nobody is evicted: after a restart everyone gets a full lease to come back. */
  readonly graceUntilMs: number;
  /** True while so many are silent that their silence is not believed. */
  readonly preserving: boolean;
}

/** An empty table. */
export function emptyTable(nowMs: number, times: LeaseTimes): LeaseTable {
  return { instances: new Map(), tombstones: new Map(), graceUntilMs: nowMs + times.goneAfterMs, preserving: false };
}

/** The table after a restart: everyone who was there is there, unheard of since now. */
export function restoredTable(
  saved: Pick<LeaseTable, 'instances' | 'tombstones'>,
  nowMs: number,
  times: LeaseTimes,
): LeaseTable {
  const instances = new Map<string, Instance>();
  for (const [id, instance] of saved.instances) {
    // Who is down is found out anew by the driver.
    const unheard = { connected: false, applicationDown: false, heardAtMs: nowMs, registeredAtMs: nowMs };
    instances.set(id, { ...instance, ...unheard });
  }
  const tombstones = new Map([...saved.tombstones.keys()].map((id) => [id, nowMs] as const));
  return { instances, tombstones, graceUntilMs: nowMs + times.goneAfterMs, preserving: false };
}

/** A sidecar registers. */
export interface Registration {
  readonly identity: InstanceIdentity;
  /** The lease that it held before, or empty. */
  readonly leaseId: string;
  /** The lease that it gets if it cannot continue. */
  readonly newLeaseId: string;
}

/**
 * Takes in a new instance, or continues its lease. Refused when its id was removed on purpose. An instance that
 * continues keeps its health; a new process starts as unknown.
 */
export function register(table: LeaseTable, registration: Registration, nowMs: number): Result<LeaseTable, string> {
  const { identity, leaseId, newLeaseId } = registration;
  const before = table.instances.get(identity.id);
  if (before === undefined && table.tombstones.has(identity.id)) {
    return err(`"${identity.id}" was removed on purpose: it may register again when it is started anew`);
  }
  const continues = before !== undefined && (before.leaseId === leaseId || before.identity.pid === identity.pid);
  // A new process under the id of one that is draining is the old one's restart, not a return.
  const state = before?.state === 'draining' ? 'draining' : 'live';
  const instance: Instance = {
    identity,
    leaseId: continues ? before.leaseId : newLeaseId,
    state,
    health: continues ? before.health : 'unknown',
    healthReason: continues ? before.healthReason : '',
    applicationDown: continues && before.applicationDown,
    connected: true,
    heardAtMs: nowMs,
    registeredAtMs: continues ? before.registeredAtMs : nowMs,
    drainReason: before?.drainReason ?? '',
  };
  return ok({ ...table, instances: new Map(table.instances).set(identity.id, instance) });
}

/** A sign of life. Ignored when the lease is another's by now. */
export function heartbeat(
  table: LeaseTable,
  id: string,
  leaseId: string,
  health: Health,
  reason: string,
  nowMs: number,
): LeaseTable {
  const before = table.instances.get(id);
  if (before === undefined || before.leaseId !== leaseId) return table;
  const state = before.state === 'suspect' ? 'live' : before.state;
  return replace(table, { ...before, state, health, healthReason: reason, heardAtMs: nowMs });
}

/** The stream broke or ended. The lease goes on until its time is up. */
export function disconnected(table: LeaseTable, id: string, leaseId: string): LeaseTable {
  const before = table.instances.get(id);
  if (before === undefined || before.leaseId !== leaseId) return table;
  return replace(table, { ...before, connected: false });
}

/** Takes the instance out on purpose: it stays known, unpublished, until it is gone. */
export function drain(table: LeaseTable, id: string, reason: string, nowMs: number): LeaseTable {
  const tombstones = new Map(table.tombstones).set(id, nowMs);
  const before = table.instances.get(id);
  const next = before === undefined ? table : replace(table, { ...before, state: 'draining', drainReason: reason });
  return { ...next, tombstones };
}

/** The instance said goodbye, or its driver saw it go: a deliberate removal. */
export function remove(table: LeaseTable, id: string, nowMs: number): LeaseTable {
  return { ...without(table, [id]), tombstones: new Map(table.tombstones).set(id, nowMs) };
}

/** The process behind the instance died: it is gone at once, and may come back. */
export function died(table: LeaseTable, id: string): LeaseTable {
  return table.instances.has(id) ? without(table, [id]) : table;
}

/** The application behind the instance exited, or is up again. */
export function applicationDown(table: LeaseTable, id: string, down: boolean): LeaseTable {
  const before = table.instances.get(id);
  if (before === undefined || before.applicationDown === down) return table;
  return replace(table, { ...before, applicationDown: down });
}

/** A new instance is about to be started under this id: its tombstone no longer counts. */
export function expect(table: LeaseTable, id: string): LeaseTable {
  const next = without(table, [id]);
  const tombstones = new Map(next.tombstones);
  tombstones.delete(id);
  return { ...next, tombstones };
}

/** What a sweep did. */
export interface Swept {
  readonly table: LeaseTable;
  /** Ids that were evicted for their silence. */
  readonly evicted: readonly string[];
}

/**
 * Marks who has been silent for long, and evicts who has been for longer, as self-preservation allows. While the grace
 * after a restart lasts, only what drains may go.
 */
export function sweep(table: LeaseTable, nowMs: number, times: LeaseTimes): Swept {
  const silentFor = (instance: Instance) => nowMs - instance.heardAtMs;
  // Who drains was taken out on purpose: its silence says nothing about the network.
  const [draining, held] = partition(table.instances.values(), (each) => each.state === 'draining');
  const drained = draining.filter((each) => silentFor(each) >= times.goneAfterMs).map((each) => each.identity.id);
  const next = withoutOldTombstones(without(table, drained), nowMs, times);
  if (nowMs < table.graceUntilMs) return { table: next, evicted: [] };

  const quiet = held.filter((each) => silentFor(each) >= times.suspectAfterMs);
  const lost = quiet.filter((each) => silentFor(each) >= times.goneAfterMs).sort((a, b) => a.heardAtMs - b.heardAtMs);
  const preserving = isMassLoss(held.length, quiet.length);
  const evictions = preserving ? 0 : evictable(held.length, lost.length);
  const evicted = lost.slice(0, evictions).map((each) => each.identity.id);
  let swept = without({ ...next, preserving }, evicted);
  for (const each of quiet.filter((instance) => instance.state === 'live')) {
    if (swept.instances.has(each.identity.id)) swept = replace(swept, { ...each, state: 'suspect' });
  }
  return { table: swept, evicted };
}

function partition<T>(items: Iterable<T>, test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}

function replace(table: LeaseTable, instance: Instance): LeaseTable {
  return { ...table, instances: new Map(table.instances).set(instance.identity.id, instance) };
}

function without(table: LeaseTable, ids: readonly string[]): LeaseTable {
  if (!ids.some((id) => table.instances.has(id))) return table;
  const instances = new Map(table.instances);
  for (const id of ids) instances.delete(id);
  return { ...table, instances };
}

function withoutOldTombstones(table: LeaseTable, nowMs: number, times: LeaseTimes): LeaseTable {
  const isOld = ([id, atMs]: [string, number]) => nowMs - atMs >= times.tombstoneMs && !table.instances.has(id);
  if (![...table.tombstones].some(isOld)) return table;
  return { ...table, tombstones: new Map([...table.tombstones].filter((entry) => !isOld(entry))) };
}
