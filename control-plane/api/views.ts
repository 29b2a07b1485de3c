/**
 * What the API shows of the mesh: state, registry and driver put together.
 */
import { nearest } from '../../kernel/edit-distance.ts';
import { SIDECAR_USER_AGENT } from '../../protos/contract/names.ts';
import { writeJson } from '../../protos/json/write-json.ts';
import type { Roll } from '../orchestrator/roll.ts';
import type { Instance } from '../registry/instance.ts';
import type { State, Workload } from '../state/model.ts';
import { desiredReplicas, servicesOf } from '../state/queries.ts';
import { readyCount } from '../translate/endpoints.ts';
import type { ClientStatus, KindStatus } from '../xds/client-status.ts';
import type { ApiContext } from './context.ts';
import { ApiError } from './errors.ts';

/** Every service: those that are written, and those that only instances speak of. */
export function serviceViews(context: ApiContext) {
  return serviceNames(context).map((name) => serviceView(name, context));
}

/** Their names, sorted. */
export function serviceNames({ ledger, registry }: ApiContext): string[] {
  const names = new Set(servicesOf(ledger.state).keys());
  for (const instance of registry.view().instances)
    for (const service of instance.identity.services) names.add(service);
  return [...names].sort();
}

/** `name`, if there is such a service; throws an ApiError with the nearest one otherwise. */
export function knownService(name: string, context: ApiContext): string {
  const names = serviceNames(context);
  if (names.includes(name)) return name;
  const suggestion = nearest(name, names);
  const message = `there is no service "${name}"`;
  throw new ApiError('not_found', message, [
    { path: 'name', message, ...(suggestion === undefined ? {} : { suggestion }) },
  ]);
}

/** One service with its instances. */
export function serviceView(name: string, context: ApiContext) {
  const { ledger, registry, replicas, clock } = context;
  const view = registry.view();
  const members = servicesOf(ledger.state).get(name) ?? [];
  const memberNames = new Set(members.map((member) => member.name));
  const own = replicas().filter((replica) => memberNames.has(replica.workload) && replica.phase === 'running');
  return {
    name,
    replicas: {
      desired: desiredOf(ledger.state, name),
      running: own.filter(({ restartAtMs }) => restartAtMs.application === null && restartAtMs.sidecar === null).length,
      ready: readyCount(name, view),
    },
    stopped: members.length > 0 && members.every((member) => ledger.state.runs.get(member.name)?.stopped === true),
    roll: rollView(members, context.rolls()),
    instances: view.instances
      .filter((instance) => instance.identity.services.includes(name))
      .map((instance) => instanceView(instance, clock.nowMs(), context)),
  };
}

/** Of all workloads behind a service: the worst of them. */
function rollView(members: readonly Workload[], rolls: ReadonlyMap<string, Roll>) {
  const own = members.flatMap(({ name }) => rolls.get(name) ?? []);
  const worst = (['failed', 'rolling'] as const).find((state) => own.some((each) => each.state === state));
  return {
    state: worst ?? 'steady',
    updated: own.reduce((sum, each) => sum + each.updated, 0),
    outdated: own.reduce((sum, each) => sum + each.outdated, 0),
    ...(worst === 'failed' ? { why: own.flatMap(({ why }) => (why === '' ? [] : [why])).join('; ') } : {}),
  };
}

function desiredOf(state: State, service: string): number {
  const members = servicesOf(state).get(service) ?? [];
  return members.reduce((sum, member) => sum + desiredReplicas(state, member), 0);
}

/** One instance with what is known of it. */
export function instanceView(instance: Instance, nowMs: number, { loads }: ApiContext) {
  const { identity, renewal, applicationDown, state, connected, heardAtMs } = instance;
  const health = applicationDown ? 'unhealthy' : instance.health;
  const healthReason = applicationDown ? 'the application has exited' : instance.healthReason;
  const { id, workload, services, address, port, version, zone } = identity;
  const received = loads.get(id)?.report;
  const load = received === undefined ? undefined : (writeJson('outrider.agent.v1.LoadReport', received) as object);
  return {
    id,
    workload,
    services,
    address,
    port,
    version,
    zone,
    ...(renewal === null ? {} : { leaseId: instance.leaseId, ttlMs: renewal.ttlMs }),
    sidecar: renewal === null,
    health,
    ...(healthReason === '' ? {} : { healthReason }),
    state,
    connected,
    leaseAgeMs: Math.round(nowMs - heardAtMs),
    // In the names and forms of the proto; what is zero is left out.
    ...(load === undefined ? {} : { load }),
  };
}

/** Every client of the control plane, and every instance that has no stream open. */
export function nodeViews({ ads, registry, version }: ApiContext) {
  const clients = ads.clients();
  const connected = new Set(clients.map((client) => client.nodeId));
  const away = registry
    .view()
    .instances.filter(({ identity, renewal }) => renewal === null && !connected.has(identity.id));
  return [
    ...clients.map((client) => clientView(client, version)),
    ...away.map(({ identity }) => ({ id: identity.id, connected: false, types: {} })),
  ].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A sidecar of another version than this program, `own`, is behind. */
function clientView({ nodeId, userAgent, version, kinds }: ClientStatus, own: string) {
  const types = Object.fromEntries([...kinds].map(([kind, status]) => [kind, kindView(status)]));
  const behind = userAgent === SIDECAR_USER_AGENT && version !== own ? { behind: true } : {};
  return { id: nodeId, connected: true, userAgent, ...(version === '' ? {} : { version }), ...behind, types };
}

function kindView({ sent, acked, nacked, sentAtMs, ackedAtMs }: KindStatus) {
  const refusal =
    nacked === null ? {} : { nacked: { message: nacked.message, atMs: nacked.atMs, version: nacked.version } };
  return {
    version: sent,
    acked: nacked === null && acked === sent,
    ackedVersion: acked,
    sentAtMs,
    ackedAtMs,
    ...refusal,
  };
}
