/** Upgrades: through the same route, limits and log as any request, then bytes both ways. CONNECT likewise. */
import t from 'tap';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, start } from './harness.ts';
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
// CONNECT

function connectTable(terminatesConnect: boolean) {
  const match = { ...prefixMatch(''), path: { kind: 'connect' } as const };
  const tunnel = forward('a', { upgrades: { connect: true }, terminatesConnect });
  return routeTable('r', [virtualHost(['*'], [route(match, tunnel), route(prefixMatch('/'), forward('a'))])]);
}

function connectRequest(target = 'db.test:5432', fields = ''): string {
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${fields}\r\n`;
}

t.test('a CONNECT that ends here reaches the endpoint by TCP', async (t) => {
  const script: UpstreamScript = {
    parse: false,
    onConnect: (connection) => connection.send('220 hi '),
    onData: (connection, chunk) => connection.send(chunk.toString().toUpperCase()),
    onEnd: ({ socket }) => void socket.end('bye'),
  };
  const { harness, upstream } = await start(t, script, { table: connectTable(true) });
  const client = harness.client().send(`${connectRequest()}early `);
  await client.until(() => client.text.endsWith('220 hi EARLY '), 'the greeting and the echo');
  t.match(client.text, /^HTTP\/1\.1 200 OK\r\n/);
  t.notMatch(client.text, /content-length|transfer-encoding|connection:/i);
  client.send('late');
  client.finish();
  await client.end();
  t.equal(tailOf(client.text), '220 hi EARLY LATEbye');
  const { stats } = harness.plane.clusters.get('a')!;
  await eventually(() => stats.cxActive === 0 && stats.rqActive === 0, 'the end');
  t.equal(upstream.connections.length, 1);
});

t.test('a CONNECT that does not end here is passed on, and a 2xx opens the tunnel', async (t) => {
  const heads: string[] = [];
  const switched = new WeakSet<UpstreamConnection>();
  const script: UpstreamScript = {
    parse: false,
    onData: (connection, chunk) => {
      if (switched.has(connection)) return connection.send(chunk.toString().toUpperCase());
      heads.push(chunk.toString());
      switched.add(connection);
      connection.send('HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nfirst ');
    },
  };
  const { harness } = await start(t, script, { table: connectTable(false) });
  const client = harness.client().send(connectRequest());
  client.send('more');
  await client.until(() => tailOf(client.text) === 'first MORE', 'everything');
  t.match(heads[0], /^CONNECT db\.test:5432 HTTP\/1\.1\r\nHost: db\.test:5432\r\n/i);
  t.notMatch(client.text, /content-length/i);

  const refusing = await start(t, no('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno'), { table: connectTable(false) });
  const other = refusing.harness.client().send(connectRequest());
  t.match((await other.answered(1))[0], { status: 403, body: 'no' });
});

/** Answers everything with one text. */
function no(answer: string): UpstreamScript {
  return { parse: false, onData: (connection) => connection.send(answer) };
}

t.test('CONNECT is refused where no route takes it, and without a port; other routes never match it', async (t) => {
  const { harness, upstream } = await start(t);
  t.equal((await harness.client().send(connectRequest()).answered(1))[0]!.status, 405);
  await harness.apply({ clusters: [cluster('a', [upstream.port])], table: connectTable(true) });
  const statuses = async (...requests: string[]) =>
    Promise.all(requests.map(async (each) => (await harness.client().send(each).answered(1))[0]!.status));
  t.same(
    await statuses(
      connectRequest('db.test'),
      connectRequest('db.test:0'),
      connectRequest('db.test:99999'),
      connectRequest('db.test:1', 'Content-Length: 1\r\n'),
    ),
    [400, 400, 400, 400],
  );
  t.equal(upstream.connections.length, 0);
  t.equal((await harness.client().get('/plain')).body, '/plain');
});
