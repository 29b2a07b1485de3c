/**
 * The DNS server of a control plane, asked by Node's own resolver (c-ares) and by raw messages.
 */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { decode, encode } from 'dns-packet';
import t, { type Test } from 'tap';
import type { DnsSettings } from '../../../control-plane/dns/settings.ts';
import { FORWARD_OPTIONS, Forwarder } from '../../../kernel/dns/forwarder.ts';
import { type Query, readQuery } from '../../../kernel/dns/query.ts';
import { SystemTimers } from '../../../kernel/timers.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

const MESH = `services:
  catalog: {image: vm, deploy: {replicas: 0}, x-outrider: {protocol: http}}
`;

async function start(t: Test, change: Partial<DnsSettings> = {}) {
  const dns = { listen: { host: '127.0.0.1', port: 0 }, domain: 'mesh', forward: [], ...change };
  const controlPlane = await startTestControlPlane(t.testdir(), {}, undefined, dns);
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  await apply(controlPlane, MESH);
  const resolver = new Resolver({ timeout: 5_000, tries: 2 });
  resolver.setServers([controlPlane.dnsAddress!]);
  const port = Number(controlPlane.dnsAddress!.split(':')[1]);
  const put = (id: string, address: string, port: number, more = {}) =>
    call(controlPlane, 'PUT', `/v1/instances/${id}`, { service: 'catalog', address, port, ...more });
  const metrics = async () => (await fetch(`${controlPlane.httpAddress}/metrics`)).text();
  return { controlPlane, resolver, port, put, metrics };
}

/** One message to a server, and its answer. */
async function exchange(port: number, message: Buffer) {
  const socket = createSocket('udp4');
  socket.send(message, port, '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return answer;
}

const question = (name: string, type: 'A' | 'SRV' = 'A', id = 1) =>
  encode({ id, type: 'query', flags: 0x100, questions: [{ name, type, class: 'IN' }] });

t.test('services and instances are found by name, as they come and go', async (t) => {
  const { controlPlane, resolver, put, metrics } = await start(t);
  await t.rejects(resolver.resolve4('catalog.mesh'), { code: 'ENODATA' }, 'nobody is there');
  await put('catalog-1', '127.0.0.7', 8080, { metadata: { tier: 'gold' }, weight: 30 });
  await put('catalog-2', 'fd00::7', 8081);
  t.same(await resolver.resolve4('CATALOG.mesh', { ttl: true }), [{ address: '127.0.0.7', ttl: 5 }]);
  t.same(await resolver.resolve6('catalog.mesh'), ['fd00::7']);
  t.same(await resolver.resolve4('catalog-1.catalog.mesh'), ['127.0.0.7']);
  await t.rejects(resolver.resolve6('catalog-1.catalog.mesh'), { code: 'ENODATA' });
  const srv = await resolver.resolveSrv('_http._tcp.catalog.mesh');
  t.match(
    srv.toSorted((a, b) => a.port - b.port),
    [
      { name: 'catalog-1.catalog.mesh', port: 8080, weight: 30 },
      { name: 'catalog-2.catalog.mesh', port: 8081, weight: 100 },
    ],
  );
  t.same(await resolver.resolveTxt('catalog-1.catalog.mesh'), [['tier=gold', 'version=v1']]);
  t.match(await resolver.resolveSoa('mesh'), { nsname: 'ns.mesh', minttl: 1 });
  await t.rejects(resolver.resolve4('nothing.mesh'), { code: 'ENOTFOUND' });
  await t.rejects(resolver.resolve4('example.com'), { code: 'EREFUSED' });
  await call(controlPlane, 'POST', '/v1/instances/catalog-1/renew', { health: 'unhealthy' });
  await t.rejects(resolver.resolve4('catalog.mesh'), { code: 'ENODATA' });
  await call(controlPlane, 'DELETE', '/v1/instances/catalog-2');
  await t.rejects(resolver.resolve6('catalog.mesh'), { code: 'ENODATA' });
  const text = await metrics();
  t.match(text, /dns_answers_total\{rcode="NXDOMAIN"\} [1-9]/);
  t.match(text, /dns_answers_total\{rcode="REFUSED"\} [1-9]/);
  t.match(text, /dns_queries_total\{transport="udp"\} [1-9]/);
});

t.test('what does not fit a datagram is fetched over TCP, also many at once on one connection', async (t) => {
  const { resolver, put, port, metrics } = await start(t);
  for (let i = 0; i < 40; i++) await put(`catalog-${i}`, `10.0.0.${i}`, 8000 + i);
  t.match(decode(await exchange(port, question('_http._tcp.catalog.mesh', 'SRV'))), { flag_tc: true });
  t.equal((await resolver.resolveSrv('_http._tcp.catalog.mesh')).length, 32, 'the resolver came back over TCP');
  t.match(await metrics(), /dns_queries_total\{transport="tcp"\} 1/);
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const framed = Array.from({ length: 100 }, (_, id) => {
    const message = question('catalog.mesh', 'A', id);
    return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
  });
  socket.write(Buffer.concat(framed));
  let read: Buffer = Buffer.alloc(0);
  const ids = new Set<number>();
  for await (const bytes of socket) {
    read = Buffer.concat([read, bytes as Buffer]);
    while (read.length >= 2 && read.length >= read.readUInt16BE(0) + 2) {
      const end = read.readUInt16BE(0) + 2;
      const { id, answers } = decode(read.subarray(2, end));
      if (answers!.length === 32) ids.add(id!);
      read = read.subarray(end);
    }
    if (ids.size === 100) break;
  }
  t.equal(ids.size, 100);
  const liar = connect(port, '127.0.0.1', () => liar.write(Buffer.from([0xff, 0xff, 1])));
  liar.on('error', () => {});
  await once(liar, 'close');
  t.match(await metrics(), /dns_connections_refused_total 1/);
});

t.test('names of others are asked of others, disguised, and what does not fit is not believed', async (t) => {
  const upstream = createSocket('udp4');
  const seen: string[] = [];
  upstream.on('message', (message, { address, port }) => {
    const asked = decode(message);
    const name = asked.questions![0]!.name;
    seen.push(name);
    if (name.toLowerCase() === 'silent.example') return;
    const answers = [{ type: 'A', name, ttl: 60, data: '192.0.2.1' } as const];
    const answer = encode({ ...asked, type: 'response', answers });
    const forged = Buffer.from(answer);
    forged.writeUInt16BE(forged.readUInt16BE(0) ^ 1, 0);
    const questions = [{ name: name.toLowerCase(), type: 'A', class: 'IN' } as const];
    const lowered = encode({ ...asked, type: 'response', questions, answers: [{ ...answers[0]!, data: '6.6.6.6' }] });
    const wrong = name === name.toLowerCase() ? [forged] : [forged, Buffer.alloc(5), lowered];
    for (const each of [...wrong, answer]) upstream.send(each, port, address);
  });
  upstream.bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.teardown(() => upstream.close());
  const { port: upstreamPort } = upstream.address() as AddressInfo;
  const { resolver, port, metrics } = await start(t, { forward: [{ host: '127.0.0.1', port: upstreamPort }] });
  const name = 'a-long-name-with-many-letters.example';
  t.same(await resolver.resolve4(name), ['192.0.2.1']);
  t.not(seen[0], name, 'its letters were mixed');
  t.equal(seen[0]!.toLowerCase(), name);
  const answer = decode(await exchange(port, question('ExAmPlE.com', 'A', 99)));
  t.match(answer, { id: 99, questions: [{ name: 'ExAmPlE.com' }], answers: [{ data: '192.0.2.1' }] });
  t.match(await metrics(), /dns_forward_mismatched_total [2-9]/);
  t.match(await metrics(), /dns_forward_in_flight 0/);
  t.match(decode(await exchange(port, question('nothing.mesh'))), { rcode: 'NXDOMAIN' });
  t.notOk(
    seen.some((each) => each.toLowerCase().endsWith('mesh')),
    'own names never leave',
  );
  // Nobody answers: the same by itself, with less patience.
  const upstreams = [{ host: '127.0.0.1', port: upstreamPort }];
  const forwarder = new Forwarder(() => upstreams, new SystemTimers(), { ...FORWARD_OPTIONS, tryMs: 50 });
  const query = readQuery(question('silent.example')) as Query;
  t.equal(await forwarder.forward(query, 'udp'), null);
  const tries = seen.filter((each) => each.toLowerCase() === 'silent.example');
  t.equal(tries.length, 3);
  t.equal(tries[2], 'silent.example', 'the last one in letters as they were');
  t.match(forwarder.totals, { forwarded: 1, failed: 1 });
  const { pendingMax } = FORWARD_OPTIONS;
  const many = Array.from({ length: pendingMax + 3 }, (_, i) => {
    return forwarder.forward(readQuery(question(`n${i}.example`)) as Query, 'tcp');
  });
  t.match(forwarder, { totals: { overflow: 3 }, inFlight: pendingMax });
  t.same(new Set(await Promise.all(many)), new Set([null]), 'nobody listens there');
});
