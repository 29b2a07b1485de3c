import t from 'tap';
import { SnapshotCache } from '../snapshot/cache.ts';
import { ResourceEncoder } from '../snapshot/encoded-resource.ts';
import type { Protocol } from '../state/model.ts';
import { inboundCluster } from './clusters.ts';
import { HTTP2_OPTIONS } from './defaults.ts';
import type { Dialect } from './dialect.ts';
import { readyCounts } from './endpoints.ts';
import { inboundListener, publishedListener } from './listeners.ts';
import { meshNode, nodeMetadata, type SidecarNode } from './node.ts';
import type { JsonObject } from './resource.ts';
import { contextOf, find, grpcRoute, instance, NOBODY, route, SERVICES, stateOf } from './test-fixtures.ts';
import { nodeResources, sharedResources } from './translate.ts';

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
  const inbound = (protocol: Protocol) => find([inboundListener(NODE, protocol, false, [])], 'LDS', 'inbound');
  t.match(JSON.stringify(inbound('tcp').filter_chains), /tcp_proxy.*"cluster":"inbound"/);
  t.match(inbound('auto'), {
    listener_filters: [{ name: 'envoy.filters.listener.http_inspector' }],
    listener_filters_timeout: '1s',
    continue_on_listener_filters_timeout: true,
    filter_chains: [{ filter_chain_match: { application_protocols: ['http/1.0', 'http/1.1', 'h2c'] } }],
    default_filter_chain: { filters: [{ typed_config: { cluster: 'inbound' } }] },
  });
  for (const protocol of ['auto', 'http', 'http2', 'grpc'] as const) {
    t.match(inbound(protocol).filter_chains, [
      {
        filters: [
          {
            typed_config: {
              codec_type: 'AUTO',
              http2_protocol_options: { ...HTTP2_OPTIONS, allow_connect: true },
              common_http_protocol_options: { max_headers_count: 100 },
              max_request_headers_kb: 60,
              upgrade_configs: [{ upgrade_type: 'websocket' }],
            },
          },
        ],
      },
    ]);
    if (protocol !== 'auto') t.notOk(inbound(protocol).listener_filters);
  }
  t.end();
});

t.test('a published port takes HTTP of either version without a look at the first bytes, or bytes', (t) => {
  const port = { hostIp: '127.0.0.1', hostPort: 80 };
  const published = (protocol: Protocol) =>
    find([publishedListener(contextOf('shop', protocol), port, null)], 'LDS', 'published-80');
  for (const protocol of ['auto', 'http', 'http2', 'grpc'] as const) {
    t.match(published(protocol).filter_chains, [
      { filters: [{ typed_config: { codec_type: 'AUTO', http2_protocol_options: HTTP2_OPTIONS } }] },
    ]);
    t.notOk(published(protocol).listener_filters);
    t.notOk(published(protocol).default_filter_chain);
  }
  t.match(JSON.stringify(published('tcp').filter_chains), /tcp_proxy.*"cluster":"shop"/);
  t.end();
});

/** The HTTP options and Outrider's switches of a cluster. */
function hop(cluster: JsonObject): { readonly http: object; readonly switches: unknown } {
  const options = cluster.typed_extension_protocol_options as { readonly [name: string]: JsonObject };
  const { '@type': _type, common_http_protocol_options: _common, ...http } = Object.values(options)[0]!;
  return {
    http,
    switches: (cluster.metadata as { filter_metadata: JsonObject } | undefined)?.filter_metadata?.outrider,
  };
}

const HTTP1 = { explicit_http_config: { http_protocol_options: {} } };
const HTTP2 = { explicit_http_config: { http2_protocol_options: HTTP2_OPTIONS } };

t.test('sidecars speak HTTP/2 to each other, and carry over it what the client spoke where that matters', (t) => {
  const toService = (protocol: Protocol, dialect: Dialect) => {
    const state = stateOf(`services: {x: {command: x, x-outrider: {protocol: ${protocol}}}}`);
    return hop(find(sharedResources(state, NOBODY, dialect), 'CDS', 'x'));
  };
  for (const protocol of ['http', 'http2', 'grpc'] as const)
    t.same(toService(protocol, 'sidecar'), { http: HTTP2, switches: undefined });
  t.same(toService('auto', 'sidecar'), { http: HTTP2, switches: { carry_protocol: true } });
  t.same(toService('tcp', 'sidecar'), { http: HTTP1, switches: undefined }, 'bytes need no HTTP options');
  const clients = { http: { explicit_http_config: { http2_protocol_options: {} } }, switches: undefined };
  for (const protocol of ['http2', 'grpc'] as const) t.same(toService(protocol, 'grpc'), clients);
  for (const protocol of ['auto', 'http', 'tcp'] as const)
    t.same(toService(protocol, 'grpc'), { http: HTTP1, switches: undefined });
  t.end();
});

t.test('an application hears the version that it names, or the one that the client spoke', (t) => {
  const toApplication = (protocol: Protocol) => hop(find([inboundCluster(NODE, protocol)], 'CDS', 'inbound'));
  const switches = { learn_idle_timeout: true };
  for (const protocol of ['http', 'tcp'] as const) t.same(toApplication(protocol), { http: HTTP1, switches });
  for (const protocol of ['http2', 'grpc'] as const) t.same(toApplication(protocol), { http: HTTP2, switches });
  t.same(toApplication('auto'), {
    http: { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: HTTP2_OPTIONS } },
    switches: { ...switches, carry_protocol: true },
  });
  t.end();
});

t.test('what the client spoke is kept from an application that never asks, in a service of several kinds', (t) => {
  const inbound = (other: Protocol, workload: string) => {
    const state = stateOf(`services:
  a: {command: x, x-outrider: {service: g, protocol: http}}
  b: {command: x, x-outrider: {service: g, protocol: ${other}}}
`);
    const node = { ...NODE, workload, services: [workload, 'g'] };
    return JSON.stringify(find(nodeResources(state, new Map(), node), 'LDS', 'inbound'));
  };
  const removed = /"request_headers_to_remove":\["x-outrider-protocol"\]/;
  t.match(inbound('grpc', 'a'), removed, 'the members differ, so that callers take it for auto');
  t.match(inbound('auto', 'a'), removed);
  t.notMatch(inbound('auto', 'b'), removed, 'it is read there');
  t.notMatch(inbound('http', 'a'), removed, 'nobody tells');
  t.end();
});

t.test('endpoints are those who take traffic; a suspect is marked, unless many are silent', (t) => {
  const instances = [
    instance('a', { address: '10.0.0.1' }),
    instance('b', { address: '10.0.0.2' }, { state: 'suspect' }),
    instance('c', {}, { state: 'draining' }),
    instance('d', {}, { health: 'unknown' }),
    instance('e', {}, { applicationDown: true }),
    instance('f', { services: ['other'] }),
  ];
  const health = (preserving: boolean) => {
    const json = JSON.stringify(
      find(sharedResources(stateOf(SERVICES), { instances, preserving }, 'sidecar'), 'EDS', 'cart'),
    );
    return [...json.matchAll(/"address":"([\d.]+)".*?"health_status":"(\w+)"/g)].map(
      ([, address, status]) => `${address} ${status}`,
    );
  };
  t.same(health(false), ['10.0.0.1 HEALTHY', '10.0.0.2 UNHEALTHY']);
  t.same(health(true), ['10.0.0.1 HEALTHY', '10.0.0.2 HEALTHY']);
  t.end();
});

t.test('an endpoint carries the labels that subsets are made of, and no others', (t) => {
  const labelsOf = (policy: string) => {
    const state = stateOf(`${SERVICES}${policy}`);
    const endpoints = find(
      sharedResources(state, { instances: [instance('a')], preserving: false }, 'sidecar'),
      'EDS',
      'cart',
    );
    return JSON.stringify(endpoints).match(/"filter_metadata":(\{.*?\}\})/)?.[1];
  };
  t.equal(labelsOf(''), undefined);
  const policy = (keys: string) => `---
apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: {name: cart}
spec: {targetRef: {kind: Service, name: cart}, loadBalancing: {subsets: [{keys: [${keys}]}]}}
`;
  t.equal(labelsOf(policy('version')), '{"envoy.lb":{"version":"v1"}}');
  t.equal(labelsOf(policy('zone, version')), '{"envoy.lb":{"version":"v1","zone":""}}');
  t.end();
});

t.test('a sidecar has its own listeners, its application and what concerns its workload', (t) => {
  const resources = nodeResources(stateOf(SERVICES), new Map([['cart', 1]]), NODE);
  t.same(
    resources.map(({ kind, name }) => `${kind} ${name}`),
    ['CDS inbound', 'LDS outbound', 'LDS inbound', 'LDS published-8080', 'CONFIG cart', 'SCALING cart'],
  );
  t.match(find(resources, 'CONFIG', 'cart'), { revision: 1, entries: [{ key: 'limit', text: '5', revision: 1 }] });
  t.match(find(resources, 'SCALING', 'cart'), { desired_replicas: 1, ready_replicas: 1, reason: 'as written' });
  t.end();
});

t.test('a node is what its metadata say, or a gRPC client', (t) => {
  t.same(meshNode({ id: 'cart-0', userAgent: 'outrider', metadata: nodeMetadata(NODE) }), NODE);
  const { app_port: _, ...incomplete } = nodeMetadata(NODE).outrider;
  for (const metadata of [undefined, {}, { outrider: 1 }, { outrider: incomplete }]) {
    t.same(meshNode({ id: 'x', userAgent: '', metadata }), { kind: 'proxyless', id: 'x' });
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
  const cluster = find(resources, 'CDS', 'cart');
  t.match(cluster, { lb_policy: 'ROUND_ROBIN' });
  t.notMatch(JSON.stringify(cluster), /outrider/);
  t.match(find(resources, 'RDS', 'cart'), {
    virtual_hosts: [
      { domains: ['cart', 'cart.mesh', 'cart:*', 'cart.mesh:*'], routes: [{ non_forwarding_action: {} }] },
    ],
  });
  t.end();
});

t.test('a sidecar balances by latency and ejects with care', (t) => {
  const cluster = find(sharedResources(stateOf(SERVICES), NOBODY, 'sidecar'), 'CDS', 'cart');
  const { policies } = cluster.load_balancing_policy as unknown as {
    readonly policies: readonly { readonly typed_extension_config: JsonObject }[];
  };
  t.match(
    policies.map(({ typed_extension_config: each }) => each.typed_config),
    [{ '@type': /outrider.lb.v1.PeakEwma$/, slow_start_config: { slow_start_window: '30s' } }],
  );
  t.match(cluster.metadata, {
    typed_filter_metadata: {
      'outrider.resilience.v1.ClusterPolicy': {
        ejection: { keep_last: true, exponential: true, probe: true },
        slow_start_successes: 50,
      },
    },
  });
  t.end();
});

t.test('everything that is made can be encoded, and is encoded once', (t) => {
  const all = `${SERVICES}${route('r', '{matches: [{path: {value: /a}}], filters: [{type: URLRewrite, urlRewrite: {hostname: h, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}], backendRefs: [{name: cart}]}, {backendRefs: [{name: cart, weight: 0}]}, {matches: [{path: {value: /r}}], filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}}]}')}${grpcRoute('g', '{matches: [{method: {method: M}, headers: [{name: x, value: y}]}], backendRefs: [{name: cart}]}, {backendRefs: [{name: cart, weight: 0}]}', 'orders')}`;
  const encoder = new ResourceEncoder();
  const registry = { instances: [instance('a')], preserving: false };
  const make = () => [
    ...sharedResources(stateOf(all), registry, 'sidecar'),
    ...sharedResources(stateOf(all), registry, 'grpc').map((each) => ({ ...each, onDemand: true })),
    ...nodeResources(stateOf(all), readyCounts(registry), NODE),
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

t.test('a sidecar that is handed connections has listeners for them, and lets out of the mesh what it may', (t) => {
  const state = stateOf(SERVICES);
  const made = (interception: NonNullable<SidecarNode['interception']>) =>
    nodeResources(state, new Map(), { ...NODE, interception });
  const listeners = (resources: ReturnType<typeof made>) =>
    resources.flatMap(({ kind, json }) => (kind === 'LDS' ? [json.address] : []));
  const place = (address: string, port_value: number) => ({ socket_address: { address, port_value } });
  const allowed = made({ kind: 'redirect', egress: 'allow', ipv6: true });
  const all = [place('127.0.0.1', 4001), place('0.0.0.0', 4002), place('::1', 4001), place('::', 4002)];
  t.same(listeners(allowed).slice(0, 4), all);
  t.ok(find(allowed, 'LDS', 'outbound').default_filter_chain);
  const denied = made({ kind: 'redirect', egress: 'deny', ipv6: false });
  t.same(listeners(denied).slice(0, 2), all.slice(0, 2));
  t.notOk(find(denied, 'LDS', 'outbound').default_filter_chain);
  const last = (resources: ReturnType<typeof made>) =>
    (find(resources, 'RDS', 'redirected').virtual_hosts as readonly JsonObject[]).at(-1);
  t.match(last(allowed), { domains: ['*'], routes: [{ route: { cluster: 'original_destination' } }] });
  t.match(last(denied), { domains: ['*'], routes: [{ direct_response: { status: 502 } }] });
  t.match(find(denied, 'RDS', 'redirected').virtual_hosts, [{ domains: ['cart', 'cart.mesh', /^127\.77\./] }]);
  const told = (outrider: Record<string, unknown>) =>
    meshNode({ id: 'a', userAgent: '', metadata: { outrider: { ...nodeMetadata(NODE).outrider, ...outrider } } });
  t.notMatch(told({}), { interception: {} });
  t.match(told({ interception: 'redirect' }), { interception: { egress: 'allow', ipv6: false } });
  t.match(told({ interception: 'redirect', egress: 'alow' }), { interception: { egress: 'deny' } });
  t.match(told({ interception: 'tproxy' }), { interception: { kind: 'tproxy', egress: 'allow' } });

  const kept = made({ kind: 'tproxy', egress: 'allow', ipv6: true });
  const unlike = (resources: ReturnType<typeof made>) =>
    resources.filter(({ kind, name }) => !(kind === 'LDS' && name.startsWith('inbound')) && name !== 'inbound-ipv6');
  t.same(unlike(kept), unlike(allowed), 'with the addresses of clients, only the way in is another');
  for (const [name, cluster, address] of [
    ['inbound', 'inbound', '127.0.0.1'],
    ['inbound-ipv6', 'inbound-ipv6', '::1'],
  ] as const) {
    const { transparent, listener_filters, ...chains } = find(kept, 'LDS', name);
    t.equal(transparent, true);
    t.match(listener_filters, [{ name: /original_dst$/ }, { name: /original_src$/, typed_config: { mark: 1337 } }]);
    t.match(JSON.stringify(chains), `"cluster":"${cluster}"`);
    t.match(JSON.stringify(find(kept, 'CDS', cluster)), `"address":"${address}"`);
  }
  t.notOk(find(allowed, 'LDS', 'inbound').transparent);
  t.end();
});
