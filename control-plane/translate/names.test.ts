import t from 'tap';
import { findBrokenConstraints } from '../../protos/json/constraint.ts';
import { readJson } from '../../protos/json/read-json.ts';
import { virtualAddressesOf } from '../state/virtual-addresses.ts';
import { meshNode, nodeMetadata, type SidecarNode } from './node.ts';
import type { JsonObject } from './resource.ts';
import { find, SERVICES, stateOf } from './test-fixtures.ts';
import { nodeResources } from './translate.ts';

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

t.test('a sidecar that answers names has a listener for them, which any Envoy would take', (t) => {
  const state = stateOf(`${SERVICES}  db: {command: x, x-outrider: {port: 5432, protocol: tcp}}\n`);
  const names = (node: Partial<SidecarNode>, name = 'names') => {
    const json = find(nodeResources(state, new Map(), { ...NODE, ...node }), 'LDS', name);
    const read = readJson('envoy.config.listener.v3.Listener', json);
    if (!read.ok) throw new Error(JSON.stringify(read.issues));
    t.same(findBrokenConstraints('envoy.config.listener.v3.Listener', read.message), []);
    return json;
  };
  const { address, listener_filters } = names({ dns: { port: 15_053, ipv6: false } });
  t.match(address, { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: 15_053 } });
  const [filter] = listener_filters as readonly [{ readonly typed_config: JsonObject }];
  const table = (filter.typed_config.server_config as { readonly inline_dns_table: JsonObject }).inline_dns_table;
  const domains = table.virtual_domains as readonly { readonly name: string; readonly endpoint: JsonObject }[];
  const of = (name: string) => domains.filter((each) => each.name === name).map(({ endpoint }) => endpoint);
  const virtual = { address_list: { address: [virtualAddressesOf(state).get('shop')] } };
  t.same(of('shop'), [virtual]);
  t.match(of('shop.mesh'), [
    virtual,
    { service_list: { services: [{ targets: [{ host_name: 'shop.mesh', port: 80 }] }] } },
  ]);
  t.same(of('*.shop.mesh'), [{ cluster_name: 'shop' }]);
  t.match(of('db.mesh')[1], { service_list: { services: [{ service_name: 'tcp', targets: [{ port: 5432 }] }] } });
  t.match(names({ dns: { port: 53, ipv6: true } }, 'names-ipv6').address, { socket_address: { address: '::1' } });
  const redirect = { kind: 'redirect', egress: 'allow', ipv6: false } as const;
  t.ok(names({ interception: redirect, dns: { port: 53, ipv6: false } }));
  t.throws(() => names({}), 'nobody has asked for it');
  t.end();
});

t.test('without privileges a sidecar listens at the address of every service, as far as it may', (t) => {
  const state = stateOf(`${SERVICES}  db: {command: x, x-outrider: {port: 5432, protocol: tcp}}
  raw: {command: x, x-outrider: {protocol: tcp}}\n`);
  const made = (lowestPort: number, network = 77) =>
    nodeResources(state, new Map(), {
      ...NODE,
      interception: { kind: 'loopback', network, lowestPort },
      dns: { port: 53, ipv6: false },
    });
  const places = (resources: ReturnType<typeof made>) =>
    resources.flatMap(({ kind, name }) => (kind === 'LDS' && name.startsWith('service-') ? [name] : [])).sort();
  t.same(places(made(1_024)), ['service-db-5432'], 'the others have no other port than 80');
  const all = ['service-cart-80', 'service-cart-v2-80', 'service-db-5432', 'service-orders-80', 'service-shop-80'];
  t.same(places(made(80)), all);
  const address = virtualAddressesOf(state).get('db')!;
  const moved = address.replace('127.77', '127.91');
  t.match(find(made(1_024, 91), 'LDS', 'service-db-5432'), {
    address: { socket_address: { address: moved, port_value: 5432 } },
    enable_reuse_port: false,
    filter_chains: [{ filters: [{ typed_config: { cluster: 'db' } }] }],
  });
  t.match(JSON.stringify(find(made(1_024, 91), 'LDS', 'names')), moved, 'and names lead there');
  t.match(find(made(80), 'LDS', 'service-shop-80'), {
    default_filter_chain: { filters: [{ typed_config: { cluster: 'shop' } }] },
  });
  const told = (outrider: Record<string, unknown>) =>
    meshNode({ id: 'a', userAgent: '', metadata: { outrider: { ...nodeMetadata(NODE).outrider, ...outrider } } });
  t.match(told({ interception: 'loopback', dns_port: 15_053 }), {
    interception: { kind: 'loopback', network: 77, lowestPort: 1_024 },
    dns: { port: 15_053, ipv6: false },
  });
  for (const interception of [
    { kind: 'loopback', network: 91, lowestPort: 80 },
    { kind: 'redirect', egress: 'deny', ipv6: true },
    { kind: 'tproxy', egress: 'deny', ipv6: false },
  ] as const) {
    const node: SidecarNode = { ...NODE, interception, dns: { port: 53, ipv6: interception.kind === 'redirect' } };
    t.match(told(nodeMetadata(node).outrider), { interception, dns: node.dns });
  }
  t.end();
});
