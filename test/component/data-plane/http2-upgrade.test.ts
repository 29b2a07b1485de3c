/** WebSocket over HTTP/2 (RFC 8441): from and to HTTP/1.1, and between sidecars. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import t, { type Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { data, FLAG, FRAME, headers, SETTING, windowUpdate } from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, startUpstream } from './harness.ts';
import { ask, connectHttp2, eachRequest, startHttp2Endpoint, startRawHttp2Endpoint, toRest } from './http2-peers.ts';
import { ALLOWING, closeOf, connectUpgrading, EXTENDED, HTTP2_HOP, openTunnel, startHarness } from './http2-tunnels.ts';
import { response } from './raw-upstream.ts';

/** A WebSocket server that sends back what it gets. Returns its port, and what it has seen. */
async function startSocketServer(t: Test) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  await once(server, 'listening');
  t.teardown(() => {
    for (const each of server.clients) each.terminate();
    server.close();
  });
  const closes: string[] = [];
  const heads: IncomingHttpHeaders[] = [];
  server.on('connection', (socket, request) => {
    heads.push(request.headers);
    socket.on('message', (message, binary) => socket.send(message as Buffer, { binary }));
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => closes.push(`${code} ${reason}`));
  });
  return { port: (server.address() as { port: number }).port, closes, heads };
}

t.test('WebSocket goes from an HTTP/1.1 client over an HTTP/2 hop to an HTTP/1.1 server', async (t) => {
  const { port, closes, heads } = await startSocketServer(t);
  const second = await startHarness(t, port, {});
  const first = await startHarness(t, second.port, HTTP2_HOP);
  const clients = Array.from(
    { length: 5 },
    () => new WebSocket(`ws://127.0.0.1:${first.port}/chat?room=1`, { headers: { 'x-own': '1' } }),
  );
  for (const [index, client] of clients.entries()) {
    if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
    for (const size of [0, 5, 70_000, 1_000_000]) {
      const message = Buffer.alloc(size, index + 1);
      client.send(message);
      const [echo] = (await once(client, 'message')) as [Buffer];
      t.ok(echo.equals(message), `${size} bytes`);
    }
  }
  t.equal(heads[0]!['x-own'], '1');
  t.equal(second.plane.activator.managerStats()[0]!.cxHttp2Total, 1, 'all of them share a connection');
  for (const client of clients) {
    client.close(3_456, 'enough');
    const [code, reason] = await once(client, 'close');
    t.equal(`${code} ${reason}`, '3456 enough');
  }
  await eventually(() => closes.length === 5, 'the server to hear of it');
  t.same(new Set(closes), new Set(['3456 enough']));
  await toRest(first);
  await toRest(second);
});

t.test('extended CONNECT of an HTTP/2 client becomes an upgrade for an HTTP/1.1 server', async (t) => {
  let head = '';
  const upstream = await startUpstream(t, {
    parse: false,
    onData: (connection, chunk) => {
      const text = chunk.latin1Slice();
      if (head === '') {
        head = text;
        connection.send(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Own: 1\r\n\r\nhello ',
        );
      } else connection.send(text.toUpperCase());
    },
    onEnd: ({ socket }) => void socket.end('BYE'),
  });
  const harness = await startHarness(t, upstream.port, {});
  const session = await connectUpgrading(t, harness.port);
  const { stream, head: answer } = await openTunnel(session);
  t.match(answer, { ':status': 200, 'x-own': '1', upgrade: undefined, connection: undefined });
  t.match(head, /^GET \/chat HTTP\/1\.1\r\nhost: a\.test\r\n/);
  t.match(head, /\r\nconnection: upgrade\r\nupgrade: websocket\r\n/i);
  t.match(head, /\r\nsec-websocket-key: [A-Za-z0-9+/]{22}==\r\n/i);
  t.notMatch(head, /protocol:|transfer-encoding|content-length/i);
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.latin1Slice();
  });
  stream.write('one ');
  await eventually(() => text === 'hello ONE ', 'the echo');
  stream.end('two ');
  await once(stream, 'end');
  t.equal(text, 'hello ONE TWO BYE', 'each side ends for itself');
  const [stats] = harness.plane.activator.managerStats();
  t.equal(stats!.cxUpgradesTotal, 1);
  session.destroy();
  await eventually(() => stats!.cxUpgradesActive === 0, 'the end of the upgrade');
  await toRest(harness);
});

t.test('extended CONNECT goes on as such to an HTTP/2 endpoint', async (t) => {
  let asked: IncomingHttpHeaders = {};
  const endpoint = await startHttp2Endpoint(
    t,
    (stream, head) => {
      asked = head;
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    },
    { settings: { enableConnectProtocol: true } },
  );
  const harness = await startHarness(t, endpoint.port, HTTP2_HOP);
  const session = await connectUpgrading(t, harness.port);
  const { stream, head } = await openTunnel(session);
  t.equal(head[':status'], 200);
  t.match(asked, { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', ':authority': 'a.test' });
  stream.end(Buffer.alloc(200_000, 'ab'));
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(stream, 'end');
  t.equal(bytes, 200_000);
  session.destroy();
  await toRest(harness);
});

t.test('trailers do not belong into a tunnel: its stream is reset, on either side', async (t) => {
  const raw = await startRawHttp2Endpoint(
    t,
    (connection) => {
      void eachRequest(connection, (stream) => connection.send(headers(stream, [[':status', '200']])));
    },
    [[8, 1]],
  );
  const harness = await startHarness(t, raw.port, HTTP2_HOP);
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  for (const [stream, own] of [
    [1, 1],
    [3, 3],
  ] as const) {
    client.send(headers(stream, EXTENDED));
    await client.waitFor((each) => each.type === FRAME.headers && each.stream === stream, 'the tunnel');
    const sender = stream === 1 ? client : raw.connections[0]!;
    sender.send(headers(own, [['x-late', '1']], FLAG.endStream));
    const reset = await sender.waitFor((each) => each.type === FRAME.rstStream && each.stream === own, 'the reset');
    t.equal(reset.payload.readUInt32BE(0), 1, 'PROTOCOL_ERROR');
    const other = stream === 1 ? raw.connections[0]! : client;
    await other.waitFor((each) => each.type === FRAME.rstStream && each.stream === stream, 'the end of the other side');
  }
  client.destroy();
  await toRest(harness);
});

t.test('a tunnel whose endpoint has ended its side still takes what the client sends, at its pace', async (t) => {
  const raw = await startRawHttp2Endpoint(
    t,
    (connection) => {
      void eachRequest(connection, (stream) =>
        connection.send(headers(stream, [[':status', '200']]), data(stream, Buffer.alloc(0), FLAG.endStream)),
      );
    },
    [
      [8, 1],
      [SETTING.initialWindowSize, 1_000],
    ],
  );
  const harness = await startHarness(t, raw.port, HTTP2_HOP);
  const session = await connectUpgrading(t, harness.port);
  const { stream } = await openTunnel(session);
  stream.resume();
  stream.end(Buffer.alloc(200_000));
  const endpoint = raw.connections[0]!;
  for (let have = 0; have < 200_000; have = endpoint.dataBytes) {
    endpoint.send(windowUpdate(0, 50_000), windowUpdate(1, 50_000));
    await eventually(() => endpoint.dataBytes > have, `more than ${have} bytes`);
  }
  await endpoint.waitFor(({ type, flags }) => type === FRAME.data && (flags & FLAG.endStream) !== 0, 'the end');
  t.equal(endpoint.dataBytes, 200_000);
  session.destroy();
  await toRest(harness);
});

t.test('a peer that is lost in the middle of a tunnel takes the other along', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const endpoint = await startHttp2Endpoint(
    t,
    (stream) => {
      streams.push(stream);
      stream.respond({ ':status': 200 });
      stream.write('open');
    },
    { settings: { enableConnectProtocol: true } },
  );
  const harness = await startHarness(t, endpoint.port, HTTP2_HOP);
  const session = await connectUpgrading(t, harness.port);
  const first = await openTunnel(session);
  const second = await openTunnel(session);
  await once(first.stream, 'data');
  const gone = closeOf(first.stream);
  streams[0]!.close(2);
  await gone;
  t.not(first.stream.rstCode, 0, 'not a regular end');
  t.notOk(second.stream.destroyed);
  const ended = closeOf(streams[1]!);
  second.stream.close(8);
  await ended;
  t.equal(streams[1]!.rstCode, 8);
  session.destroy();
  await toRest(harness);
});

t.test('what upgrade_configs does not list is refused, and what the endpoint refuses is passed on', async (t) => {
  const upstream = await startUpstream(t, {
    onRequest: (_, each) => each.send(response('no', '', '426 Upgrade Required')),
  });
  const harness = await startHarness(t, upstream.port, {}, { http2: ALLOWING });
  const session = await connectUpgrading(t, harness.port);
  const { stream, head } = await openTunnel(session);
  t.equal(head[':status'], 403);
  t.match(head['x-outrider-failure'], /upgrade_failed/);
  stream.destroy();
  t.equal(upstream.connections.length, 0);
  const allowing = await startHarness(t, upstream.port, {});
  const other = await connectUpgrading(t, allowing.port);
  const refused = await openTunnel(other);
  t.equal(refused.head[':status'], 426);
  refused.stream.destroy();
  for (const each of [session, other]) each.destroy();
  await toRest(harness);
  await toRest(allowing);
});

t.test(
  'a client is told by SETTINGS whether extended CONNECT is taken, and is not served where it is not',
  async (t) => {
    const upstream = await startUpstream(t);
    const harness = await startHarness(t, upstream.port, {}, { upgrades: { websocket: true } });
    const session = await connectHttp2(t, harness.port);
    t.equal((await ask(session, '/')).status, 200);
    t.notOk(session.remoteSettings.enableConnectProtocol);
  },
);

t.test('an endpoint that does not offer extended CONNECT is a clear 503', async (t) => {
  const endpoint = await startHttp2Endpoint(t);
  const harness = await startHarness(t, endpoint.port, HTTP2_HOP);
  const client = new WebSocket(`ws://127.0.0.1:${harness.port}/`);
  const [, answer] = await once(client, 'unexpected-response');
  t.equal(answer.statusCode, 503);
  t.match(answer.headers['x-outrider-failure'], /^UF; .*extended_connect_unsupported/);
  answer.destroy();
  const session = await connectUpgrading(t, harness.port);
  const { stream, head } = await openTunnel(session);
  t.equal(head[':status'], 503);
  t.match(head['x-outrider-failure'], /extended_connect_unsupported/);
  stream.destroy();
  t.equal((await ask(session, '/')).status, 200, 'plain requests pass on the same connection');
  t.equal(endpoint.requests.length, 1);
  client.on('error', () => undefined);
  client.terminate();
  session.destroy();
  await toRest(harness);
});

t.test('an endpoint over HTTP/2 that refuses the upgrade leaves nothing behind', async (t) => {
  const endpoint = await startHttp2Endpoint(
    t,
    (stream) => {
      stream.respond({ ':status': 403 });
      stream.end('no');
    },
    { settings: { enableConnectProtocol: true } },
  );
  const harness = await startHarness(t, endpoint.port, HTTP2_HOP);
  const client = new WebSocket(`ws://127.0.0.1:${harness.port}/`);
  client.on('error', () => undefined);
  const [, answer] = await once(client, 'unexpected-response');
  t.equal(answer.statusCode, 403);
  answer.destroy();
  client.terminate();
  await toRest(harness);
});
