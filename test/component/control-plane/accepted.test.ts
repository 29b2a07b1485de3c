/**
 * Everything that the control plane writes for sidecars, read by the sidecars' own decoders, and what it writes for gRPC
 * clients, read by grpc-js: nothing may be refused. test/peers/envoy-accepts.test.ts asks an Envoy. And what
 * the control plane's route tests say of a request is what a sidecar would do with it.
 */
import { readFileSync } from 'node:fs';
import { register } from '@grpc/grpc-js-xds';
import { ClusterResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/cluster-resource-type.js';
import { EndpointResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/endpoint-resource-type.js';
import { ListenerResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/listener-resource-type.js';
import { RouteConfigurationResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/route-config-resource-type.js';
import type { XdsDecodeContext } from '@grpc/grpc-js-xds/build/src/xds-resource-type/xds-resource-type.js';
import fc from 'fast-check';
import t from 'tap';
import { routed } from '../../../control-plane/routing/matcher.ts';
import type { State } from '../../../control-plane/state/model.ts';
import { routesOf } from '../../../control-plane/state/queries.ts';
import type { TestRequest } from '../../../control-plane/state/route-test.ts';
import type { SidecarNode } from '../../../control-plane/translate/node.ts';
import type { XdsResource } from '../../../control-plane/translate/resource.ts';
import { NOBODY, stateOf } from '../../../control-plane/translate/test-fixtures.ts';
import { nodeResources, sharedResources } from '../../../control-plane/translate/translate.ts';
import { RESOURCE_TYPES } from '../../../protos/contract/resource-types.ts';
import type { MessageTypes } from '../../../protos/gen/registry.ts';
import { readJson } from '../../../protos/json/read-json.ts';
import { codecNamed } from '../../../protos/json/registry.ts';
import type { DecodeSources } from '../../../proxy/config/decode/decoding.ts';
import { decodeResource, type ResourceConfigs } from '../../../proxy/config/decode/resource-decoder.ts';
import { RouteTable } from '../../../proxy/routing/route-table.ts';
import { Runtime } from '../../../proxy/routing/runtime.ts';
import { requestHead } from '../../fakes/fake-exchange.ts';
import { seededRandom } from '../../fakes/fake-random.ts';
import { GRPC_TEXTS, HTTP_TEXTS, ODD_TEXTS, POLICY, POLICY_TEXTS } from './fixtures/policies.ts';

const SOURCES: DecodeSources = {
  readFile: () => ({ ok: false, problem: 'no files' }),
  readVariable: () => ({ ok: false, problem: 'no variables' }),
  wallMs: () => 0,
  formatCommands: new Set(),
  knownClusters: null,
  staticClusters: null,
  staticSecrets: null,
};
const SERVICES = `services:
  cart: {command: x, ports: ['8080:80'], x-outrider: {port: 80, protocol: http}}
  cart-v2: {command: x, x-outrider: {service: shop, protocol: grpc}}
  orders: {command: x, x-outrider: {service: shop}}
  mail: {command: x, ports: ['2525:25'], x-outrider: {protocol: tcp}}
  mail-v2: {command: x, x-outrider: {protocol: tcp}}
---
`;
/** What the examples of the documentation speak of. */
const DOCUMENTED = `services:
  catalog: {command: x}
  catalog-next: {command: x}
  cart-v1: {command: x}
  mail-next: {command: x, x-outrider: {protocol: tcp}}
`;
const document = (api: string, kind: string, name: string, spec: string) =>
  `apiVersion: ${api}\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {${spec}}\n---\n`;
const gateway = (kind: string, service: string, rules: string) =>
  document(
    'gateway.networking.k8s.io/v1',
    kind,
    service,
    `parentRefs: [{kind: Service, name: ${service}}], rules: [${rules}]`,
  );
const policy = (spec: string, service = 'cart') =>
  document('outrider.dev/v1', 'TrafficPolicy', service, `targetRef: {kind: Service, name: ${service}}, ${spec}`);

const node = (workload: string): SidecarNode => ({
  kind: 'sidecar',
  id: `${workload}-0`,
  workload,
  services: [workload],
  version: 'v1',
  outboundPort: 4001,
  inboundPort: 4002,
  appPort: 4003,
});

/** What the sidecars of the mesh, and gRPC clients, would say of it. */
function refusals(text: string): string[] {
  const state = stateOf(SERVICES + text);
  const own = [...state.workloads.keys()].flatMap((workload) => nodeResources(state, new Map(), node(workload)));
  const ours = [...sharedResources(state, NOBODY, 'sidecar'), ...own].flatMap(problemsOf);
  return [...ours, ...sharedResources(state, NOBODY, 'grpc').flatMap(grpcProblems)];
}

/** Filters and load balancers of gRPC. */
register();
const GRPC_TYPES = {
  LDS: ListenerResourceType.get(),
  RDS: RouteConfigurationResourceType.get(),
  CDS: ClusterResourceType.get(),
  EDS: EndpointResourceType.get(),
};

function grpcProblems({ kind, name, json }: XdsResource): string[] {
  const { messageName, typeUrl } = RESOURCE_TYPES[kind];
  const read = readJson(messageName, json);
  if (!read.ok) return read.issues.map(({ path, message }) => `${kind} ${name} ${path}: ${message}`);
  const value = Buffer.from(codecNamed(messageName)!.encode(read.message).finish());
  const server = { serverUri: '', serverFeatures: [], channelCreds: [] };
  const bootstrap = { xdsServers: [], authorities: {}, node: { id: '', locality: {} }, certificateProviders: {} };
  const type = GRPC_TYPES[kind as keyof typeof GRPC_TYPES];
  const { error } = type.decode({ server, bootstrap } as unknown as XdsDecodeContext, { type_url: typeUrl, value });
  return error === undefined ? [] : [`gRPC: ${kind} ${name}: ${error}`];
}

function problemsOf({ kind, name, json }: XdsResource): string[] {
  const { messageName } = RESOURCE_TYPES[kind];
  const read = readJson(messageName, json);
  if (!read.ok) return read.issues.map(({ path, message }) => `${kind} ${name} ${path}: ${message}`);
  if (!['LDS', 'RDS', 'CDS', 'EDS'].includes(kind)) return [];
  const known = messageName as keyof ResourceConfigs;
  const result = decodeResource(known, read.message as MessageTypes[typeof known], SOURCES);
  return result.ok ? [] : result.issues.map(({ path, message }) => `${kind} ${name} ${path}: ${message}`);
}

t.test('routes of every kind with all that they may have', (t) => {
  t.same(refusals(''), [], 'a mesh without any');
  t.same(
    refusals(
      gateway(
        'HTTPRoute',
        'cart',
        `{matches: [{path: {value: /a}, method: GET, headers: [{name: X, value: '1'}], queryParams: [{type: RegularExpression, name: q, value: 'a+'}]}],
          filters: [{type: URLRewrite, urlRewrite: {hostname: h, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}},
                    {type: RequestMirror, requestMirror: {backendRef: {name: orders}, fraction: {numerator: 1, denominator: 300}}},
                    {type: RequestMirror, requestMirror: {backendRef: {name: orders}, percent: 10}},
                    {type: CORS, cors: {allowOrigins: ['*', 'https://*.a.b'], allowMethods: [GET], allowHeaders: [x-a], exposeHeaders: [x-b], allowCredentials: true, maxAge: 60}}],
          backendRefs: [{name: cart, weight: 9, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}]}, {name: orders}],
          timeouts: {request: 5s, backendRequest: 1s}, retry: {codes: [503, 429], attempts: 3, backoff: 100ms}},
         {backendRefs: [{name: cart, weight: 0}]}, {matches: [{path: {value: /r}}], filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}}]}`,
      ) +
        gateway(
          'GRPCRoute',
          'shop',
          `{matches: [{method: {method: M}, headers: [{name: x, value: y}]}], filters: [{type: RequestMirror, requestMirror: {backendRef: {name: cart-v2}}}], backendRefs: [{name: orders}]}`,
        ) +
        gateway('TCPRoute', 'mail', '{backendRefs: [{name: mail, weight: 90}, {name: mail-v2, weight: 10}]}'),
    ),
    [],
  );
  t.end();
});

t.test('policies with all that they may have', (t) => {
  t.same(
    refusals(
      policy(`loadBalancing: {policy: PeakEwma, slowStart: {window: 10s, minWeightPercent: 5, successes: 20}},
        limits: {maxConnections: 9, maxRequests: 8, maxPending: 7, maxPendingWait: 250ms, perInstance: {maxConnections: 2, maxRequests: 3, maxPending: 1}},
        outlierDetection: {consecutiveErrors: 3, interval: 5s, baseEjection: 2s, maxEjection: 1m, maxPercent: 30, successRate: {minPercent: 90, minRequests: 5, minInstances: 2}, keepLast: true, exponential: true, probe: true},
        retries: {attempts: 2, on: [connect-failure, 503], perTryTimeout: 1s, backoff: {base: 10ms, max: 1s}, budget: {percent: 10, minPerSecond: 1, window: 5s}, idempotencyHeaders: [Idempotency-Key], maxRetryAfter: 10s},
        timeouts: {connect: 500ms, request: 2s, idle: 0s}, inbound: {rateLimit: {requestsPerSecond: 0.5, burst: 5}}`) +
        policy('outlierDetection: {enabled: false}, loadBalancing: {policy: RoundRobin}', 'orders') +
        policy('loadBalancing: {policy: Random}, limits: {maxConnections: 2}, timeouts: {connect: 1s}', 'mail'),
    ),
    [],
  );
  t.end();
});

t.test('the examples of the documentation', (t) => {
  for (const file of ['routes.md', 'policies.md']) {
    const markdown = readFileSync(new URL(`../../../docs/${file}`, import.meta.url), 'utf8');
    const examples = [...markdown.matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => match[1]!);
    t.ok(examples.length >= 3);
    for (const example of examples) t.same(refusals(`${DOCUMENTED}---\n${example}`), [], example);
  }
  t.end();
});

t.test('hashes, localities, breakers, what protects an application, and faults', (t) => {
  t.same(
    refusals(
      policy(`loadBalancing: {policy: RingHash, boundedLoad: 125, localityWeighted: true, hash: [{header: x}, {cookie: {name: c, ttl: 1h, path: /}}, {sourceIp: true}, {query: q}], subsets: [{keys: [version], fallback: NoFallback}]},
      serviceBreaker: {failurePercent: 40, slowAfter: 1s, slowPercent: 60, openFor: 10s},
      requestBreakers: [{template: 'GET /a/{id}', breaker: {probes: 2}, shared: true}],
      hedging: {percentile: 90, maxExtraPercent: 5}, timeouts: {propagateDeadline: true, spareStreams: true},
      fallbacks: [{lastGood: {maxAge: 1m, maxBytes: 10, maxEntries: 10}}, {service: orders}, {static: {body: '[]'}}],
      inbound: {adaptiveLimit: {min: 5, max: 50, maxQueue: 5, maxWait: 10ms}, deadline: true, quotas: [{requestsPerSecond: 10, match: {method: POST, path: {value: /a}}, perHeader: X}]}`) +
        policy('loadBalancing: {policy: Maglev, hash: [{header: x}]}', 'shop') +
        policy('loadBalancing: {policy: LeastRequest, zoneAware: {minInstances: 2, percent: 50}}', 'orders') +
        gateway(
          'HTTPRoute',
          'cart',
          `{sessionPersistence: {sessionName: s, cookieConfig: {lifetimeType: Permanent}, absoluteTimeout: 1h}, backendRefs: [{name: cart, x-subset: {version: v1}}]}`,
        ) +
        document(
          'outrider.dev/v1',
          'FaultPolicy',
          'slow',
          'targetRef: {kind: Service, name: cart}, for: 5m, match: {path: {value: /a}}, delay: {duration: 1s, percent: 5}, abort: {grpcStatus: UNAVAILABLE}',
        ),
    ),
    [],
  );
  t.end();
});

t.test('whatever of a policy is granted, sidecars take', (t) => {
  let granted = 0;
  const property = fc.property(POLICY, fc.constantFrom('cart', 'orders', 'shop', 'mail'), (spec, service) => {
    const text = policy(JSON.stringify(spec).slice(1, -1), service);
    if (!isGranted(SERVICES + text)) return;
    granted++;
    const refused = refusals(text);
    if (refused.length > 0) throw new Error(refused.join('\n'));
  });
  fc.assert(property, { numRuns: 150 });
  t.ok(granted >= 15, `${granted} of 150 were granted`);
  t.end();
});

t.test('whatever text is granted, sidecars take', (t) => {
  const places = [
    ...HTTP_TEXTS.map((rule) => gateway('HTTPRoute', 'cart', rule)),
    ...GRPC_TEXTS.map((rule) => gateway('GRPCRoute', 'shop', rule)),
    ...POLICY_TEXTS.map((spec) => policy(spec)),
  ];
  for (const place of places) {
    const granted = ODD_TEXTS.filter((each) => isGranted(SERVICES + withText(place, each)));
    for (const each of granted) t.same(refusals(withText(place, each)), [], `${place} ${each}`.slice(0, 300));
  }
  t.end();
});

/** `place` with `text` in it; a quoted JSON string is YAML. */
function withText(place: string, text: string): string {
  return place.replaceAll('TEXT', () => JSON.stringify(text));
}

function isGranted(text: string): boolean {
  try {
    stateOf(text);
    return true;
  } catch {
    return false;
  }
}

/** The sidecars' route table of a mesh. */
function tableOf(state: State): RouteTable {
  const { json } = sharedResources(state, NOBODY, 'sidecar').find(({ kind }) => kind === 'RDS')!;
  const read = readJson('envoy.config.route.v3.RouteConfiguration', json);
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  const result = decodeResource('envoy.config.route.v3.RouteConfiguration', read.message, SOURCES);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return new RouteTable(result.value, new Runtime(), seededRandom());
}

/** Rule and backends, by the sidecar's table. */
function taken(table: RouteTable, { service, method, path, headers, query }: TestRequest): string {
  const target = query === '' ? path : `${path}?${query}`;
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const found = table.match({ authority: service, head: requestHead(`${method} ${target}`, ...fields) });
  if (found === null) return '404';
  const { action, name } = found.config;
  if (action.kind === 'direct-response') return name === '' ? String(action.status) : `${name} ${action.status}`;
  if (action.kind === 'redirect') return `${name} ${action.status}`;
  if (action.kind !== 'forward' || action.cluster.kind === 'header') return `${name} ?`;
  const { cluster } = action;
  const clusters = cluster.kind === 'cluster' ? [{ name: cluster.name, weight: 1 }] : cluster.clusters;
  return `${name} ${clusters.map((each) => `${each.name}:${clusters.length === 1 ? 1 : each.weight}`).join()}`.trim();
}

/** The same by the route tests' matcher. */
function foretold(request: TestRequest, state: State): string {
  const { rule, status, backends } = routed(request, routesOf(request.service, state));
  const [, route, index] = /"(.*)", rule (.*)/.exec(rule ?? '') ?? [];
  const name = route === undefined ? '' : `${route}/${index} `;
  const clusters = backends.map((each) => `${each.service}:${backends.length === 1 ? 1 : each.weight}`);
  return `${name}${status ?? clusters.join()}`;
}

t.test('a route test and a sidecar say the same of every request', (t) => {
  const path = fc.constantFrom(
    '{type: Exact, value: /a/b}',
    '{value: /a}',
    '{value: /a/}',
    '{value: /}',
    '{type: RegularExpression, value: "/a/[a-c]+"}',
    '{type: RegularExpression, value: "/(?:b|a/b)"}',
  );
  const part = (text: string) => fc.constantFrom('', text);
  const match = fc
    .tuple(
      path,
      part('method: POST'),
      part('headers: [{name: X, value: "1"}]'),
      part('queryParams: [{name: q, value: "1"}]'),
    )
    .map(([each, ...parts]) => `{${[`path: ${each}`, ...parts.filter((text) => text !== '')].join(', ')}}`);
  const call = fc.constantFrom(
    '{method: {service: a, method: b}}',
    '{method: {service: a}}',
    '{method: {method: b}}',
    '{method: {type: RegularExpression, method: "[ab]"}, headers: [{name: x, value: "1"}]}',
    '{headers: [{type: RegularExpression, name: x, value: "[0-9]+"}]}',
    '{}',
  );
  const backends = fc.constantFrom(
    '{name: cart}',
    '{name: orders}',
    '{name: cart, weight: 3}, {name: orders, weight: 1}',
    '{name: cart, weight: 0}',
  );
  const rules = (of: fc.Arbitrary<string>) =>
    fc
      .array(
        fc
          .tuple(fc.array(of, { maxLength: 2 }), backends)
          .map(([matches, refs]) => `{matches: [${matches.join()}], backendRefs: [${refs}]}`),
        { minLength: 1, maxLength: 4 },
      )
      .map((list) => list.join());
  const request = fc
    .record({
      service: fc.constantFrom('cart', 'shop'),
      method: fc.constantFrom('GET', 'POST'),
      path: fc.constantFrom('/', '/a', '/a/', '/ab', '/a/b', '/a/b/c', '/b', '/a/d'),
      header: fc.constantFrom({}, { x: '1' }, { x: '2' }),
      type: fc.constantFrom({}, { 'content-type': 'application/grpc' }, { 'content-type': 'application/grpc-web' }),
      query: fc.constantFrom('', 'q=1', 'p=2&q=1', 'q=2&q=1', 'q'),
    })
    .map(({ header, type, ...rest }): TestRequest => ({ ...rest, headers: { ...header, ...type } }));
  const property = fc.property(
    rules(match),
    rules(call),
    fc.array(request, { minLength: 20, maxLength: 20 }),
    (http, grpc, requests) => {
      const state = stateOf(SERVICES + gateway('HTTPRoute', 'cart', http) + gateway('GRPCRoute', 'shop', grpc));
      const table = tableOf(state);
      for (const each of requests) if (taken(table, each) !== foretold(each, state)) return false;
      return true;
    },
  );
  fc.assert(property, { numRuns: 60 });
  t.end();
});
