/**
 * The only way the state changes: state and command in, next state and changes out. Nothing else is read or touched.
 */
import { unreachable } from '../../kernel/assert.ts';
import { nearest } from '../../kernel/edit-distance.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { CONFIG_ENTRY_BYTES_MAX, CONFIG_KEY_BYTES_MAX } from '../../protos/contract/limits.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Change } from './change.ts';
import { problemsOf } from './checks.ts';
import type { Command, Rejection, ResourceDraft } from './command.ts';
import { expiryOf } from './fault-policy.ts';
import { massDeletions, massDeletionText } from './mass-deletion.ts';
import {
  type ConfigOverlay,
  DOCUMENT_MAPS,
  type Document,
  type DocumentKind,
  type Documents,
  type ScaleDecision,
  type State,
  type Workload,
} from './model.ts';
import { allDocuments, resourcesOf, servicesOf } from './queries.ts';
import { restored } from './restore.ts';
import { decided, type RunDecision } from './run-decision.ts';
import { withVirtualAddresses } from './virtual-addresses.ts';

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
      return checked(wouldBe(state, command, nowMs), state, nowMs, command.force);
    case 'delete':
      return deleteResource(state, command, nowMs);
    case 'restore':
      return restore(state, command, nowMs);
    case 'scale':
      return scale(state, command, nowMs);
    case 'run':
      return run(state, command, nowMs);
    case 'set-config':
      return setConfig(state, command.workload, command.key, command.value, command.ifRevision);
    case 'delete-config':
      return setConfig(state, command.workload, command.key, null);
    default:
      return unreachable(command);
  }
}

/** What `command` would make of the state, whether or not that would be granted. */
export function wouldBe(
  state: State,
  { origin, prune, resources }: Command & { kind: 'apply' },
  nowMs: number,
): Applied {
  const draft = new Draft(state);
  for (const each of resources) draft.put(each, origin, nowMs);
  if (prune) draft.deleteLeftovers(origin, resources);
  return draft.finish();
}

/** Grants what has come of a draft unless something is wrong with it as a whole. */
function checked(applied: Applied, before: State, nowMs: number, force = false): Result<Applied, Rejection> {
  if (applied.state === before) return ok(applied);
  const problems = problemsOf(applied.state, nowMs);
  if (problems.length === 0) return force ? ok(applied) : unlessMass(applied, before);
  const details = problems.map(({ resource, path, message, suggestion }) => ({
    path: `${resource.kind}/${resource.name}.${path}`,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  }));
  return err({ code: 'invalid', message: `${details[0]!.path}: ${details[0]!.message}`, details });
}

function unlessMass(applied: Applied, before: State): Result<Applied, Rejection> {
  const details = massDeletions(before, applied.state).map((each) => ({
    path: each.kind,
    message: massDeletionText(each),
  }));
  if (details.length === 0) return ok(applied);
  const message = `more than half of a kind would be deleted, which needs --force (over REST: ?force=true)`;
  return err({ code: 'needs_force', message: `${message}; nothing was changed`, details });
}

function deleteResource(
  state: State,
  { resource: kind, name, force }: Command & { kind: 'delete' },
  nowMs: number,
): Result<Applied, Rejection> {
  const draft = new Draft(state);
  const existing = resourcesOf(state, kind);
  if (!existing.has(name)) return notFound(`there is no ${kind} "${name}"`, kind, nearest(name, existing.keys()));
  draft.delete(kind, name);
  return checked(draft.finish(), state, nowMs, force);
}

function restore(state: State, command: Command & { kind: 'restore' }, nowMs: number): Result<Applied, Rejection> {
  const revision = Math.max(state.revision, command.revisionFloor) + 1;
  const applied = restored(state, command.content, revision, nowMs);
  const there = allDocuments(state).length;
  if (command.replaces || there === 0 || applied.state === state) return checked(applied, state, nowMs, command.force);
  const message = `there are ${there} resources already, whose place the ${command.origin} would take`;
  const insist = 'that needs --force (over REST: ?force=true); nothing was changed';
  return err({ code: 'needs_force', message: `${message}: ${insist}`, details: [] });
}

function scale(state: State, command: Command & { kind: 'scale' }, nowMs: number): Result<Applied, Rejection> {
  const { service, replicas, reason } = command;
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > REPLICAS_MAX) {
    return invalid('replicas', `replicas is ${replicas}: it must be a whole number from 0 to ${REPLICAS_MAX}`);
  }
  const found = membersOf(state, service);
  if (!found.ok) return found;
  const members = found.value;
  if (members.length > 1) {
    const names = members.map((each) => each.name).join(', ');
    return invalid('service', `service "${service}" is made of ${names}: scale one of these`);
  }
  const workload = members[0]!.name;
  if (replicas > 0 && members[0]!.command.length === 0)
    return invalid(
      'replicas',
      `"${workload}" has no command: its instances register themselves, and none can be started`,
    );
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

/** Starts, stops, restarts or upgrades every workload of a service. */
function run(state: State, command: Command & { kind: 'run' }, nowMs: number): Result<Applied, Rejection> {
  const { service, action, reason } = command;
  const found = membersOf(state, service);
  if (!found.ok) return found;
  const stopped = found.value.filter(({ name }) => state.runs.get(name)?.stopped);
  if ((action === 'restart' || action === 'upgrade') && stopped.length > 0)
    return invalid('service', `"${stopped[0]!.name}" is stopped: there is nothing to ${action}; start it`);
  const foreign = found.value.find(({ command }) => command.length === 0);
  if (action === 'upgrade' && foreign !== undefined)
    return invalid(
      'service',
      `"${foreign.name}" has no command: its sidecars are started by others, and replaced by them`,
    );
  const revision = state.revision + 1;
  const runs = new Map(state.runs);
  const changes = found.value.map(({ name }): Change => {
    const decision = decided(runs.get(name), action, { workload: name, reason, decidedAtMs: nowMs, revision });
    if (decision !== undefined) runs.set(name, decision);
    return { kind: 'run', name, action: decision === undefined ? 'unchanged' : 'updated' };
  });
  const changed = changes.some((change) => change.action !== 'unchanged');
  return ok({ state: changed ? { ...state, revision, runs } : state, changes });
}

/** The workload of that name, or all that stand behind the service of that name. */
function membersOf(state: State, service: string): Result<readonly Workload[], Rejection> {
  const services = servicesOf(state);
  const workload = state.workloads.get(service);
  const members = workload === undefined ? services.get(service) : [workload];
  if (members !== undefined) return ok(members);
  return notFound(`there is no service "${service}"`, 'service', nearest(service, services.keys()));
}

function setConfig(
  state: State,
  workload: string,
  key: string,
  value: string | null,
  ifRevision?: number,
): Result<Applied, Rejection> {
  if (!state.workloads.has(workload)) {
    return notFound(`there is no workload "${workload}"`, 'workload', nearest(workload, state.workloads.keys()));
  }
  const problem = value === null ? undefined : configProblem(key, value);
  if (problem !== undefined) return invalid(key, problem);
  const entries = state.config.get(workload)?.entries ?? {};
  const before = Object.hasOwn(entries, key) ? entries[key]!.value : null;
  const setAt = before === null ? 0 : entries[key]!.revision;
  if (ifRevision !== undefined && ifRevision !== setAt) return conflict(`${workload}/${key}`, ifRevision, setAt);
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

function conflict(name: string, expected: number, actual: number): Result<Applied, Rejection> {
  const now = actual === 0 ? 'it is not set' : `it is of revision ${actual}`;
  const message = `${name} is not of revision ${expected} any more, ${now}: nothing was applied, read it again`;
  return err({ code: 'conflict', message, details: [] });
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
  readonly #documents: { readonly [M in keyof Documents]: Map<string, Document> };
  readonly #config: Map<string, ConfigOverlay>;
  readonly #scale: Map<string, ScaleDecision>;
  readonly #runs: Map<string, RunDecision>;
  readonly #changes: Change[] = [];

  constructor(state: State) {
    this.#before = state;
    this.#revision = state.revision + 1;
    this.#documents = {
      workloads: new Map(state.workloads),
      routes: new Map(state.routes),
      grpcRoutes: new Map(state.grpcRoutes),
      tcpRoutes: new Map(state.tcpRoutes),
      trafficPolicies: new Map(state.trafficPolicies),
      faultPolicies: new Map(state.faultPolicies),
      routeTests: new Map(state.routeTests),
    };
    this.#config = new Map(state.config);
    this.#scale = new Map(state.scale);
    this.#runs = new Map(state.runs);
  }

  put(draft: ResourceDraft, origin: string, nowMs: number): void {
    const { kind, name } = draft;
    const documents = this.#documents[DOCUMENT_MAPS[kind]];
    const before = documents.get(name);
    if (before !== undefined && before.origin === origin && isUnchanged(before, draft, nowMs)) {
      this.#changes.push({ kind, name, action: 'unchanged' });
      return;
    }
    // Whoever writes a new number into the file means it, whatever was decided at run time before.
    const rescaled = draft.kind === 'workload' && before?.kind === 'workload' && before.replicas !== draft.replicas;
    if (rescaled) this.#scale.delete(name);
    const stamp = { origin, revision: this.#revision, createdAtMs: before?.createdAtMs ?? nowMs };
    const document =
      draft.kind === 'faultpolicy'
        ? { ...draft, ...stamp, expiresAtMs: expiryOf(draft, nowMs) }
        : { ...draft, ...stamp };
    documents.set(name, document);
    this.#changes.push({ kind, name, action: before === undefined ? 'created' : 'updated' });
  }

  delete(kind: DocumentKind, name: string): void {
    this.#documents[DOCUMENT_MAPS[kind]].delete(name);
    if (kind === 'workload') {
      this.#config.delete(name);
      this.#scale.delete(name);
      this.#runs.delete(name);
    }
    this.#changes.push({ kind, name, action: 'deleted' });
  }

  deleteLeftovers(origin: string, kept: readonly ResourceDraft[]): void {
    const keep = new Set(kept.map((each) => `${each.kind}/${each.name}`));
    // Workloads last, as what names them goes with them.
    for (const { kind, name, origin: from } of allDocuments(this.#typed()).reverse()) {
      if (from === origin && !keep.has(`${kind}/${name}`)) this.delete(kind, name);
    }
  }

  /** What it has come to; the very state from which it began when nothing changed. */
  finish(): Applied {
    const changes = this.#changes;
    if (changes.every((change) => change.action === 'unchanged')) return { state: this.#before, changes };
    const state = {
      revision: this.#revision,
      ...this.#typed(),
      config: this.#config,
      scale: this.#scale,
      runs: this.#runs,
      virtualAddresses: this.#before.virtualAddresses,
    };
    return { state: withVirtualAddresses(this.#before, state), changes };
  }

  /** Each map has documents of its kind alone. */
  #typed(): Documents {
    return this.#documents as Documents;
  }
}

/** Whether to apply `draft` would change nothing. A fault that has ended begins again. */
function isUnchanged(before: Document, draft: ResourceDraft, nowMs: number): boolean {
  const { origin: _origin, revision: _revision, createdAtMs: _createdAtMs, ...content } = before;
  if (content.kind !== 'faultpolicy') return canonicalJson(content) === canonicalJson(draft);
  const { expiresAtMs, ...written } = content;
  const goesOn = expiresAtMs > nowMs || content.lasts.kind === 'until';
  return goesOn && canonicalJson(written) === canonicalJson(draft);
}

function notFound(message: string, path: string, suggestion?: string): Result<never, Rejection> {
  const detail = { path, message, ...(suggestion === undefined ? {} : { suggestion }) };
  return err({ code: 'not_found', message, details: [detail] });
}

function invalid(path: string, message: string): Result<never, Rejection> {
  return err({ code: 'invalid', message, details: [{ path, message }] });
}
