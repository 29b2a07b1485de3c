/**
 * A sidecar that answers DNS, over real UDP and TCP, asked by Node's own resolver (c-ares) and by raw messages; behind it a
 * resolver of the test.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import t, { type Test } from 'tap';
import { SystemClock } from '../../../kernel/clock.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { SystemTimers } from '../../../kernel/timers.ts';
import type { DnsConfig, DnsDomain } from '../../../proxy/config/model/dns.ts';
import { EMPTY_SNAPSHOT } from '../../../proxy/config/snapshot.ts';
import { DataPlane } from '../../../proxy/data-plane.ts';
import { Runtime } from '../../../proxy/routing/runtime.ts';
import { cluster, endpoint, endpointSet, httpManager, listener, routeTable } from '../../fakes/config-builders.ts';
import { seededRandom } from '../../fakes/fake-random.ts';
import { freePort, freePorts } from '../../free-ports.ts';
import { untilWorks } from '../../until.ts';

const OUTRIDER = join(import.meta.dirname, '..', '..', '..', 'bin', 'outrider');

/** Answers A with 192.0.2.1, cut over UDP for `long`; says nothing about `silent`. What was asked, in lower case. */
async function startUpstream(t: Test, rcode: 'NOERROR' | 'REFUSED' = 'NOERROR') {
  const seen: string[] = [];
  const reply = (message: Buffer, transport: string) => {
    const query = decode(message);
    const name = query.questions![0]!.name;
    seen.push(`${transport} ${name.toLowerCase()}`);
    if (name.toLowerCase().startsWith('silent')) return undefined;
    const count = name.toLowerCase().startsWith('long') && transport === 'tcp' ? 100 : 1;
    const answers = Array.from({ length: count }, (_, i) => {
      return { type: 'A', name, ttl: 60, data: `192.0.2.${i + 1}` } as const;
    });
    const cut = name.toLowerCase().startsWith('long') && transport === 'udp';
    if (rcode === 'REFUSED') return encode({ ...query, type: 'response', flags: 0x0185, additionals: [] });
    const response: Packet = { ...query, type: 'response', flags: cut ? 0x0380 : 0x0180, answers: cut ? [] : answers };
    return encode({ ...response, additionals: [] });
  };
  const datagrams = createSocket('udp4');
  datagrams.on('message', (message, { port, address }) => {
    const answer = reply(message, 'udp');
    if (answer !== undefined) datagrams.send(answer, port, address);
  });
  const port = await freePort();
  datagrams.bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  const connections = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', (data: Buffer) => {
        const answer = reply(data.subarray(2), 'tcp')!;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        socket.end(Buffer.concat([length, answer]));
      });
  }).listen(port, '127.0.0.1');
  await once(connections, 'listening');
  t.teardown(() => {
    datagrams.close();
    connections.close();
  });
  return { port, seen };
}

/** One question over UDP, and the answer. */
async function exchange(
  port: number,
  name: string,
  udpBytes?: number,
  type: 'A' | 'AAAA' = 'A',
): Promise<DecodedPacket> {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: udpBytes, flags: 0, options: [] } as never;
  const additionals = udpBytes === undefined ? [] : [opt];
  const message = encode({ id: 7, type: 'query', flags: 0x100, questions: [{ name, type, class: 'IN' }], additionals });
  const socket = createSocket('udp4');
  socket.send(message, port, '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return decode(answer);
}

function resolverAt(port: number): Resolver {
  const resolver = new Resolver({ timeout: 8_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

t.test(
  'a proxy alone answers names of its file, asks others for the rest, and hands over without losing a question',
  async (t) => {
    const upstream = await startUpstream(t);
    const [port, deadPort, admin, lonePort] = await freePorts(4);
    const type = 'type.googleapis.com/envoy.extensions';
    const names = (name: string, at: number, upstreamPort: number | null) => {
      const address = { socket_address: { address: '127.0.0.1', port_value: upstreamPort } };
      const cares = { '@type': `${type}.network.dns_resolver.cares.v3.CaresDnsResolverConfig`, resolvers: [address] };
      const typed_dns_resolver_config = { name: 'cares', typed_config: cares };
      const client_config = { resolver_timeout: '1s', max_pending_lookups: 256, typed_dns_resolver_config };
      const many = Array.from({ length: 80 }, (_, i) => `10.1.0.${i}`);
      const inline_dns_table = {
        external_retry_count: 1,
        known_suffixes: [{ suffix: 'mesh' }],
        virtual_domains: [
          { name: 'catalog.mesh', endpoint: { address_list: { address: ['127.77.1.2'] } } },
          { name: 'many.mesh', endpoint: { address_list: { address: many } } },
          { name: '*.db.mesh', endpoint: { cluster_name: 'db' } },
        ],
      };
      const config = {
        '@type': `${type}.filters.udp.dns_filter.v3.DnsFilterConfig`,
        stat_prefix: name,
        server_config: { inline_dns_table },
        ...(upstreamPort === null ? {} : { client_config }),
      };
      return {
        name,
        address: { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: at } },
        udp_listener_config: {},
        listener_filters: [{ name: 'dns', typed_config: config }],
      };
    };
    const file = join(t.testdir(), 'proxy.json');
    const member = (hostname: string, address: string) => ({
      endpoint: { hostname, address: { socket_address: { address, port_value: 5432 } } },
    });
    const bootstrap = {
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: admin } } },
      static_resources: {
        listeners: [names('names', port!, upstream.port), names('dead', deadPort!, 9), names('none', lonePort!, null)],
        clusters: [
          {
            name: 'db',
            type: 'STATIC',
            load_assignment: {
              cluster_name: 'db',
              endpoints: [{ lb_endpoints: [member('db-0', '10.0.0.5'), member('db-1', '10.0.0.6')] }],
            },
          },
        ],
      },
    };
    writeFileSync(file, JSON.stringify(bootstrap));
    const child = spawn(process.execPath, [OUTRIDER, 'proxy', '-c', file, '-l', 'warning'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const admins = async (path: string, init: RequestInit = {}) =>
      (await fetch(`http://127.0.0.1:${admin}${path}`, init)).text();
    await untilWorks('the proxy is ready', async () => (await admins('/ready')).startsWith('LIVE'));

    const resolver = resolverAt(port!);
    t.same(await resolver.resolve4('CATALOG.mesh', { ttl: true }), [{ address: '127.77.1.2', ttl: 5 }]);
    await t.rejects(resolver.resolve6('catalog.mesh'), { code: 'ENODATA' });
    await t.rejects(resolver.resolve4('nosuch.mesh'), { code: 'ENOTFOUND' });
    t.same(await resolver.resolve4('db-1.db.mesh'), ['10.0.0.6'], 'one endpoint by its hostname');
    t.match(await resolver.resolveSrv('db-0.db.mesh'), [{ name: 'db-0.db.mesh', port: 5432, priority: 0, weight: 0 }]);
    await t.rejects(resolver.resolve4('db-2.db.mesh'), { code: 'ENOTFOUND' });

    t.same(await resolver.resolve4('www.example'), ['192.0.2.1'], 'others are asked');
    t.notOk(
      upstream.seen.some((each) => each.endsWith('mesh')),
      'and never about names of the mesh',
    );
    t.match(await exchange(port!, 'many.mesh', 512), { flag_tc: true }, 'more than 512 bytes are cut');
    t.match(await exchange(port!, 'many.mesh', 4_096), { flag_tc: false, answers: { length: 32 } }, 'EDNS takes more');
    t.equal((await resolver.resolve4('many.mesh')).length, 32, 'and so does TCP');
    t.match(await exchange(port!, 'long.example'), { flag_tc: true, answers: [] });
    t.equal((await resolver.resolve4('long.example')).length, 100, 'of others as well');

    const [dead, none, ...silent] = await Promise.all([
      exchange(deadPort!, 'www.example'),
      exchange(lonePort!, 'www.example'),
      ...Array.from({ length: 5 }, () => exchange(port!, 'silent.example')),
    ]);
    t.match([dead, none], [{ rcode: 'SERVFAIL' }, { rcode: 'REFUSED' }]);
    for (const each of silent) t.match(each, { rcode: 'SERVFAIL' });
    t.equal(upstream.seen.filter((each) => each.endsWith('silent.example')).length, 2, 'one question for all, twice');
    t.match(await exchange(deadPort!, 'catalog.mesh'), { rcode: 'NOERROR', flag_aa: true }, 'own names need nobody');

    const stats = await admins('/stats?filter=dns_filter.names');
    for (const [name, value] of [
      ['local_a_record_answers', /[1-9]/],
      ['cluster_a_record_answers', 2],
      ['external_asked', /[1-9]/],
      ['external_failed', 1],
      ['external_shared', 4],
      ['truncated', /[1-9]/],
      ['downstream_tx_responses.servfail', 5],
      ['downstream_rx_queries.tcp', /[1-9]/],
    ] as const)
      t.match(
        stats,
        new RegExp(
          `^dns_filter\\.names\\.${name.replaceAll('.', '\\.')}: ${value instanceof RegExp ? value.source : value}`,
          'm',
        ),
      );
    t.match(
      await admins('/stats/prometheus'),
      /envoy_dns_filter_downstream_tx_responses\{[^}]*envoy_rcode="nxdomain"[^}]*\} 2/,
    );
    t.match(await admins('/listeners'), `names::127.0.0.1:${port}`);

    let asking = true;
    let failed = 0;
    const askAll = async (transport: 'udp' | 'tcp') => {
      while (asking) {
        const asked = transport === 'udp' ? resolverAt(port!).resolve4('catalog.mesh') : overTcp(port!);
        await asked.catch(() => failed++);
      }
    };
    const asked = Promise.all([askAll('udp'), askAll('udp'), askAll('tcp')]);
    const successor = Number(/\d+/.exec(await admins('/hot_restart', { method: 'POST' }))?.[0]);
    t.teardown(() => process.kill(successor, 'SIGKILL'));
    await once(child, 'exit');
    asking = false;
    await asked;
    t.equal(failed, 0, 'no question was lost');
    t.same(await resolver.resolve4('catalog.mesh'), ['127.77.1.2']);
    t.match(await admins('/stats?filter=epoch'), 'server.hot_restart_epoch: 1');
  },
);

/** One question over a connection of its own. */
async function overTcp(port: number): Promise<void> {
  const message = encode({ id: 7, type: 'query', questions: [{ name: 'catalog.mesh', type: 'A', class: 'IN' }] });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.concat([length, message]));
  const ended = once(socket, 'close').then(() => [Buffer.alloc(14)]);
  const [answer] = (await Promise.race([once(socket, 'data'), ended])) as [Buffer];
  socket.destroy();
  if (decode(answer.subarray(2)).answers?.length !== 1) throw new Error('no answer');
}

t.test(
  'names change without a question lost, and the machine’s resolvers are asked but for this listener itself',
  async (t) => {
    const upstream = await startUpstream(t);
    let resolvConf = 'nameserver 127.0.0.1\nsearch corp.example\n';
    const plane = new DataPlane(
      {
        clock: new SystemClock(),
        timers: new SystemTimers(),
        random: seededRandom(),
        log: silentLogger,
        lookup: async (host) => [host],
        resolvConf: () => resolvConf,
      },
      new Runtime(),
    );
    t.teardown(() => plane.destroy());
    const forward = { resolvers: [], systemFirst: false, timeoutMs: 5_000, tries: 1, pendingMax: 4 };
    const at = (name: string, address: string): DnsDomain => {
      return { name, ttlSeconds: 5, leadsTo: { kind: 'addresses', addresses: [address] } };
    };
    const apply = async (port: number, change: Partial<DnsConfig>, members: readonly number[] = []) => {
      const dns = { statPrefix: 'n', domains: [], suffixes: ['mesh'], forward, ...change };
      const place = { address: { host: '127.0.0.1', port }, filterChains: [], dns };
      const endpoints = endpointSet(
        'db',
        members.map((each) => endpoint(each, { hostname: `db-${each}` })),
      );
      return plane.apply({
        ...EMPTY_SNAPSHOT,
        listeners: new Map([['names', listener('names', httpManager(routeTable('r', [])), place)]]),
        clusters: new Map([['db', cluster('db', [], { discovery: { kind: 'static', endpoints } })]]),
      });
    };
    t.same(await apply(0, { domains: [at('a.mesh', '127.77.0.1')] }), []);
    const { port } = plane.names.all()[0]!.address!;
    const resolver = resolverAt(port);
    t.same(await resolver.resolve4('a.mesh'), ['127.77.0.1']);
    t.same(await resolver.resolve4('a.mesh.corp.example'), ['127.77.0.1'], 'as a search list has it');
    await t.rejects(resolver.resolve4('b.mesh'), { code: 'ENOTFOUND' });
    const wildcard: DnsDomain = { name: '*.db.mesh', ttlSeconds: 5, leadsTo: { kind: 'cluster', name: 'db' } };
    await apply(0, { domains: [at('a.mesh', '127.77.0.2'), at('b.mesh', '127.77.0.3'), wildcard] }, [1, 2]);
    t.same(await resolver.resolve4('a.mesh'), ['127.77.0.2']);
    t.same(await resolver.resolve4('b.mesh'), ['127.77.0.3']);
    t.same(await resolver.resolve4('db-2.db.mesh'), ['127.0.0.1']);
    await apply(0, { domains: [wildcard] }, [1]);
    await t.rejects(resolver.resolve4('b.mesh'), { code: 'ENOTFOUND' });
    await t.rejects(resolver.resolve4('db-2.db.mesh'), { code: 'ENOTFOUND' });

    const other = {
      resolvers: [
        { host: '127.0.0.1', port: upstream.port },
        { host: '127.0.0.1', port },
      ],
    };
    await apply(0, { forward: { ...forward, ...other } });
    t.same(await resolver.resolve4('www.example'), ['192.0.2.1']);
    const unwilling = await startUpstream(t, 'REFUSED');
    const mute = { host: '127.0.0.1', port: 9 };
    const several = [mute, { host: '127.0.0.1', port: unwilling.port }, { host: '127.0.0.1', port: upstream.port }];
    await apply(0, { forward: { ...forward, tries: 3, resolvers: several } });
    t.same(await resolver.resolve4('one.example'), ['192.0.2.1'], 'who is dead or refuses is not the last word');
    t.same(await resolver.resolve4('two.example'), ['192.0.2.1']);
    t.same(unwilling.seen, ['udp one.example'], 'and who has answered is asked first from then on');
    await apply(0, { forward: { ...forward, tries: 2, resolvers: several.slice(0, 2) } });
    await t.rejects(resolver.resolve4('three.example'), { code: 'EREFUSED' }, 'where nobody knows more it is');
    await apply(0, { forward: { ...forward, resolvers: [{ host: '127.0.0.1', port }] } });
    const before = plane.names.all()[0]!.server.totals.queries.udp;
    await t.rejects(resolver.resolve4('www.example'), { code: 'ESERVFAIL' }, 'nobody is left but itself');
    t.equal(plane.names.all()[0]!.server.totals.queries.udp, before + 1, 'and it was not asked');
    resolvConf = '';
    await apply(0, { forward });
    await t.rejects(resolver.resolve4('www.example'), { code: 'ESERVFAIL' }, 'nobody at all');

    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    t.teardown(() => taken.close());
    const problems = await apply((taken.address() as AddressInfo).port, { domains: [at('a.mesh', '127.77.0.4')] });
    t.match(problems, [
      { kind: 'listener', name: 'names', message: /listener names: DNS cannot bind 127\.0\.0\.1:\d+: .*EADDRINUSE/ },
    ]);
    t.equal(plane.names.all()[0]!.address!.port, port, 'the one before goes on');
    await plane.apply(EMPTY_SNAPSHOT);
    t.same(plane.names.all(), []);
  },
);
