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
 * A tombstone marks a deliberate removal. It outlives the instance, so that a process that is on its way out cannot
 * register again by reconnecting; a newer process under the same id lifts it, and `expect`, said by whoever is about to
 * start one. Who is taken out before anybody has seen it stays out until `expect`.
 * A broken stream changes nothing by itself: silence does, and begins with it. While a stream is open, the transport's own
 * keep-alive says that its process lives, so that a large fleet may beat slowly.
 */
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Health, Instance, InstanceIdentity, Renewal } from './instance.ts';
import { evictable, isMassLoss } from './self-preservation.ts';
import { ShardedMap } from './sharded-map.ts';

/** How long silence is borne. */
export interface LeaseTimes {
  readonly suspectAfterMs: number;
  readonly goneAfterMs: number;
  /** Tombstones of ids that nobody starts again are forgotten after this. */
  readonly tombstoneMs: number;
}

/** DEFAULT: suspect at 15 s as in Nacos, gone at 30 s as in Nomad. */
export const DEFAULT_LEASE_TIMES: LeaseTimes = { suspectAfterMs: 15_000, goneAfterMs: 30_000, tombstoneMs: 3_600_000 };

/** The most instances, and the most tombstones: what strangers say over REST must not fill the memory. */
export const INSTANCES_MAX = 100_000;

/** A deliberate removal. */
export interface Tombstone {
  readonly atMs: number;
  /** Which process was removed; null: whoever comes under that id. */
  readonly incarnation: string | null;
}

/** All leases at one moment. */
export interface LeaseTable {
  readonly instances: ShardedMap<Instance>;
  /** Ids that were removed on purpose. */
  readonly tombstones: ShardedMap<Tombstone>;
  /** Until then nobody is evicted: after a restart everyone gets a full lease to come back. */
  readonly graceUntilMs: number;
  /** True while so many are silent that their silence is not believed. */
  readonly preserving: boolean;
}

/** An empty table. */
export function emptyTable(nowMs: number, times: LeaseTimes): LeaseTable {
  return restoredTable({ instances: ShardedMap.of(), tombstones: ShardedMap.of() }, nowMs, times);
}

/** The table after a restart: everyone who was there is there, unheard of since now. */
export function restoredTable(
  saved: Pick<LeaseTable, 'instances' | 'tombstones'>,
  nowMs: number,
  times: LeaseTimes,
): LeaseTable {
  // Who is down is found out anew by the driver.
  const unheard = { connected: false, applicationDown: false, heardAtMs: nowMs, registeredAtMs: nowMs };
  const instances = [...saved.instances].map(([id, each]) => [id, { ...each, ...unheard }] as const);
  const tombstones = [...saved.tombstones].map(([id, each]) => [id, { ...each, atMs: nowMs }] as const);
  return {
    instances: ShardedMap.of(instances),
    tombstones: ShardedMap.of(tombstones),
    graceUntilMs: nowMs + times.goneAfterMs,
    preserving: false,
  };
}

/** An instance registers. */
export interface Registration {
  readonly identity: InstanceIdentity;
  /** The lease that it held before, or empty. */
  readonly leaseId: string;
  /** The lease that it gets if it cannot continue. */
  readonly newLeaseId: string;
  /** Null when a stream holds the lease. */
  readonly renewal: Renewal | null;
  /** Absent: as before, or unknown. */
  readonly health?: Health;
}

/** Why a registration is refused. */
export interface RegisterRefusal {
  readonly kind: 'removed' | 'held' | 'full';
  readonly message: string;
  /** Of the lease that is in the way. */
  readonly leaseId?: string;
}

/**
 * Takes in a new instance, or continues its lease. Refused when this process was removed on purpose, and while another
 * one that lives holds the id: two under one id would take it from each other for ever. An instance that continues keeps
 * its health; a new process starts as unknown.
 */
export function register(
  table: LeaseTable,
  registration: Registration,
  nowMs: number,
): Result<LeaseTable, RegisterRefusal> {
  const { identity, leaseId, newLeaseId, renewal, health } = registration;
  const { id, incarnation } = identity;
  const before = table.instances.get(id);
  const tombstone = before === undefined ? table.tombstones.get(id) : undefined;
  if (tombstone !== undefined && (tombstone.incarnation === null || tombstone.incarnation === incarnation))
    return err({
      kind: 'removed',
      message: `"${id}" was removed on purpose: it may register again when it is started anew`,
    });
  const continues = before !== undefined && (before.leaseId === leaseId || before.identity.incarnation === incarnation);
  if (before !== undefined && !continues && isHeld(before)) return err(held(before));
  if (before === undefined && table.instances.size >= INSTANCES_MAX)
    return err({ kind: 'full', message: `there are ${INSTANCES_MAX} instances, the most that are kept: remove some` });
  const instance: Instance = {
    identity,
    leaseId: continues ? before.leaseId : newLeaseId,
    renewal,
    // A new process under the id of one that is draining is the old one's restart, not a return.
    state: before?.state === 'draining' ? 'draining' : 'live',
    health: health ?? (continues ? before.health : 'unknown'),
    healthReason: continues && health === undefined ? before.healthReason : '',
    applicationDown: continues && before.applicationDown,
    connected: renewal === null,
    heardAtMs: nowMs,
    registeredAtMs: continues ? before.registeredAtMs : nowMs,
    drainReason: before?.drainReason ?? '',
  };
  return ok(
    replace(
      tombstone === undefined ? table : { ...table, tombstones: table.tombstones.with([[id, undefined]]) },
      instance,
    ),
  );
}

/** Whether somebody is known to be behind it: an open stream, or a lease that only renewals could have ended. */
function isHeld({ state, connected, renewal }: Instance): boolean {
  return state !== 'draining' && (renewal !== null || (connected && state === 'live'));
}

function held({ identity: { id, address, port }, leaseId, renewal }: Instance): RegisterRefusal {
  const holder = renewal === null ? 'a sidecar that is connected' : `the lease ${leaseId}`;
  const advice = 'give each instance an id of its own, or deregister that one first';
  return { kind: 'held', message: `"${id}" is held by ${holder}, at ${address}:${port}: ${advice}`, leaseId };
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

/** Signs of life that tell nothing new, many at once: clock time by id. */
export function heard(table: LeaseTable, atMs: ReadonlyMap<string, number>): LeaseTable {
  const renewed = [...atMs].flatMap(([id, heardAtMs]) => {
    const before = table.instances.get(id);
    return before === undefined || before.heardAtMs >= heardAtMs ? [] : [[id, { ...before, heardAtMs }] as const];
  });
  return { ...table, instances: table.instances.with(renewed) };
}

/** The stream broke or ended. The lease goes on until its time is up, which begins now. */
export function disconnected(table: LeaseTable, id: string, leaseId: string, nowMs: number): LeaseTable {
  const before = table.instances.get(id);
  if (before === undefined || before.leaseId !== leaseId || !before.connected) return table;
  return replace(table, { ...before, connected: false, heardAtMs: nowMs });
}

/** Takes the instance out on purpose: it stays known, unpublished, until it is gone. */
export function drain(table: LeaseTable, id: string, reason: string, nowMs: number): LeaseTable {
  const before = table.instances.get(id);
  const next = before === undefined ? table : replace(table, { ...before, state: 'draining', drainReason: reason });
  return { ...next, tombstones: buried(table, id, nowMs) };
}

/** The instance said goodbye, or its driver saw it go: a deliberate removal. */
export function remove(table: LeaseTable, id: string, nowMs: number): LeaseTable {
  return { ...without(table, [id]), tombstones: buried(table, id, nowMs) };
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
  return table.tombstones.has(id) ? { ...next, tombstones: table.tombstones.with([[id, undefined]]) } : next;
}

/** What a sweep did. */
export interface Swept {
  readonly table: LeaseTable;
  /** Ids that were evicted for their silence. */
  readonly evicted: readonly string[];
  /** Ids whose time is up, and which stay: self-preservation, or the bound of one sweep. */
  readonly withheld: readonly string[];
}

/**
 * Marks who has been silent for long, and evicts who has been for longer, as self-preservation allows. While the grace
 * after a restart lasts, only what drains may go. `stretch` is the factor by which the fleet's heartbeats are slowed.
 */
export function sweep(table: LeaseTable, nowMs: number, times: LeaseTimes, stretch = 1): Swept {
  const isSilent = (instance: Instance, which: 'suspectAfterMs' | 'goneAfterMs') =>
    nowMs - instance.heardAtMs >= limits(instance, times, stretch)[which];
  // Who drains was taken out on purpose: its silence says nothing about the network.
  const [draining, held] = partition(table.instances.values(), (each) => each.state === 'draining');
  const drained = draining.filter((each) => isSilent(each, 'goneAfterMs')).map((each) => each.identity.id);
  const next = withoutOldTombstones(without(table, drained), nowMs, times);
  if (nowMs < table.graceUntilMs) return { table: next, evicted: [], withheld: [] };

  const quiet = held.filter((each) => isSilent(each, 'suspectAfterMs'));
  const lost = quiet.filter((each) => isSilent(each, 'goneAfterMs')).sort((a, b) => a.heardAtMs - b.heardAtMs);
  const preserving = isMassLoss(held.length, quiet.length);
  const evictions = preserving ? 0 : evictable(held.length, lost.length);
  const ids = lost.map((each) => each.identity.id);
  const evicted = ids.slice(0, evictions);
  const swept = marked(without(next, evicted), quiet);
  const changed = swept.preserving === preserving ? swept : { ...swept, preserving };
  return { table: changed, evicted, withheld: ids.slice(evictions) };
}

/** What this instance's silence may last: an open stream is itself a sign of life, hence only there it is stretched. */
function limits({ renewal, connected }: Instance, times: LeaseTimes, stretch: number) {
  if (renewal !== null) return { suspectAfterMs: (renewal.ttlMs * stretch) / 2, goneAfterMs: renewal.ttlMs * stretch };
  if (!connected) return times;
  return { suspectAfterMs: times.suspectAfterMs * stretch, goneAfterMs: times.goneAfterMs * stretch };
}

function partition<T>(items: Iterable<T>, test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}

/** Those of the quiet that are still there, as suspects. */
function marked(table: LeaseTable, quiet: readonly Instance[]): LeaseTable {
  const suspects = quiet.filter(({ state, identity }) => state === 'live' && table.instances.has(identity.id));
  if (suspects.length === 0) return table;
  const marks = suspects.map((each) => [each.identity.id, { ...each, state: 'suspect' }] as const);
  return { ...table, instances: table.instances.with(marks) };
}

function replace(table: LeaseTable, instance: Instance): LeaseTable {
  return { ...table, instances: table.instances.with([[instance.identity.id, instance]]) };
}

function without(table: LeaseTable, ids: readonly string[]): LeaseTable {
  const there = ids.filter((id) => table.instances.has(id));
  if (there.length === 0) return table;
  return { ...table, instances: table.instances.with(there.map((id) => [id, undefined] as const)) };
}

/** With a tombstone for the process that is there now; one that was removed before stays the one that is meant. */
function buried({ instances, tombstones }: LeaseTable, id: string, atMs: number): ShardedMap<Tombstone> {
  const incarnation = instances.get(id)?.identity.incarnation ?? tombstones.get(id)?.incarnation ?? null;
  return tombstones.with([[id, { atMs, incarnation }]]);
}

/** The oldest go first, where there are too many. */
function withoutOldTombstones(table: LeaseTable, nowMs: number, times: LeaseTimes): LeaseTable {
  const { tombstones, instances } = table;
  if (tombstones.size === 0) return table;
  const free = [...tombstones].filter(([id]) => !instances.has(id)).sort(([, a], [, b]) => a.atMs - b.atMs);
  const surplus = Math.max(0, tombstones.size - INSTANCES_MAX);
  const old = free.filter(([, { atMs }], i) => i < surplus || nowMs - atMs >= times.tombstoneMs);
  return old.length === 0 ? table : { ...table, tombstones: tombstones.with(old.map(([id]) => [id, undefined])) };
}
