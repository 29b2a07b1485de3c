/**
 * One file for a real Envoy and for us: a listener of UDP with a table of names, asked the same questions. Where the answers
 * differ, docs/dns.md says so.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decode, encode } from 'dns-packet';
import t, { type Test } from 'tap';
import { stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { nodeResources } from '../../control-plane/translate/translate.ts';
import { ENVOY } from '../envoy-cases/suite.ts';
import { freePorts } from '../free-ports.ts';
import { OUTRIDER } from '../integration/running-up.ts';
import { until } from '../until.ts';

const skip = existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it';
const UPSTREAM = '192.0.2.53';
const MESH = `services:
  cart: {command: x, x-outrider: {port: 8080, protocol: http}}
  shop: {command: x}
`;
/** Envoy's own features that the mesh does not write. */
const MORE = [
  { name: 'two.example', endpoint: { address_list: { address: ['192.0.2.1', '2001:db8::1'] } }, answer_ttl: '60s' },
  { name: '*.wild.example', endpoint: { address_list: { address: ['192.0.2.2'] } }, answer_ttl: '60s' },
  { name: 'db.example', endpoint: { cluster_name: 'db' }, answer_ttl: '60s' },
  { name: 'srv.example', endpoint: { address_list: { address: ['192.0.2.3'] } }, answer_ttl: '60s' },
  {
    name: 'srv.example',
    endpoint: {
      service_list: {
        services: [
          {
            service_name: 'sip',
            protocol: { name: 'tcp' },
            ttl: '60s',
            targets: [{ host_name: 'two.example', priority: 3, weight: 4, port: 5060 }],
          },
        ],
      },
    },
  },
];

/** The listener that the control plane writes, with more names. */
function listener(port: number, upstream: number): object {
  const node = { kind: 'sidecar', id: 'cart-0', workload: 'cart', services: ['cart'], version: 'v1' } as const;
  const ports = { outboundPort: 1, inboundPort: 2, appPort: 3, dns: { port, ipv6: false } };
  const resources = nodeResources(stateOf(MESH), new Map(), { ...node, ...ports });
  const json = structuredClone(resources.find(({ name }) => name === 'names')!.json) as {
    listener_filters: {
      typed_config: { client_config: object; server_config: { inline_dns_table: { virtual_domains: object[] } } };
    }[];
  };
  const filter = json.listener_filters[0]!.typed_config;
  filter.server_config.inline_dns_table.virtual_domains.push(...MORE);
  const type = 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig';
  const resolvers = [{ socket_address: { address: '127.0.0.1', port_value: upstream } }];
  const typed_dns_resolver_config = {
    name: 'envoy.network.dns_resolver.cares',
    typed_config: { '@type': type, resolvers },
  };
  filter.client_config = { ...filter.client_config, resolver_timeout: '2s', typed_dns_resolver_config };
  return json;
}

async function start(t: Test, file: string, admin: number, command: readonly string[]): Promise<void> {
  const [program, ...args] = command;
  const child = spawn(program!, [...args, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  t.teardown(() => child.kill('SIGKILL'));
  await until('it is ready', async () => {
    if (child.exitCode !== null) throw new Error(said);
    return (await fetch(`http://127.0.0.1:${admin}/ready`).catch(() => null))?.ok === true;
  });
}

/** Code and records, sorted. */
async function ask(port: number, name: string, type: 'A' | 'AAAA' | 'SRV') {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.send(
    encode({ id: 7, type: 'query', flags: 0x100, questions: [{ name, type, class: 'IN' }] }),
    port,
    '127.0.0.1',
  );
  const [message] = (await once(socket, 'message')) as [Buffer];
  const { rcode, answers = [] } = decode(message) as ReturnType<typeof decode> & { readonly rcode: string };
  const records = answers.map((each) =>
    'data' in each ? JSON.stringify([each.type, each.name, 'ttl' in each && each.ttl, each.data]) : '',
  );
  return { rcode, records: records.sort() };
}

t.test('the listener for DNS of a mesh is Envoy’s own, and answers alike', { skip, timeout: 60_000 }, async (t) => {
  const upstream = createSocket('udp4');
  upstream.on('message', (message, { port, address }) => {
    const query = decode(message);
    const [{ name, type }] = query.questions as [{ name: string; type: string }];
    const answers = type === 'A' ? [{ type: 'A' as const, name, ttl: 60, data: UPSTREAM }] : [];
    upstream.send(encode({ ...query, type: 'response', flags: 0x180, answers, additionals: [] }), port, address);
  });
  upstream.bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.teardown(() => upstream.close());
  const [envoyPort, envoyAdmin, ownPort, ownAdmin] = (await freePorts(4)) as [number, number, number, number];
  const cluster = (name: string, ...addresses: readonly string[]) => ({
    name,
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: addresses.map((address) => ({
            endpoint: { address: { socket_address: { address, port_value: 5432 } } },
          })),
        },
      ],
    },
  });
  const bootstrap = (name: string, port: number, admin: number) => {
    const file = path.join(dir, `${name}.json`);
    const clusters = [cluster('db', '10.0.0.5', '10.0.0.6'), cluster('cart', '10.0.0.7'), cluster('shop', '10.0.0.8')];
    const address = { socket_address: { address: '127.0.0.1', port_value: admin } };
    const listeners = [listener(port, upstream.address().port)];
    writeFileSync(file, JSON.stringify({ admin: { address }, static_resources: { listeners, clusters } }));
    return file;
  };
  const dir = t.testdir({});
  await start(t, bootstrap('envoy', envoyPort, envoyAdmin), envoyAdmin, [
    ENVOY,
    '--concurrency',
    '1',
    '--base-id',
    String(process.pid),
  ]);
  await start(t, bootstrap('own', ownPort, ownAdmin), ownAdmin, [process.execPath, OUTRIDER, 'proxy']);
  const both = async (name: string, type: 'A' | 'AAAA' | 'SRV' = 'A') => {
    const [envoy, own] = await Promise.all([ask(envoyPort, name, type), ask(ownPort, name, type)]);
    return { envoy, own };
  };
  // Of wildcards, clusters, what the mesh writes and what others answer, Envoy has names live for 300 s.
  const withoutTtl = ({ rcode, records }: Awaited<ReturnType<typeof ask>>) => ({
    rcode,
    records: records.map((each) => each.replace(/,(5|60|300),/, ',').toLowerCase()),
  });
  for (const [name, type] of [
    ['two.example', 'A'],
    ['two.example', 'AAAA'],
    ['a.wild.example', 'A'],
    ['b.a.wild.example', 'A'],
    ['db.example', 'A'],
    ['_sip._tcp.srv.example', 'SRV'],
    ['elsewhere.example', 'A'],
    ['cart.mesh', 'A'],
    ['shop.mesh', 'A'],
    ['cart-1.cart.mesh', 'A'],
    ['_http._tcp.cart.mesh', 'SRV'],
  ] as const) {
    const { envoy, own } = await both(name, type);
    t.same(withoutTtl(own), withoutTtl(envoy), `${type} ${name}`);
    t.equal(own.rcode, 'NOERROR', name);
    t.ok(own.records.length > 0, name);
  }
  const exact = await both('two.example');
  t.same(exact.own, exact.envoy, 'a name of its own lives as long as it says');
  // What docs/dns.md says of Envoy.
  t.match(
    await both('TWO.example'),
    { envoy: { records: [/192\.0\.2\.53/] }, own: { records: [/192\.0\.2\.1/] } },
    'letters',
  );
  t.match(
    await both('cart'),
    { envoy: { records: [/10\.0\.0\.7/] }, own: { records: [/127\.77\./] } },
    'names of clusters',
  );
  t.match(
    await both('nosuch.mesh'),
    { envoy: { records: [/192\.0\.2\.53/] }, own: { rcode: 'NXDOMAIN' } },
    'known suffixes',
  );
});
