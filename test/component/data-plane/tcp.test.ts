/** TCP through the data plane: every byte, both ways, with half-close, limits and what is known of the client. */
import t from 'tap';
import type { ListenerConfig, ListenerFiltersConfig, TcpProxyConfig } from '../../../proxy/config/model/listener.ts';
import { proxyHeader } from '../../../proxy/net/proxy-header.ts';
import {
  chainMatch,
  cluster,
  endpoint,
  endpointSet,
  filterChain,
  httpManager,
  tcpProxy,
} from '../../fakes/config-builders.ts';
import { eventually, everythingTo, Harness, startUpstream } from './harness.ts';
import { valuesOf } from './http-text.ts';
import { PatternCheck, PatternSource } from './pattern.ts';
import type { RawUpstream, UpstreamScript } from './raw-upstream.ts';

const FILTERS: ListenerFiltersConfig = {
  tlsInspector: false,
  httpInspector: false,
  originalDestination: false,
  originalSource: null,
  proxyProtocol: null,
  timeoutMs: 5_000,
  continueOnTimeout: false,
};

function proxied(change: Partial<TcpProxyConfig> = {}): Partial<ListenerConfig> {
  return { filterChains: [filterChain(tcpProxy('a', change))] };
}

async function startTcp(
  t: Parameters<typeof startUpstream>[0],
  script: UpstreamScript,
  listener: Partial<ListenerConfig> = proxied(),
  change: Parameters<typeof cluster>[2] = {},
): Promise<{ harness: Harness; upstream: RawUpstream }> {
  const upstream = await startUpstream(t, { parse: false, ...script });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [upstream.port], change)], listener });
  return { harness, upstream };
}

/** Answers every chunk with itself. */
const ECHO: UpstreamScript = { onData: (connection, chunk) => connection.send(chunk) };

t.test('bytes pass both ways, at the pace of the slower side', async (t) => {
  const size = 64 << 20;
  const uploaded = new PatternCheck();
  let paused = false;
  const { harness, upstream } = await startTcp(t, {
    onData: (connection, chunk) => {
      uploaded.take(chunk);
      if (!paused && uploaded.received > 1_000_000) {
        paused = true;
        connection.socket.pause();
      }
    },
    onConnect: (connection) => void new PatternSource(connection.socket, size),
  });
  const client = harness.client();
  const downloaded = new PatternCheck();
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => downloaded.take(chunk));
  const source = new PatternSource(client.socket, size);
  await eventually(() => paused && downloaded.received === size, 'the download', 30_000);
  let before = -1;
  await eventually(() => {
    const stalled = source.sent === before;
    before = source.sent;
    return stalled;
  }, 'the upload to stall');
  t.ok(source.sent < 24 << 20, `a stalled endpoint stalls its client: ${source.sent} bytes have left it`);
  upstream.connections[0]!.socket.resume();
  await eventually(() => uploaded.received === size, 'the upload', 30_000);
  t.same([uploaded.wrongAt, downloaded.wrongAt], [-1, -1]);
  const [stats] = harness.plane.activator.tcpStats();
  t.match(stats!, { cxTotal: 1, cxActive: 1, cxRxBytes: size, cxTxBytes: size });
  t.ok(stats!.pausedReading > 0 && stats!.resumedReading === stats!.pausedReading);
  client.destroy();
  await eventually(() => stats!.cxActive === 0, 'the end');
  t.equal(harness.plane.clusters.get('a')!.stats.cxActive, 0);
});

t.test('either side may end first, and still gets everything', async (t) => {
  const { harness } = await startTcp(t, {
    onEnd: (connection) => {
      connection.send('last words');
      connection.socket.end();
    },
  });
  const client = harness.client().send('question');
  client.finish();
  await client.end();
  t.equal(client.text, 'last words');

  const greeter = await startTcp(t, {
    onConnect: ({ socket }) => void socket.end('hello and goodbye'),
    onEnd: () => {},
  });
  const other = greeter.harness.client();
  await other.end();
  t.equal(other.text, 'hello and goodbye');
  other.send('thanks');
  other.finish();
  await eventually(() => greeter.harness.plane.listeners.get('main')!.connectionCount === 0, 'the end');
  await eventually(() => greeter.upstream.connections[0]!.ended, 'the other side');
});

t.test('a reset is passed on as a reset, so that nobody takes it for the end', async (t) => {
  const { harness } = await startTcp(t, { onData: ({ socket }) => void socket.resetAndDestroy() });
  const client = harness.client().send('x');
  await client.end();
  t.equal(client.reset, true);
});

t.test('an endpoint that is not there is tried as often as configured, then another one', async (t) => {
  const dead = await startUpstream(t);
  const { port } = dead;
  await dead.stop();
  const upstream = await startUpstream(t, { parse: false, ...ECHO });
  const harness = new Harness(t);
  const discovery = { kind: 'static', endpoints: endpointSet('a', [endpoint(port), endpoint(upstream.port)]) } as const;
  await harness.apply({ clusters: [cluster('a', [], { discovery })], listener: proxied({ maxConnectAttempts: 2 }) });
  for (let i = 0; i < 4; i++) {
    const client = harness.client().send(`echo ${i}`);
    await client.until(() => client.text === `echo ${i}`, 'the echo');
  }
  t.ok(harness.plane.clusters.get('a')!.stats.cxConnectFail >= 1);
  await harness.apply({ clusters: [cluster('a', [port])], listener: proxied({ maxConnectAttempts: 2 }) });
  const client = harness.client().send('x');
  await client.end();
  t.equal(client.text, '');
});

t.test('limits: connections of the cluster, silence, and age', async (t) => {
  const limits = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries: 1 };
  const all = { ...limits, retryBudget: null, trackRemaining: false };
  const { harness, upstream } = await startTcp(t, ECHO, proxied(), { limits: { default: all, high: all } });
  const first = harness.client().send('1');
  await first.until(() => first.text === '1', 'the echo');
  const second = harness.client().send('2');
  await second.end();
  t.equal(upstream.connections.length, 1);
  t.equal(harness.plane.clusters.get('a')!.stats.cxOverflow, 1);

  const silent = await startTcp(t, ECHO, proxied({ idleTimeoutMs: 150 }));
  const client = silent.harness.client().send('1');
  await client.end();
  t.equal(client.text, '1');
  t.equal(client.reset, false);
  t.equal(silent.harness.plane.activator.tcpStats()[0]!.idleTimeout, 1);

  const old = await startTcp(t, ECHO, proxied({ maxDurationMs: 150 }));
  const talker = old.harness.client();
  const timer = setInterval(() => talker.send('x'), 20);
  t.teardown(() => clearInterval(timer));
  await talker.end();
  t.equal(old.harness.plane.activator.tcpStats()[0]!.maxDurationReached, 1);
});

t.test('a client that leaves while its endpoint is dialled leaves nothing behind', async (t) => {
  const { harness } = await startTcp(t, ECHO);
  for (let i = 0; i < 40; i++) {
    const client = harness.client();
    if (i % 2 === 0) client.send('x');
    client.socket.once('connect', () => (i % 4 < 2 ? client.destroy() : client.socket.resetAndDestroy()));
  }
  const { stats } = harness.plane.clusters.get('a')!;
  const listener = harness.plane.listeners.get('main')!;
  await eventually(() => listener.stats.cxTotal === 40 && listener.connectionCount === 0, 'all to be gone');
  await eventually(() => stats.cxActive === 0, 'connections to the endpoint to be gone');
  t.equal(harness.plane.activator.tcpStats()[0]!.cxActive, 0);
});

t.test('a listener that goes leaves its streams alone, and ends them when it must with what was sent', async (t) => {
  const { harness } = await startTcp(t, ECHO);
  const client = harness.client().send('one ');
  await client.until(() => client.text === 'one ', 'the echo');
  const listener = harness.plane.listeners.get('main')!;
  void listener.drain();
  client.send('two');
  await client.until(() => client.text === 'one two', 'the second echo');
  listener.finish();
  await client.end();
  t.equal(client.reset, false);
});

t.test('the client’s address is told by a PROXY header, and read from one', async (t) => {
  const seen = await startTcp(t, ECHO, proxied(), { proxyProtocol: 1 });
  const client = seen.harness.client().send('data');
  await client.until(() => client.text.endsWith('data'), 'the echo');
  const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${seen.harness.port}\r\n`;
  t.equal(client.text, `${line}data`);

  const upstream = await startUpstream(t);
  const harness = new Harness(t);
  const versions = [1, 2] as const;
  await harness.apply({
    clusters: [cluster('a', [upstream.port])],
    manager: { useRemoteAddress: true },
    listener: { filters: { ...FILTERS, proxyProtocol: { optional: false, versions } } },
  });
  const addresses = { remote: { host: '203.0.113.9', port: 1234 }, local: { host: '10.0.0.1', port: 80 } };
  for (const version of versions) {
    const header = proxyHeader(version, addresses);
    const split = harness.client();
    for (const byte of header) split.send(Buffer.from([byte]));
    await split.get('/');
    await harness.client().send(header).get('/');
  }
  t.same(
    upstream.requests.map((request) => valuesOf(request, 'x-forwarded-for')),
    Array(4).fill(['203.0.113.9']),
  );
  const bare = harness.client().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await bare.end();
  t.equal(bare.text, '');
  t.equal(harness.plane.listeners.get('main')!.stats.proxyProtocolError, 1);
});

t.test('one port serves HTTP, and bytes that are not; a server that speaks first is waited for once', async (t) => {
  const web = await startUpstream(t);
  const mail = await startUpstream(t, {
    parse: false,
    ...ECHO,
    onConnect: (connection) => connection.send('220 hi\r\n'),
  });
  const harness = new Harness(t);
  const detected = chainMatch({ applicationProtocols: ['http/1.1', 'http/1.0'] });
  await harness.apply({
    clusters: [cluster('web', [web.port]), cluster('mail', [mail.port])],
    listener: {
      filterChains: [filterChain(httpManager(everythingTo('web')), { match: detected })],
      defaultFilterChain: filterChain(tcpProxy('mail')),
      filters: { ...FILTERS, httpInspector: true, timeoutMs: 300, continueOnTimeout: true },
    },
  });
  t.equal((await harness.client().get('/page')).body, '/page');
  const talker = harness.client().send('\x00\x01binary');
  await talker.until(() => talker.text === '220 hi\r\n\x00\x01binary', 'the echo');

  const greeted = async () => {
    const startMs = performance.now();
    const client = harness.client();
    await client.until(() => client.text === '220 hi\r\n', 'the greeting');
    return performance.now() - startMs;
  };
  t.ok((await greeted()) >= 280, 'the first client waits for the whole time');
  t.ok((await greeted()) < 250, 'the others do not');
  const hasty = harness.client().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await hasty.until(() => hasty.text.includes('GET /'), 'the echo');
  t.equal((await harness.client().get('/again')).body, '/again', 'a client that speaks first makes it forgotten');
});
