import t from 'tap';
import { type EnvoyNode, envoyMetadata, meshNode } from './node.ts';
import type { JsonObject } from './resource.ts';
import { find, instance, route, SERVICES, stateOf } from './test-fixtures.ts';
import { envoyResources, sharedResources } from './translate.ts';

const NODE: EnvoyNode = {
  kind: 'envoy',
  id: 'edge',
  outbound: { host: '127.0.0.1', port: 15_001 },
  inbound: { host: '127.0.0.1', port: 15_006, service: 'orders', appPort: 80 },
  published: [{ host: '0.0.0.0', port: 8080, service: 'cart' }],
};
const REGISTRY = { instances: [instance('a')], preserving: false };
const POLICIES = `---
apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: {name: orders}
spec:
  targetRef: {kind: Service, name: orders}
  loadBalancing: {policy: PeakEwma}
  requestBreakers: [{template: 'GET /a/{id}'}]
  hedging: {percentile: 90}
  fallbacks: [{static: {body: x}}]
  inbound: {rateLimit: {requestsPerSecond: 5}, quotas: [{requestsPerSecond: 1}]}
---
apiVersion: outrider.dev/v1
kind: FaultPolicy
metadata: {name: slow}
spec: {targetRef: {kind: Service, name: orders}, for: 5m, delay: {duration: 1s, percent: 5}}
`;

t.test('a node is an Envoy by its user agent; of its metadata counts what is complete', (t) => {
  t.same(meshNode({ id: 'edge', userAgent: 'envoy', metadata: envoyMetadata(NODE) }), NODE);
  const bare = { kind: 'envoy', id: 'x', outbound: null, inbound: null, published: [] };
  for (const outrider of [
    undefined,
    1,
    { outbound: { host: '', port: 1 }, inbound: NODE.published[0], published: [1] },
  ])
    t.same(meshNode({ id: 'x', userAgent: 'envoy', metadata: { outrider } }), bare);
  const twice = { published: [{ ...NODE.published[0], service: 'shop' }, NODE.published[0]] };
  t.match(meshNode({ id: 'x', userAgent: 'envoy', metadata: { outrider: twice } }), { published: NODE.published });
  t.end();
});

t.test('an Envoy is given nothing that is not Envoy’s', (t) => {
  const state = stateOf(SERVICES + POLICIES);
  const all = [...sharedResources(state, REGISTRY, 'envoy'), ...envoyResources(state, NODE)];
  t.same(
    all.map(({ kind, name }) => `${kind} ${name}`).filter((each) => !/cart-v2|shop|EDS/.test(each)),
    [
      'CDS cart',
      'CDS orders',
      'RDS outbound',
      'LDS outbound',
      'CDS inbound',
      'CDS inbound-http1',
      'LDS inbound',
      'LDS published-8080',
    ],
  );
  // What endpoints say of themselves is plain metadata.
  const json = JSON.stringify(all.filter(({ kind }) => kind !== 'EDS'));
  t.notMatch(json, /typed_filter_metadata|filter_metadata|outrider\.|"outrider"/);
  t.match(find(all, 'CDS', 'orders'), { lb_policy: 'LEAST_REQUEST', least_request_lb_config: { choice_count: 2 } });
  const filters = JSON.stringify(find(all, 'LDS', 'inbound'));
  t.same(
    [...filters.matchAll(/"name":"(envoy\.filters\.http\.[^"]+)"/g)].map(([, name]) => name),
    ['envoy.filters.http.local_ratelimit', 'envoy.filters.http.fault.slow', 'envoy.filters.http.router'],
  );
  t.match(filters, /fixed_delay":"1s"/);
  t.end();
});

t.test('idempotent requests are tried again by Envoys as by sidecars, unless somebody wrote what is', (t) => {
  const routes = (text: string, service = 'cart') => {
    const { virtual_hosts: hosts } = find(
      sharedResources(stateOf(SERVICES + text), REGISTRY, 'envoy'),
      'RDS',
      'outbound',
    );
    const all = hosts as unknown as {
      name: string;
      routes: { match: object; route: { retry_policy: { retry_on: string } } }[];
    }[];
    const own = all.find(({ name }) => name === service)!.routes;
    return own.map(
      ({ match, route }) =>
        `${/GET|POST/.exec(JSON.stringify(match)) ?? 'any'}${/,5xx/.exec(route.retry_policy.retry_on) ?? ''}`,
    );
  };
  t.same(routes(''), ['GET,5xx', 'any']);
  t.same(routes('', 'orders'), ['any', 'GET,5xx', 'any'], 'calls stand first');
  t.same(routes('', 'cart-v2'), ['any'], 'calls are POSTs');
  const matches = (method: string) => route('cart', `{matches: [{method: ${method}}], backendRefs: [{name: cart}]}`);
  t.same(routes(matches('GET')), ['GET,5xx']);
  t.same(routes(matches('POST')), ['POST']);
  t.same(routes(route('cart', '{retry: {codes: [503]}, backendRefs: [{name: cart}]}')), ['any']);
  t.end();
});

t.test('what clients spoke decides what an application hears behind an Envoy', (t) => {
  const state = stateOf(SERVICES);
  const all = envoyResources(state, NODE);
  const spoken = (name: string) => JSON.stringify(find(all, 'CDS', name).typed_extension_protocol_options);
  t.match(spoken('inbound'), /use_downstream_protocol_config/);
  t.match(spoken('inbound-http1'), /explicit_http_config":\{"http_protocol_options/);
  const listener = JSON.stringify(find(all, 'LDS', 'inbound'));
  t.match(
    listener,
    /x-outrider-protocol","string_match":\{"exact":"HTTP\/1.1"\}\}\]\},"route":\{"cluster":"inbound-http1"/,
  );
  const http = envoyResources(state, { ...NODE, inbound: { ...NODE.inbound!, service: 'cart' } });
  t.notMatch(JSON.stringify(http), /inbound-http1/, 'an application that speaks one thing hears that');
  const toServices = sharedResources(state, REGISTRY, 'envoy');
  t.match(JSON.stringify(find(toServices, 'CDS', 'orders')), /use_downstream_protocol_config/);
  t.match(JSON.stringify(find(toServices, 'CDS', 'cart')), /explicit_http_config":\{"http2_protocol_options/);
  t.end();
});

t.test('clients from outside are believed nothing about where they come from', (t) => {
  const manager = (listener: JsonObject) => JSON.stringify(listener.filter_chains);
  const state = stateOf(SERVICES + route('r', '{backendRefs: [{name: cart}]}'));
  const all = envoyResources(state, NODE);
  t.match(manager(find(all, 'LDS', 'published-8080')), /"use_remote_address":true/);
  t.notMatch(manager(find(all, 'LDS', 'outbound')), /use_remote_address/);
  t.same(
    envoyResources(state, {
      ...NODE,
      outbound: null,
      inbound: null,
      published: [{ ...NODE.published[0]!, service: 'x' }],
    }),
    [],
    'a service that is not there is waited for',
  );
  t.end();
});

t.test('a gRPC listener that comes back is not what it was', (t) => {
  const listener = (revision: number) => {
    const state = stateOf(SERVICES);
    const workloads = new Map([...state.workloads].map(([name, each]) => [name, { ...each, revision }]));
    return find(sharedResources({ ...state, workloads }, REGISTRY, 'grpc'), 'LDS', 'cart');
  };
  t.same(listener(1), listener(1));
  t.notSame(listener(1), listener(2));
  t.end();
});
