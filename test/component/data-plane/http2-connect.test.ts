/** CONNECT over HTTP/2 (RFC 9113 section 8.5), and what is malformed of either kind. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { data, type FieldLine, FRAME, headers } from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, Harness, startUpstream } from './harness.ts';
import { connectHttp2, startRawHttp2Endpoint, toRest } from './http2-peers.ts';
import { ALLOWING, EXTENDED, HTTP2_HOP, MANAGER, startHarness } from './http2-tunnels.ts';

function connectTable(terminatesConnect: boolean) {
  const match = { ...prefixMatch(''), path: { kind: 'connect' } as const };
  const tunnel = forward('a', { upgrades: { connect: true }, terminatesConnect });
  return routeTable('routes', [virtualHost(['*'], [route(match, tunnel), route(prefixMatch('/'), forward('a'))])]);
}

async function startTcp(t: Test, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const each of sockets) each.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

t.test('CONNECT that ends here reaches the endpoint by TCP, beside other streams', async (t) => {
  const port = await startTcp(t, (socket) => {
    socket.write('220 hi ');
    socket.on('data', (chunk: Buffer) => socket.write(chunk.latin1Slice().toUpperCase()));
    socket.on('end', () => socket.end('BYE'));
  });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [port])], table: connectTable(true), manager: { http2: ALLOWING } });
  const session = await connectHttp2(t, harness.port);
  const talk = async () => {
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'db.test:5432' });
    stream.on('error', () => undefined);
    const [head] = await once(stream, 'response');
    t.match(head, { ':status': 200, 'content-length': undefined });
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.latin1Slice();
    });
    stream.write('early ');
    await eventually(() => text === '220 hi EARLY ', 'the echo');
    stream.end('late ');
    await once(stream, 'end');
    t.equal(text, '220 hi EARLY LATE BYE');
  };
  await Promise.all([talk(), talk(), talk()]);
  session.destroy();
  await toRest(harness);
});

t.test('CONNECT is refused where no route takes it, and without a port', async (t) => {
  const upstream = await startUpstream(t);
  const harness = await startHarness(t, upstream.port, {});
  const session = await connectHttp2(t, harness.port);
  const status = async (target: Harness, authority: string) => {
    const asking = target === harness ? session : await connectHttp2(t, target.port);
    const stream = asking.request({ ':method': 'CONNECT', ':authority': authority });
    stream.on('error', () => undefined);
    const [head] = await once(stream, 'response');
    stream.destroy();
    return head[':status'];
  };
  t.equal(await status(harness, 'db.test:5432'), 405);
  const taking = new Harness(t);
  await taking.apply({ clusters: [cluster('a', [upstream.port])], table: connectTable(true) });
  t.equal(await status(taking, 'db.test'), 400);
  t.equal(upstream.text, '');
});

const CONNECTS: readonly (readonly [name: string, fields: readonly FieldLine[]])[] = [
  [
    'CONNECT with a path',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.test:80'],
      [':path', '/'],
    ],
  ],
  [
    'CONNECT with a scheme',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.test:80'],
      [':scheme', 'http'],
    ],
  ],
  ['CONNECT without an authority', [[':method', 'CONNECT']]],
  [
    'CONNECT with a length',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.test:80'],
      ['content-length', '100'],
    ],
  ],
  [
    'extended CONNECT with a length',
    [
      [':method', 'CONNECT'],
      [':protocol', 'websocket'],
      [':scheme', 'http'],
      [':authority', 'a.test'],
      [':path', '/'],
      ['content-length', '100'],
    ],
  ],
  [
    'a :protocol that is no token',
    [
      [':method', 'CONNECT'],
      [':protocol', 'websocket\r\nx-evil: 1'],
      [':scheme', 'http'],
      [':authority', 'a.test'],
      [':path', '/'],
    ],
  ],
  [
    ':protocol without CONNECT',
    [
      [':method', 'GET'],
      [':protocol', 'websocket'],
      [':scheme', 'http'],
      [':authority', 'a.test'],
      [':path', '/'],
    ],
  ],
];

t.test('malformed CONNECT requests are reset, and the endpoint sees nothing of them', async (t) => {
  const upstream = await startUpstream(t);
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [upstream.port])], table: connectTable(false), manager: MANAGER });
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  for (const [index, [name, fields]] of CONNECTS.entries()) {
    const stream = 2 * index + 1;
    client.send(headers(stream, fields));
    const end = await client.waitFor(
      (each) => each.stream === stream && (each.type === FRAME.rstStream || each.type === FRAME.headers),
      name,
    );
    t.equal(end.type, FRAME.rstStream, name);
  }
  t.equal(upstream.text, '');
  client.destroy();
  await toRest(harness);
});

t.test('before the endpoint has agreed, no more is held for it than a window', async (t) => {
  const raw = await startRawHttp2Endpoint(t, undefined, [[8, 1]]);
  const harness = await startHarness(t, raw.port, HTTP2_HOP);
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  client.send(headers(1, EXTENDED));
  const connection = await raw.connection(0);
  await connection.waitFor(({ type }) => type === FRAME.headers, 'the request');
  for (let i = 0; i < 4; i++) client.send(data(1, Buffer.alloc(16_000)));
  client.send(data(1, Buffer.alloc(16_000)));
  const reset = await client.waitFor(({ type }) => type === FRAME.rstStream, 'the end of a client that sends too much');
  t.same([reset.stream, reset.payload.readUInt32BE(0)], [1, 3], 'FLOW_CONTROL_ERROR');
  t.notOk(
    client.frames.some(({ type, stream }) => type === FRAME.windowUpdate && stream === 1),
    'no window was given back',
  );
  t.equal(connection.counts[FRAME.data], 0);
  await connection.waitFor(({ type }) => type === FRAME.rstStream, 'the end at the endpoint');
  client.destroy();
  await toRest(harness);
});
