import fc from 'fast-check';
import t from 'tap';
import { apply } from './apply.ts';
import type { Command, ResourceDraft } from './command.ts';
import { DEFAULT_UPDATE, EMPTY_STATE, type State } from './model.ts';
import { desiredReplicas, effectiveConfig, servicesOf } from './queries.ts';

type WorkloadDraft = Extract<ResourceDraft, { kind: 'workload' }>;

function workload(name: string, fields: Partial<WorkloadDraft> = {}): WorkloadDraft {
  return {
    kind: 'workload',
    name,
    services: [name],
    version: 'v1',
    command: ['x'],
    environment: {},
    workingDir: '/',
    port: null,
    protocol: 'http',
    health: null,
    replicas: 1,
    published: [],
    dependsOn: [],
    limits: { cpus: null, memoryBytes: null },
    update: DEFAULT_UPDATE,
    stopGraceMs: 10_000,
    labels: {},
    config: {},
    manifest: {},
    ...fields,
  };
}

function route(name: string, service: string): ResourceDraft {
  const rule = {
    matches: [{ path: { kind: 'prefix' as const, value: '/' }, method: null, headers: [], query: [] }],
    filters: [],
    backends: [{ service, port: null, weight: 1, filters: [], subset: null }],
    requestTimeoutMs: null,
    backendTimeoutMs: null,
    retry: null,
    session: null,
  };
  return { kind: 'httproute', name, parents: [service], rules: [rule], manifest: {} };
}

function grpcRoute(name: string, service: string): ResourceDraft {
  const rule = {
    matches: [{ method: null, headers: [] }],
    filters: [],
    backends: [{ service, port: null, weight: 1, filters: [], subset: null }],
  };
  return { kind: 'grpcroute', name, parents: [service], rules: [rule], manifest: {} };
}

const file = (...resources: ResourceDraft[]): Command => ({ kind: 'apply', origin: 'a.yaml', prune: true, resources });

/** The state after the commands, all of which must be granted. */
function after(...commands: Command[]): State {
  return commands.reduce((state, command) => {
    const result = apply(state, command, 1000);
    if (!result.ok) throw new Error(result.error.message);
    return result.value.state;
  }, EMPTY_STATE);
}

function textOf({ workloads, routes, grpcRoutes, config, scale }: State): string {
  return JSON.stringify([...workloads, ...routes, ...grpcRoutes, ...config, ...scale]);
}

function changes(state: State, command: Command): string[] {
  const result = apply(state, command, 2000);
  if (!result.ok) return [`${result.error.code}: ${result.error.message}`];
  return result.value.changes.map(({ kind, name, action }) => `${kind} ${name} ${action}`);
}

t.test('an equal file changes nothing, not even the revision', (t) => {
  const state = after(file(workload('a', { environment: { x: '1', y: '2' } }), route('r', 'a')));
  const again = apply(state, file(workload('a', { environment: { y: '2', x: '1' } }), route('r', 'a')), 2000);
  t.ok(again.ok && again.value.state === state);
  t.same(again.ok && again.value.changes.map(({ action }) => action), ['unchanged', 'unchanged']);
  t.end();
});

t.test('a file applied again deletes what it no longer has, and leaves what others wrote', (t) => {
  const other: Command = { kind: 'apply', origin: 'b.yaml', prune: true, resources: [workload('b')] };
  const state = after(file(workload('a'), workload('c')), other);
  t.same(changes(state, file(workload('a'))), ['workload a unchanged', 'workload c deleted']);
  t.same([...after(file(workload('a'), workload('c')), other, file(workload('a'))).workloads.keys()].sort(), [
    'a',
    'b',
  ]);
  t.end();
});

t.test('a change keeps the time of the first, and takes the new revision', (t) => {
  const state = after(file(workload('a')));
  const result = apply(state, file(workload('a', { version: 'v2' })), 2000);
  t.match(result, { value: { state: { revision: 2 } } });
  t.match(result.ok && result.value.state.workloads.get('a'), {
    createdAtMs: 1000,
    revision: 2,
    version: 'v2',
    origin: 'a.yaml',
  });
  t.end();
});

t.test('nothing is deleted that something else still names', (t) => {
  const state = after(file(workload('a')), {
    kind: 'apply',
    origin: 'r.yaml',
    prune: true,
    resources: [route('r', 'a')],
  });
  t.same(changes(state, { kind: 'delete', resource: 'workload', name: 'a' }), [
    'invalid: httproute/r.spec.parentRefs[0].name: there is no service "a"',
  ]);
  t.same(changes(state, { kind: 'delete', resource: 'httproute', name: 'rr' }), [
    'not_found: there is no httproute "rr"',
  ]);
  t.end();
});

t.test('the older of two routes of different kinds stays with its service', (t) => {
  const routes = (...resources: ResourceDraft[]): Command => ({ kind: 'apply', origin: '', prune: false, resources });
  const state = after(file(workload('a'), workload('b')), routes(route('r', 'a'), grpcRoute('r', 'b')));
  t.same(changes(state, routes(grpcRoute('s', 'a'))), [
    'invalid: grpcroute/s.spec.parentRefs[0].name: service "a" is routed by HTTPRoute "r", and GRPCRoutes are never merged with it: make them one kind',
  ]);
  t.match(changes(state, routes(route('s', 'b'))), [/^invalid: httproute\/s\..* is routed by GRPCRoute "r"/]);
  const freed = apply(state, { kind: 'delete', resource: 'httproute', name: 'r' }, 2000);
  if (!freed.ok) throw new Error(freed.error.message);
  t.same(changes(freed.value.state, routes(grpcRoute('s', 'a'))), ['grpcroute s created']);
  t.same(changes(state, { kind: 'delete', resource: 'grpcroute', name: 'r' }), ['grpcroute r deleted']);
  t.same(changes(state, { kind: 'delete', resource: 'grpcroute', name: 'rr' }), [
    'not_found: there is no grpcroute "rr"',
  ]);
  t.end();
});

t.test('a scale decision holds until the file has another number', (t) => {
  const scaled = after(file(workload('a', { replicas: 2 })), {
    kind: 'scale',
    service: 'a',
    replicas: 5,
    reason: 'load',
  });
  const a = (state: State) => desiredReplicas(state, state.workloads.get('a')!);
  t.equal(a(scaled), 5);
  const redeployed = apply(scaled, file(workload('a', { replicas: 2, version: 'v2' })), 0);
  t.equal(redeployed.ok && a(redeployed.value.state), 5);
  const rewritten = apply(scaled, file(workload('a', { replicas: 3 })), 0);
  t.equal(rewritten.ok && a(rewritten.value.state), 3);
  t.end();
});

t.test('a service of several workloads cannot be scaled as one', (t) => {
  const state = after(
    file(
      workload('a1', { services: ['a1', 'a'] }),
      workload('a2', { services: ['a2', 'a'] }),
      workload('b', { services: ['b', 'g'] }),
    ),
  );
  const scale = (service: string, replicas = 2) => changes(state, { kind: 'scale', service, replicas, reason: '' });
  t.same(scale('a'), ['invalid: service "a" is made of a1, a2: scale one of these']);
  t.same(scale('g'), ['scale b created']);
  t.same(scale('bb'), ['not_found: there is no service "bb"']);
  t.same(scale('b', 1001), ['invalid: replicas is 1001: it must be a whole number from 0 to 1000']);
  t.same([...servicesOf(state).keys()], ['a', 'a1', 'a2', 'b', 'g']);
  t.end();
});

t.test('configuration set at run time lies over what was written, and the revision always grows', (t) => {
  const set = (value: string): Command => ({ kind: 'set-config', workload: 'a', key: 'x', value });
  const unset: Command = { kind: 'delete-config', workload: 'a', key: 'x' };
  const base = file(workload('a', { config: { x: 'written', y: '1' } }));
  t.match(effectiveConfig(after(base), 'a'), {
    revision: 1,
    entries: { x: { value: 'written', revision: 1 }, y: { value: '1' } },
  });
  t.match(effectiveConfig(after(base, set('run')), 'a'), {
    revision: 2,
    entries: { x: { value: 'run', revision: 2 } },
  });
  t.match(effectiveConfig(after(base, set('run'), unset), 'a'), { revision: 3, entries: { x: { value: 'written' } } });
  t.same(changes(after(base, set('run')), set('run')), ['config a/x unchanged']);
  t.same(changes(after(base), unset), ['not_found: "x" was not set for "a"']);
  t.match(changes(after(base), set('v'.repeat(2 ** 20 + 1))), [/^invalid: the value is 1048577 bytes long/]);
  t.end();
});

t.test('whatever is asked, a rejection changes nothing and a change adds one to the revision', (t) => {
  const name = fc.constantFrom('a', 'b', 'c');
  const draft = fc.oneof(
    fc.record({ name, replicas: fc.nat(3) }).map(({ name, replicas }) => workload(name, { replicas })),
    fc.record({ name, service: name }).map(({ name, service }) => route(name, service)),
    fc.record({ name, service: name }).map(({ name, service }) => grpcRoute(name, service)),
  );
  const command: fc.Arbitrary<Command> = fc.oneof(
    fc.record({
      kind: fc.constant('apply' as const),
      origin: fc.constantFrom('', 'f'),
      prune: fc.boolean(),
      resources: fc.array(draft, { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('delete' as const),
      resource: fc.constantFrom('workload' as const, 'httproute' as const, 'grpcroute' as const),
      name,
    }),
    fc.record({ kind: fc.constant('scale' as const), service: name, replicas: fc.nat(5), reason: fc.constant('') }),
    fc.record({ kind: fc.constant('set-config' as const), workload: name, key: name, value: name }),
    fc.record({ kind: fc.constant('delete-config' as const), workload: name, key: name }),
  );
  const property = fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
    let state = EMPTY_STATE;
    for (const each of commands) {
      const frozen = textOf(state);
      const result = apply(state, each, 1);
      if (textOf(state) !== frozen) return false;
      if (!result.ok) continue;
      const changed = result.value.changes.some(({ action }) => action !== 'unchanged');
      if (result.value.state.revision !== state.revision + Number(changed)) return false;
      state = result.value.state;
      const services = servicesOf(state);
      const routed = [...state.routes.values()].flatMap((each) => each.parents);
      const called = [...state.grpcRoutes.values()].flatMap((each) => each.parents);
      if ([...routed, ...called].some((parent) => !services.has(parent))) return false;
      if (called.some((parent) => routed.includes(parent))) return false;
    }
    return true;
  });
  fc.assert(property, { numRuns: 300 });
  t.end();
});
