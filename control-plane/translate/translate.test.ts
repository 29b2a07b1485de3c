import fc from 'fast-check';
import t from 'tap';
import { parsePolicy } from '../policy/parse.ts';
import type { Instance } from '../registry/instance.ts';
import { SnapshotCache } from '../snapshot/cache.ts';
import { ResourceEncoder } from '../snapshot/encoded-resource.ts';
import { apply } from '../state/apply.ts';
import { EMPTY_STATE, type HttpRoute, type Protocol, type State } from '../state/model.ts';
import { inboundListener, publishedListener } from './listeners.ts';
import { meshNode, nodeMetadata, type SidecarNode } from './node.ts';
import type { JsonObject, XdsResource } from './resource.ts';
import { orderedEntries } from './route-order.ts';
import { nodeResources, sharedResources } from './translate.ts';

const NOBODY = { instances: [], preserving: false };
const SERVICES = `services:
  cart: {command: x, ports: ['8080:80'], x-outrider: {port: 80, config: {limit: 5}}}
  cart-v2: {command: x, x-outrider: {service: shop, protocol: grpc}}
  orders: {command: x, x-outrider: {service: shop}}
`;

/** The state that comes of a text. */
function stateOf(text: string): State {
  const input = { text, file: 'mesh.yaml', dir: '/', origin: 'mesh.yaml', readFile: () => null, state: EMPTY_STATE };
  const parsed = parsePolicy(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const applied = apply(EMPTY_STATE, { kind: 'apply', origin: '', prune: false, resources: parsed.value }, 0);
  if (!applied.ok) throw new Error(applied.error.message);
  return applied.value.state;
}

const route = (name: string, rules: string, parent = 'cart') =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: ${name}}\nspec: {parentRefs: [{kind: Service, name: ${parent}}], rules: [${rules}]}\n`;

/** A resource of a list; the test fails when it is missing. */
function find(resources: readonly XdsResource[], kind: string, name: string): JsonObject {
  const found = resources.find((each) => each.kind === kind && each.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found.json;
}

/** The routes of service `cart`. */
function routesOf(rules: string): readonly JsonObject[] {
  const table = find(sharedResources(stateOf(SERVICES + route('r', rules)), NOBODY, 'sidecar'), 'RDS', 'outbound');
  const hosts = table.virtual_hosts as readonly { readonly name: string; readonly routes: readonly JsonObject[] }[];
  return hosts.find(({ name }) => name === 'cart')!.routes;
}

function instance(id: string, fields: Partial<Instance> = {}, services: readonly string[] = ['cart']): Instance {
  return {
    identity: {
      id,
      workload: 'cart',
      services,
      version: 'v1',
      zone: '',
      address: '127.0.0.1',
      port: 5000,
      protocol: 'auto',
      weight: 0,
      pid: 1,
    },
    leaseId: id,
    state: 'live',
    health: 'healthy',
    healthReason: '',
    applicationDown: false,
    connected: true,
    heardAtMs: 0,
    registeredAtMs: 0,
    drainReason: '',
    ...fields,
  };
}

const NODE: SidecarNode = {
  kind: 'sidecar',
  id: 'cart-0',
  workload: 'cart',
  services: ['cart'],
  version: 'v1',
  outboundPort: 4001,
  inboundPort: 4002,
  appPort: 4003,
};

t.test('every service has a cluster, endpoints and a virtual host, in the order of their names', (t) => {
  const resources = sharedResources(stateOf(SERVICES), NOBODY, 'sidecar');
  t.same(
    resources.map(({ kind, name }) => `${kind} ${name}`),
    [
      'CDS cart',
      'EDS cart',
      'CDS cart-v2',
      'EDS cart-v2',
      'CDS orders',
      'EDS orders',
      'CDS shop',
      'EDS shop',
      'RDS outbound',
    ],
  );
  t.match(find(resources, 'RDS', 'outbound'), {
    ignore_port_in_host_matching: true,
    virtual_hosts: [
      {
        name: 'cart',
        domains: ['cart', 'cart.mesh'],
        routes: [{ match: { prefix: '/' }, route: { cluster: 'cart', timeout: '15s' } }],
      },
    ],
  });
  t.end();
});

t.test('what an application speaks decides how far its inbound listener looks', (t) => {
  const inbound = (protocol: Protocol) => find([inboundListener(NODE, protocol)], 'LDS', 'inbound');
  const [http] = inbound('http').filter_chains as [object];
  t.match(JSON.stringify(http), /http_connection_manager.*"upgrade_type":"websocket"/);
  t.match(JSON.stringify(inbound('tcp').filter_chains), /tcp_proxy.*"cluster":"inbound"/);
  for (const protocol of ['auto', 'http2', 'grpc'] as const) {
    t.match(inbound(protocol), {
      listener_filters: [{ name: 'envoy.filters.listener.http_inspector' }],
      listener_filters_timeout: '1s',
      continue_on_listener_filters_timeout: true,
      filter_chains: [{ filter_chain_match: { application_protocols: ['http/1.0', 'http/1.1'] } }],
      default_filter_chain: { filters: [{ typed_config: { cluster: 'inbound' } }] },
    });
  }
  const port = { hostIp: '127.0.0.1', hostPort: 80 };
  t.notOk(find([publishedListener('shop', port, 'auto')], 'LDS', 'published-80').listener_filters);
  t.end();
});

t.test('a gRPC service has no route timeout, and sidecars are told to speak HTTP/1.1', (t) => {
  const resources = sharedResources(stateOf(SERVICES), NOBODY, 'sidecar');
  t.match(find(resources, 'RDS', 'outbound').virtual_hosts, [
    {},
    { routes: [{ route: { timeout: '0s', max_stream_duration: {} } }] },
  ]);
  const protocol = (name: string) => JSON.stringify(find(resources, 'CDS', name).typed_extension_protocol_options);
  t.match(protocol('cart-v2'), /"http_protocol_options"/, 'sidecars carry HTTP/1.1');
  t.match(protocol('shop'), /"http_protocol_options"/);
  t.end();
});

t.test('endpoints are those who take traffic; a suspect is marked, unless many are silent', (t) => {
  const instances = [
    instance('a'),
    instance('b', { state: 'suspect' }),
    instance('c', { state: 'draining' }),
    instance('d', { health: 'unknown' }),
    instance('e', { applicationDown: true }),
    instance('f', {}, ['other']),
  ];
  const health = (preserving: boolean) => {
    const json = JSON.stringify(
      find(sharedResources(stateOf(SERVICES), { instances, preserving }, 'sidecar'), 'EDS', 'cart'),
    );
    return [...json.matchAll(/"health_status":"(\w+)".*?"instance":"(\w)"/g)].map(
      ([, status, id]) => `${id} ${status}`,
    );
  };
  t.same(health(false), ['a HEALTHY', 'b UNHEALTHY']);
  t.same(health(true), ['a HEALTHY', 'b HEALTHY']);
  t.end();
});

t.test('a rule is translated with its matches, edits and weights', (t) => {
  const [found] = routesOf(`{
    matches: [{path: {type: PathPrefix, value: /a}, method: GET, headers: [{name: X, value: '1'}], queryParams: [{type: RegularExpression, name: q, value: 'a+'}]}],
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: s, value: 100%}], add: [{name: a, value: b}], remove: [r]}},
              {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}],
    backendRefs: [{name: cart, weight: 90}, {name: orders, weight: 10}, {name: shop, weight: 0}], timeouts: {request: 2s}}`);
  t.match(found, {
    name: 'r/0',
    match: {
      path_separated_prefix: '/a',
      headers: [
        { name: ':method', string_match: { exact: 'GET' } },
        { name: 'x', string_match: { exact: '1' } },
      ],
      query_parameters: [{ name: 'q', string_match: { safe_regex: { regex: 'a+' } } }],
    },
    route: {
      weighted_clusters: {
        clusters: [
          { name: 'cart', weight: 90 },
          { name: 'orders', weight: 10 },
        ],
      },
      timeout: '2s',
    },
    request_headers_to_add: [
      { header: { key: 's', value: '100%%' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      { header: { key: 'a', value: 'b' }, append_action: 'APPEND_IF_EXISTS_OR_ADD' },
    ],
    request_headers_to_remove: ['r'],
    response_headers_to_remove: ['server'],
  });
  t.end();
});

t.test('paths are rewritten and redirected as Gateway API means it', (t) => {
  const one = (match: string, filter: string, backend = ', backendRefs: [{name: cart}]') =>
    routesOf(`{matches: [{path: {value: ${match}}}], filters: [${filter}]${backend}}`)[0]!;
  const rewrite = (match: string, path: string) => one(match, `{type: URLRewrite, urlRewrite: {path: ${path}}}`).route;
  t.match(rewrite('/a', '{type: ReplacePrefixMatch, replacePrefixMatch: /b/}'), { prefix_rewrite: '/b' });
  t.match(rewrite('/a.b', '{type: ReplacePrefixMatch, replacePrefixMatch: /}'), {
    regex_rewrite: { pattern: { regex: '^/a\\.b/*' }, substitution: '/' },
  });
  t.match(rewrite('/', '{type: ReplacePrefixMatch, replacePrefixMatch: /b}'), { prefix_rewrite: '/b/' });
  t.match(rewrite('/a', '{type: ReplaceFullPath, replaceFullPath: /c}'), {
    regex_rewrite: { pattern: { regex: '^/.*$' }, substitution: '/c' },
  });
  t.match(
    one(
      '/a',
      '{type: RequestRedirect, requestRedirect: {scheme: https, hostname: h, port: 8443, statusCode: 308, path: {type: ReplaceFullPath, replaceFullPath: /c}}}',
      '',
    ),
    {
      redirect: {
        scheme_redirect: 'https',
        host_redirect: 'h',
        port_redirect: 8443,
        path_redirect: '/c',
        response_code: 'PERMANENT_REDIRECT',
      },
    },
  );
  t.end();
});

t.test('a rule whose backends all weigh nothing answers 500', (t) => {
  t.match(routesOf('{backendRefs: [{name: cart, weight: 0}]}')[0], { direct_response: { status: 500 } });
  t.end();
});

t.test('the most specific match wins, whatever the order in which routes and rules were written', (t) => {
  const rule = (match: string) => `{matches: [${match}], backendRefs: [{name: cart}]}`;
  const rules = [
    rule('{path: {type: Exact, value: /a/b}}'),
    rule('{path: {type: RegularExpression, value: /a/.+}}'),
    rule('{path: {value: /a/b}, method: GET, headers: [{name: x, value: "1"}]}'),
    rule('{path: {value: /a/b}, method: GET}'),
    rule('{path: {value: /a/b}, headers: [{name: x, value: "1"}, {name: y, value: "1"}]}'),
    rule('{path: {value: /a/b}, headers: [{name: x, value: "1"}], queryParams: [{name: q, value: "1"}]}'),
    rule('{path: {value: /a/b}}'),
    rule('{path: {value: /a}, method: GET}'),
    rule('{}'),
  ];
  const property = fc.property(fc.shuffledSubarray(rules, { minLength: rules.length }), (shuffled) => {
    const wanted = routesOf(rules.join()).map(({ match }) => JSON.stringify(match));
    return (
      JSON.stringify(routesOf(shuffled.join()).map(({ match }) => JSON.stringify(match))) === JSON.stringify(wanted)
    );
  });
  fc.assert(property, { numRuns: 30 });
  t.match(
    routesOf(rules.toReversed().join()).map(({ match }) => match),
    [
      { path: '/a/b' },
      { safe_regex: {} },
      { path_separated_prefix: '/a/b', headers: [{ name: ':method' }, { name: 'x' }] },
      { path_separated_prefix: '/a/b', headers: [{ name: ':method' }] },
      { path_separated_prefix: '/a/b', headers: [{ name: 'x' }, { name: 'y' }] },
      { path_separated_prefix: '/a/b', query_parameters: [{ name: 'q' }] },
      { path_separated_prefix: '/a/b' },
      { path_separated_prefix: '/a' },
      { prefix: '/' },
    ],
  );
  t.end();
});

t.test('between equal matches the older route wins, then the name', (t) => {
  const made = (name: string, createdAtMs: number) => {
    const state = stateOf(SERVICES + route(name, '{backendRefs: [{name: cart}]}'));
    return { ...state.routes.get(name)!, createdAtMs } as HttpRoute;
  };
  const entries = orderedEntries([made('c', 2), made('b', 2), made('z', 1)]);
  t.same(
    entries.map((entry) => entry.route.name),
    ['z', 'b', 'c'],
  );
  t.end();
});

t.test('a sidecar has its own listeners, its application and what concerns its workload', (t) => {
  const resources = nodeResources(stateOf(SERVICES), { instances: [instance('a')], preserving: false }, NODE);
  t.same(
    resources.map(({ kind, name }) => `${kind} ${name}`),
    ['CDS inbound', 'LDS outbound', 'LDS inbound', 'LDS published-8080', 'CONFIG cart', 'SCALING cart'],
  );
  t.match(find(resources, 'CONFIG', 'cart'), { revision: 1, entries: [{ key: 'limit', text: '5', revision: 1 }] });
  t.match(find(resources, 'SCALING', 'cart'), { desired_replicas: 1, ready_replicas: 1, reason: 'as written' });
  t.end();
});

t.test('a node is what its metadata say, or a gRPC client', (t) => {
  t.same(meshNode({ id: 'cart-0', metadata: nodeMetadata(NODE) }), NODE);
  const { app_port: _, ...incomplete } = nodeMetadata(NODE).outrider;
  for (const metadata of [undefined, {}, { outrider: 1 }, { outrider: incomplete }]) {
    t.same(meshNode({ id: 'x', metadata }), { kind: 'proxyless', id: 'x' });
  }
  t.end();
});

t.test('a gRPC client finds a listener by name, and nothing that it would refuse', (t) => {
  const state = stateOf(SERVICES + route('r', '{filters: [{type: RequestRedirect, requestRedirect: {}}]}'));
  const resources = sharedResources(state, NOBODY, 'grpc');
  t.same(
    resources
      .filter(({ onDemand }) => onDemand)
      .map(({ kind, name }) => `${kind} ${name}`)
      .slice(0, 3),
    ['RDS cart', 'LDS cart', 'LDS cart:80'],
  );
  t.match(find(resources, 'CDS', 'cart'), { lb_policy: 'ROUND_ROBIN' });
  t.match(find(resources, 'RDS', 'cart'), {
    virtual_hosts: [
      { domains: ['cart', 'cart.mesh', 'cart:*', 'cart.mesh:*'], routes: [{ non_forwarding_action: {} }] },
    ],
  });
  t.end();
});

t.test('everything that is made can be encoded, and is encoded once', (t) => {
  const all = `${SERVICES}${route('r', '{matches: [{path: {value: /a}}], filters: [{type: URLRewrite, urlRewrite: {hostname: h, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}], backendRefs: [{name: cart}]}, {backendRefs: [{name: cart, weight: 0}]}, {matches: [{path: {value: /r}}], filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}}]}')}`;
  const encoder = new ResourceEncoder();
  const registry = { instances: [instance('a')], preserving: false };
  const make = () => [
    ...sharedResources(stateOf(all), registry, 'sidecar'),
    ...sharedResources(stateOf(all), registry, 'grpc').map((each) => ({ ...each, onDemand: true })),
    ...nodeResources(stateOf(all), registry, NODE),
  ];
  const first = make().map((each) => encoder.encode(each));
  encoder.endRound();
  const second = make().map((each) => encoder.encode(each));
  t.ok(first.every((each, i) => each === second[i]));
  t.equal(first.length, 32);
  t.end();
});

t.test('a change of one service leaves the bytes of the others as they are', (t) => {
  const state = stateOf(SERVICES);
  const cache = new SnapshotCache(state, NOBODY);
  const before = cache.snapshotFor(NODE);
  cache.refresh(state, { instances: [instance('a')], preserving: false });
  const after = cache.snapshotFor(NODE);
  t.equal(after.generation, before.generation + 1);
  t.not(after.kinds.get('EDS')?.get('cart')?.hash, before.kinds.get('EDS')?.get('cart')?.hash);
  t.equal(after.kinds.get('EDS')?.get('shop'), before.kinds.get('EDS')?.get('shop'));
  t.equal(after.kinds.get('LDS')?.get('outbound'), before.kinds.get('LDS')?.get('outbound'));
  t.end();
});
