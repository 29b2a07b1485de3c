/**
 * The only way the state changes: state and command in, next state and changes out. Nothing else is read or touched.
 */
import { unreachable } from '../../kernel/assert.ts';
import { nearest } from '../../kernel/edit-distance.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { CONFIG_ENTRY_BYTES_MAX, CONFIG_KEY_BYTES_MAX } from '../../protos/contract/limits.ts';
import type { Change, Command, Rejection, ResourceDraft } from './command.ts';
import type { ConfigOverlay, DocumentKind, GrpcRoute, HttpRoute, ScaleDecision, State, Workload } from './model.ts';
import { resourcesOf, servicesOf } from './queries.ts';
import { danglingReferences } from './references.ts';
import { routeConflicts } from './route-conflicts.ts';

/** The most replicas of one workload; more on one machine is a slip of the finger. */
export const REPLICAS_MAX = 1000;
/** What a granted command has done. When nothing changed, `state` is the very object that was given. */
export interface Applied {
  readonly state: State;
  readonly changes: readonly Change[];
}

/** Grants `command` whole, or rejects it and says why. `nowMs` is wall time. */
export function apply(state: State, command: Command, nowMs: number): Result<Applied, Rejection> {
  switch (command.kind) {
    case 'apply':
      return applyResources(state, command, nowMs);
    case 'delete':
      return deleteResource(state, command.resource, command.name);
    case 'scale':
      return scale(state, command, nowMs);
    case 'set-config':
      return setConfig(state, command.workload, command.key, command.value);
    case 'delete-config':
      return setConfig(state, command.workload, command.key, null);
    default:
      return unreachable(command);
  }
}

function applyResources(
  state: State,
  { origin, prune, resources }: Command & { kind: 'apply' },
  nowMs: number,
): Result<Applied, Rejection> {
  const draft = new Draft(state);
  for (const each of resources) draft.put(each, origin, nowMs);
  if (prune) draft.deleteLeftovers(origin, resources);
  return draft.finish();
}

function deleteResource(state: State, kind: DocumentKind, name: string): Result<Applied, Rejection> {
  const draft = new Draft(state);
  const existing = resourcesOf(state, kind);
  if (!existing.has(name)) return notFound(`there is no ${kind} "${name}"`, kind, nearest(name, existing.keys()));
  draft.delete(kind, name);
  return draft.finish();
}

function scale(state: State, command: Command & { kind: 'scale' }, nowMs: number): Result<Applied, Rejection> {
  const { service, replicas, reason } = command;
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > REPLICAS_MAX) {
    return invalid('replicas', `replicas is ${replicas}: it must be a whole number from 0 to ${REPLICAS_MAX}`);
  }
  const services = servicesOf(state);
  const members = state.workloads.has(service) ? [state.workloads.get(service)!] : services.get(service);
  if (members === undefined) {
    return notFound(`there is no service "${service}"`, 'service', nearest(service, services.keys()));
  }
  if (members.length > 1) {
    const names = members.map((each) => each.name).join(', ');
    return invalid('service', `service "${service}" is made of ${names}: scale one of these`);
  }
  const workload = members[0]!.name;
  const before = state.scale.get(workload);
  if (before?.replicas === replicas) {
    return ok({ state, changes: [{ kind: 'scale', name: workload, action: 'unchanged' }] });
  }
  const revision = state.revision + 1;
  const decision = { workload, replicas, reason, decidedAtMs: nowMs, revision };
  return ok({
    state: { ...state, revision, scale: new Map(state.scale).set(workload, decision) },
    changes: [{ kind: 'scale', name: workload, action: before === undefined ? 'created' : 'updated' }],
  });
}

function setConfig(state: State, workload: string, key: string, value: string | null): Result<Applied, Rejection> {
  if (!state.workloads.has(workload)) {
    return notFound(`there is no workload "${workload}"`, 'workload', nearest(workload, state.workloads.keys()));
  }
  const problem = value === null ? undefined : configProblem(key, value);
  if (problem !== undefined) return invalid(key, problem);
  const entries = state.config.get(workload)?.entries ?? {};
  const before = Object.hasOwn(entries, key) ? entries[key]!.value : null;
  if (value === null && before === null) {
    return notFound(`"${key}" was not set for "${workload}"`, key, nearest(key, Object.keys(entries)));
  }
  const name = `${workload}/${key}`;
  if (value === before) return ok({ state, changes: [{ kind: 'config', name, action: 'unchanged' }] });
  const { [key]: _, ...others } = entries;
  const revision = state.revision + 1;
  const next = value === null ? others : { ...others, [key]: { value, revision } };
  const action = value === null ? 'deleted' : before === null ? 'created' : 'updated';
  return ok({
    state: { ...state, revision, config: new Map(state.config).set(workload, { revision, entries: next }) },
    changes: [{ kind: 'config', name, action }],
  });
}

function configProblem(key: string, value: string): string | undefined {
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes > CONFIG_KEY_BYTES_MAX)
    return `the key is ${keyBytes} bytes long: at most ${CONFIG_KEY_BYTES_MAX} are taken`;
  const bytes = Buffer.byteLength(value);
  if (bytes > CONFIG_ENTRY_BYTES_MAX)
    return `the value is ${bytes} bytes long: at most ${CONFIG_ENTRY_BYTES_MAX} are taken`;
  return undefined;
}

/** The next state while it is being made. */
class Draft {
  readonly #before: State;
  readonly #revision: number;
  readonly #workloads: Map<string, Workload>;
  readonly #routes: Map<string, HttpRoute>;
  readonly #grpcRoutes: Map<string, GrpcRoute>;
  readonly #config: Map<string, ConfigOverlay>;
  readonly #scale: Map<string, ScaleDecision>;
  readonly #changes: Change[] = [];

  constructor(state: State) {
    this.#before = state;
    this.#revision = state.revision + 1;
    this.#workloads = new Map(state.workloads);
    this.#routes = new Map(state.routes);
    this.#grpcRoutes = new Map(state.grpcRoutes);
    this.#config = new Map(state.config);
    this.#scale = new Map(state.scale);
  }

  put(draft: ResourceDraft, origin: string, nowMs: number): void {
    const before = resourcesOf(this.#resources(), draft.kind).get(draft.name);
    const { kind, name } = draft;
    if (before !== undefined && before.origin === origin && sameContent(before, draft)) {
      this.#changes.push({ kind, name, action: 'unchanged' });
      return;
    }
    const stamp = { origin, revision: this.#revision, createdAtMs: before?.createdAtMs ?? nowMs };
    if (draft.kind === 'workload') {
      // Whoever writes a new number into the file means it, whatever was decided at run time before.
      if (before?.kind === 'workload' && before.replicas !== draft.replicas) this.#scale.delete(name);
      this.#workloads.set(name, { ...draft, ...stamp });
    } else if (draft.kind === 'httproute') this.#routes.set(name, { ...draft, ...stamp });
    else this.#grpcRoutes.set(name, { ...draft, ...stamp });
    this.#changes.push({ kind, name, action: before === undefined ? 'created' : 'updated' });
  }

  delete(kind: DocumentKind, name: string): void {
    if (kind === 'workload') {
      this.#workloads.delete(name);
      this.#config.delete(name);
      this.#scale.delete(name);
    } else if (kind === 'httproute') this.#routes.delete(name);
    else this.#grpcRoutes.delete(name);
    this.#changes.push({ kind, name, action: 'deleted' });
  }

  deleteLeftovers(origin: string, kept: readonly ResourceDraft[]): void {
    const keep = new Set(kept.map((each) => `${each.kind}/${each.name}`));
    for (const each of [...this.#allRoutes(), ...this.#workloads.values()]) {
      if (each.origin === origin && !keep.has(`${each.kind}/${each.name}`)) this.delete(each.kind, each.name);
    }
  }

  finish(): Result<Applied, Rejection> {
    const changes = this.#changes;
    if (changes.every((change) => change.action === 'unchanged')) return ok({ state: this.#before, changes });
    const services = portsOfServices(this.#workloads.values());
    const routes = this.#allRoutes();
    const resources = [...this.#workloads.values(), ...routes];
    const problems = [
      ...danglingReferences(resources, services, new Set(this.#workloads.keys())),
      ...routeConflicts(routes.sort((a, b) => a.createdAtMs - b.createdAtMs)),
    ];
    if (problems.length > 0) {
      const details = problems.map(({ resource, path, message, suggestion }) => ({
        path: `${resource.kind}/${resource.name}.${path}`,
        message,
        ...(suggestion === undefined ? {} : { suggestion }),
      }));
      return err({ code: 'invalid', message: `${details[0]!.path}: ${details[0]!.message}`, details });
    }
    const state: State = {
      revision: this.#revision,
      ...this.#resources(),
      config: this.#config,
      scale: this.#scale,
    };
    return ok({ state, changes });
  }

  #resources(): Pick<State, 'workloads' | 'routes' | 'grpcRoutes'> {
    return { workloads: this.#workloads, routes: this.#routes, grpcRoutes: this.#grpcRoutes };
  }

  #allRoutes(): (HttpRoute | GrpcRoute)[] {
    return [...this.#routes.values(), ...this.#grpcRoutes.values()];
  }
}

/** Each service that `workloads` make, with its declared port or null. The first workload that declares one decides. */
export function portsOfServices(
  workloads: Iterable<Pick<Workload, 'services' | 'port'>>,
): ReadonlyMap<string, number | null> {
  const ports = new Map<string, number | null>();
  for (const { services, port } of workloads) {
    for (const service of services) ports.set(service, ports.get(service) ?? port);
  }
  return ports;
}

function sameContent(before: Workload | HttpRoute | GrpcRoute, draft: ResourceDraft): boolean {
  const { origin: _origin, revision: _revision, createdAtMs: _createdAtMs, ...content } = before;
  return canonicalJson(content) === canonicalJson(draft);
}

/** JSON with the keys of every object sorted. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

function notFound(message: string, path: string, suggestion?: string): Result<never, Rejection> {
  const detail = { path, message, ...(suggestion === undefined ? {} : { suggestion }) };
  return err({ code: 'not_found', message, details: [detail] });
}

function invalid(path: string, message: string): Result<never, Rejection> {
  return err({ code: 'invalid', message, details: [{ path, message }] });
}
