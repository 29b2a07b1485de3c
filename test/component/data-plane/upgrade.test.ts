/** Upgrades: through the same route, limits and log as any request, then bytes both ways; WebSocket as its peers see it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, Harness, start } from './harness.ts';
import { valuesOf } from './http-text.ts';
import { PatternCheck, PatternSource } from './pattern.ts';
import type { UpstreamConnection, UpstreamScript } from './raw-upstream.ts';

const MANAGER = { upgrades: { websocket: true, 'custom/1': true } };

function upgradeRequest(path = '/', protocol = 'websocket', fields = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${fields}\r\n`;
}

function switching(protocol = 'websocket'): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nX-Own: 1\r\n\r\n`;
}

/** Agrees to every upgrade and sends back what comes, in upper case. Tells the request's head. */
function shouting(onHead: (head: string) => void = () => {}): UpstreamScript {
  const switched = new WeakSet<UpstreamConnection>();
  return {
    parse: false,
    onData: (connection, chunk) => {
      const text = chunk.toString('latin1');
      if (switched.has(connection)) connection.send(text.toUpperCase());
      else {
        switched.add(connection);
        onHead(text);
        connection.send(switching() + tailOf(text).toUpperCase());
      }
    },
  };
}

function tailOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

t.test('an upgrade is asked for and agreed to on both hops, and everything behind it passes', async (t) => {
  const heads: string[] = [];
  const script = shouting((head) => heads.push(head));
  const { harness } = await start(t, script, { manager: MANAGER });
  const client = harness.client().send(upgradeRequest('/chat', 'WebSocket', 'X-Client: 1\r\n'));
  await client.until(() => client.text.includes('\r\n\r\n'), 'the answer');
  t.match(heads[0], /^GET \/chat HTTP\/1\.1\r\n/);
  t.match(heads[0], /\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n/);
  t.match(heads[0], /\r\nX-Client: 1\r\n/);
  t.match(client.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  t.match(client.text, /\r\nupgrade: websocket\r\n/);
  t.match(client.text, /\r\nconnection: upgrade\r\n/);
  t.match(client.text, /\r\nX-Own: 1\r\n/);
  t.notMatch(client.text, /connection: close|content-length|transfer-encoding/i);
  client.send('GET / HTTP/1.1\r\n');
  client.send('\x00\x01');
  await client.until(
    () => tailOf(client.text) === 'GET / HTTP/1.1\r\n\x00\x01',
    'bytes that look like a request, and others',
  );
  const [stats] = harness.plane.activator.managerStats();
  t.match(stats!, { cxUpgradesTotal: 1, cxUpgradesActive: 1, rqActive: 1 });
  client.finish();
  await client.end();
  await eventually(() => stats!.rqActive === 0 && stats!.cxUpgradesActive === 0, 'the end');
  t.match(harness.plane.clusters.get('a')!.stats, { rqActive: 0, cxActive: 0, rqTxReset: 0 });
});

t.test('what comes with the request or with the 101 is not lost', async (t) => {
  const { harness } = await start(t, { ...shouting(), onData: agreeLater }, { manager: MANAGER });
  const client = harness.client().send(`${upgradeRequest()}early `);
  await client.until(() => tailOf(client.text) === 'greeting EARLY ', 'both');
  client.send('late');
  await client.until(() => tailOf(client.text) === 'greeting EARLY LATE', 'the rest');
});

function agreeLater(connection: UpstreamConnection, chunk: Buffer): void {
  const text = chunk.toString('latin1');
  if (text.startsWith('GET ')) setTimeout(() => connection.send(`${switching()}greeting `), 30);
  else connection.send(text.toUpperCase());
}

t.test('what is not allowed is refused with its reason, and the connection goes on', async (t) => {
  const only = (upgrades: Record<string, boolean>) => forward('a', { upgrades });
  const table = routeTable('r', [
    virtualHost(
      ['*'],
      [
        route(prefixMatch('/no'), only({ websocket: false })),
        route(prefixMatch('/yes'), only({ own: true })),
        route(prefixMatch('/'), forward('a')),
      ],
    ),
  ]);
  const { harness, upstream } = await start(t, {}, { table, manager: MANAGER });
  const client = harness.client();
  client.send(upgradeRequest('/no'));
  client.send(upgradeRequest('/', 'own'));
  client.send(upgradeRequest('/', 'websocket, other'));
  const refused = await client.answered(3);
  for (const answer of refused) {
    t.equal(answer.status, 403);
    t.match(valuesOf(answer, 'x-outrider-failure')[0], /upgrade_failed/);
  }
  t.equal(upstream.requests.length, 0);
  client.send(upgradeRequest('/yes', 'own'));
  t.equal((await client.answered(4))[3]!.status, 200, 'an endpoint may answer as if it had not been asked');
  client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
  t.equal((await client.answered(5))[4]!.body, '/next');
});

t.test('offers of HTTP/2 and TLS are passed over', async (t) => {
  const { harness, upstream } = await start(t, {}, { manager: MANAGER });
  const client = harness.client();
  for (const protocol of ['h2c', 'TLS/1.0']) client.send(upgradeRequest('/', protocol, 'HTTP2-Settings: AAMAAABk\r\n'));
  t.same(
    (await client.answered(2)).map(({ status }) => status),
    [200, 200],
  );
  for (const request of upstream.requests)
    t.same([...valuesOf(request, 'upgrade'), ...valuesOf(request, 'http2-settings')], []);
});

t.test('an upgrade with a body could be read in two ways', async (t) => {
  const { harness, upstream } = await start(t, shouting(), { manager: MANAGER });
  for (const framing of ['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n']) {
    const client = harness.client().send(upgradeRequest('/', 'websocket', framing));
    t.equal((await client.answered(1))[0]!.status, 400);
  }
  t.equal(upstream.connections.length, 0);
});

t.test('an endpoint that switches without being asked, or to nothing, breaks the protocol', async (t) => {
  for (const [request, answer] of [
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', switching()],
    [upgradeRequest(), 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    [upgradeRequest(), 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'],
  ] as const) {
    const { harness } = await start(t, { parse: false, onData: (each) => each.send(answer) }, { manager: MANAGER });
    const client = harness.client().send(request);
    t.equal((await client.answered(1))[0]!.status, 502);
  }
});

t.test('each side ends for itself, and a break on one side breaks the other', async (t) => {
  const farewell = { ...shouting(), onEnd: (connection: UpstreamConnection) => void connection.socket.end('BYE') };
  const { harness } = await start(t, farewell, { manager: MANAGER });
  const client = harness.client().send(upgradeRequest());
  await client.until(() => client.text.includes('\r\n\r\n'), 'the answer');
  client.send('bye');
  client.finish();
  await client.end();
  t.equal(tailOf(client.text), 'BYEBYE');

  const broken = await start(t, { ...shouting(), onData: breaking }, { manager: MANAGER });
  const victim = broken.harness.client().send(upgradeRequest());
  await victim.until(() => victim.text.includes('\r\n\r\n'), 'the answer');
  victim.send('x');
  await victim.end();
  const [stats] = broken.harness.plane.activator.managerStats();
  await eventually(() => stats!.rqActive === 0, 'the exchange to end');

  const leaver = harness.client().send(upgradeRequest());
  await leaver.until(() => leaver.text.includes('\r\n\r\n'), 'the answer');
  leaver.destroy();
  await eventually(() => harness.plane.clusters.get('a')!.stats.cxActive === 0, 'the endpoint to be let go');
});

function breaking(connection: UpstreamConnection, chunk: Buffer): void {
  if (chunk.toString('latin1').startsWith('GET ')) connection.send(switching());
  else connection.socket.resetAndDestroy();
}

t.test('no request timeout ends it, silence does, and a stalled reader stalls the writer', async (t) => {
  const table = routeTable('r', [virtualHost(['*'], [route(prefixMatch('/'), forward('a', { timeoutMs: 100 }))])]);
  const manager = { ...MANAGER, requestTimeoutMs: 100, streamIdleTimeoutMs: 500 };
  const { harness } = await start(t, shouting(), { table, manager });
  const client = harness.client().send(upgradeRequest());
  await client.until(() => client.text.includes('\r\n\r\n'), 'the answer');
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.send('x');
  }
  await client.until(() => tailOf(client.text) === 'XXXX', 'all of it');
  await client.end();
  t.equal(harness.plane.activator.managerStats()[0]!.rqIdleTimeout, 1);

  const size = 32 << 20;
  let source: PatternSource | null = null;
  const flood = await start(
    t,
    {
      parse: false,
      onData: (connection) => {
        connection.send(switching());
        source = new PatternSource(connection.socket, size);
      },
    },
    { manager: MANAGER },
  );
  const reader = flood.harness.client();
  const check = new PatternCheck();
  let head = true;
  reader.socket.removeAllListeners('data');
  reader.socket.on('data', (chunk: Buffer) => {
    if (head) reader.socket.pause();
    check.take(head ? chunk.subarray(chunk.indexOf('\r\n\r\n') + 4) : chunk);
    head = false;
  });
  reader.send(upgradeRequest());
  let before = -1;
  await eventually(() => {
    const stalled = !head && source!.sent === before;
    before = source?.sent ?? -1;
    return stalled;
  }, 'the flood to stall');
  t.ok(before < size / 2, `${before} bytes have left the endpoint`);
  reader.socket.resume();
  await eventually(() => check.received === size, 'everything', 30_000);
  t.equal(check.wrongAt, -1);
});

t.test('a drain lets it go on, and ends it politely when time is up', async (t) => {
  const { harness } = await start(t, shouting(), { manager: MANAGER });
  const client = harness.client().send(upgradeRequest());
  await client.until(() => client.text.includes('\r\n\r\n'), 'the answer');
  const listener = harness.plane.listeners.get('main')!;
  void listener.drain();
  client.send('still here');
  await client.until(() => tailOf(client.text) === 'STILL HERE', 'the echo');
  listener.finish();
  await client.end();
  t.equal(client.reset, false);
});

t.test('an upgrade is limited, retried and logged like a request', async (t) => {
  const limits = { maxConnections: 9, maxPendingRequests: 9, maxRequests: 1, maxRetries: 1 };
  const all = { ...limits, retryBudget: null, trackRemaining: false };
  const { harness } = await start(t, shouting(), {
    manager: MANAGER,
    cluster: { limits: { default: all, high: all } },
  });
  const first = harness.client().send(upgradeRequest());
  await first.until(() => first.text.includes('101'), 'the answer');
  const second = harness.client().send(upgradeRequest());
  t.equal((await second.answered(1))[0]!.status, 503);
  first.destroy();
  const [stats] = harness.plane.activator.managerStats();
  await eventually(() => stats!.rqActive === 0, 'room');
  const third = harness.client().send(upgradeRequest());
  await third.until(() => third.text.includes('101'), 'the answer');
});

// ---------------------------------------------------------------------------------------------------------------------
// WebSocket: the verdict of both peers through the data plane is the one they reach without it.

/** One thing to send, and what the peers make of it, in words. */
interface WebSocketCase {
  readonly name: string;
  send(client: WebSocket): void;
  /** Echoes, pongs or a close that end it. */
  readonly events: number;
}

const SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1 << 20];

/** Bytes that are no frame of a well-behaved client: written below the library. */
function raw(name: string, hex: string): WebSocketCase {
  const bytes = Buffer.from(hex, 'hex');
  return { name, events: 1, send: (client) => void socketOf(client).write(bytes) };
}

function socketOf(client: WebSocket): NodeJS.WritableStream {
  return (client as unknown as { _socket: NodeJS.WritableStream })._socket;
}

const CASES: readonly WebSocketCase[] = [
  ...SIZES.map((size) => ({ name: `text of ${size}`, events: 1, send: (c: WebSocket) => c.send('*'.repeat(size)) })),
  ...SIZES.map((size) => ({
    name: `binary of ${size}`,
    events: 1,
    send: (c: WebSocket) => c.send(Buffer.alloc(size, 0xfe)),
  })),
  { name: 'utf-8', events: 1, send: (c) => c.send('κόσμε \u{10ffff}') },
  { name: 'ping', events: 1, send: (c) => c.ping('payload') },
  {
    name: 'ten pings and a text',
    events: 11,
    send: (c) => {
      for (let i = 0; i < 10; i++) c.ping(`${i}`);
      c.send('x');
    },
  },
  {
    name: 'an unasked pong',
    events: 1,
    send: (c) => {
      c.pong('x');
      c.send('after');
    },
  },
  {
    name: 'fragments with a ping between',
    events: 2,
    send: (c) => {
      c.send('one ', { fin: false });
      c.ping('p');
      c.send('two', { fin: true });
    },
  },
  {
    name: 'a hundred messages at once',
    events: 100,
    send: (c) => {
      for (let i = 0; i < 100; i++) c.send(`message ${i}`);
    },
  },
  { name: 'close with a code', events: 1, send: (c) => c.close(3_456, 'enough') },
  { name: 'close without one', events: 1, send: (c) => c.close() },
  raw('a reserved bit', 'c1808000000000'.slice(0, 12)),
  raw('a reserved opcode', '8380000000 00'.replace(' ', '')),
  raw('an unmasked frame', '810161'),
  raw('invalid utf-8', '8182000000 00c328'.replace(' ', '')),
  raw('a continuation of nothing', '808100000000 61'.replace(' ', '')),
  raw('a fragmented ping', '098000000000'),
  raw('a ping that is too long', `89fe007e00000000${'61'.repeat(126)}`),
  raw('a close of one byte', '8881000000 0003'.replace(' ', '')),
  raw('a close with a reserved code', '888200000000 03ec'.replace(' ', '')),
  raw('a length with its highest bit set', '82ff8000000000000001 00000000'.replace(' ', '')),
];

/** Runs a case against the server at that port, and tells what client and server saw. */
async function verdict(port: number, serverEvents: string[], { send, events }: WebSocketCase): Promise<string[]> {
  serverEvents.length = 0;
  const seen: string[] = [];
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: true });
  const done = Promise.withResolvers<void>();
  const note = (what: string) => {
    seen.push(what);
    if (seen.length >= events) done.resolve();
  };
  client.on('message', (data: Buffer, binary) =>
    note(`${binary ? 'binary' : 'text'} ${data.length} ${data.subarray(0, 20)}`),
  );
  client.on('pong', (data: Buffer) => note(`pong ${data}`));
  client.on('error', (error) => note(`error ${error.message}`));
  client.on('close', (code, reason) => note(`close ${code} ${reason}`));
  await once(client, 'open');
  send(client);
  await done.promise;
  if (client.readyState === WebSocket.OPEN) client.close();
  if (client.readyState !== WebSocket.CLOSED) await once(client, 'close');
  await eventually(() => serverEvents.some((each) => each.startsWith('close')), 'the server to close');
  return [...seen.slice(0, events), '|', ...serverEvents];
}

t.test('WebSocket peers reach the same verdict as without the data plane', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  t.teardown(() => void server.close());
  await once(server, 'listening');
  const serverEvents: string[] = [];
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data as Buffer, { binary }));
    socket.on('ping', () => serverEvents.push('ping'));
    socket.on('pong', () => serverEvents.push('pong'));
    socket.on('error', (error) => serverEvents.push(`error ${error.message}`));
    socket.on('close', (code, reason) => serverEvents.push(`close ${code} ${reason}`));
  });
  const { port } = server.address() as AddressInfo;
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [port])], manager: MANAGER });
  for (const each of CASES) {
    const direct = await verdict(port, serverEvents, each);
    t.same(await verdict(harness.port, serverEvents, each), direct, each.name);
  }
  t.equal(harness.plane.activator.managerStats()[0]!.cxUpgradesTotal, CASES.length);
});
