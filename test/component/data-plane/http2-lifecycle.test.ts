/** HTTP/2 connections of clients that grow old, drain, refuse and fail: what was asked is answered, nothing stays. */
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import t from 'tap';
import { cluster } from '../../fakes/config-builders.ts';
import { data, FLAG, FRAME, get, headers, ping, requestFields } from '../../fakes/http2-frames.ts';
import { type Frame, RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, Harness, start } from './harness.ts';
import { ask, connectHttp2, HTTP2_OPTIONS, OVER_HTTP2, startHttp2Endpoint, toRest } from './http2-peers.ts';
import { response, type UpstreamConnection } from './raw-upstream.ts';

/** An HTTP/1.1 endpoint that answers when it is told to. */
function holding() {
  const open: UpstreamConnection[] = [];
  return {
    open,
    script: { onRequest: (_: unknown, connection: UpstreamConnection) => void open.push(connection) },
    answerAll: () => {
      for (const each of open.splice(0)) each.send(response('answer'));
    },
  };
}

const endOf =
  (stream: number) =>
  (each: Frame): boolean =>
    each.stream === stream && each.type <= FRAME.headers && (each.flags & FLAG.endStream) !== 0;

/** Last streams of the GOAWAY frames that came. */
function goaways(client: RawHttp2): number[] {
  return client.frames.filter(({ type }) => type === FRAME.goaway).map(({ payload }) => payload.readUInt32BE(0));
}

t.test('a drain is announced, what is in flight or on its way is served, and only then it ends', async (t) => {
  const held = holding();
  const { harness } = await start(t, held.script);
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  client.send(get(1));
  await eventually(() => held.open.length === 1, 'the request');
  const drained = harness.plane.listeners.drainAll();
  await client.waitFor(({ type }) => type === FRAME.goaway, 'the announcement');
  const probe = await client.waitFor(({ type, flags }) => type === FRAME.ping && flags === 0, 'the ping behind it');
  t.same(goaways(client), [2 ** 31 - 1]);
  // The client has not read that yet: the first request ends, and another one is under way.
  held.answerAll();
  await client.waitFor(endOf(1), 'the first answer');
  client.send(get(3));
  await eventually(() => held.open.length === 1, 'the second request');
  client.send(ping(Buffer.from(probe.payload), FLAG.ack));
  await eventually(() => goaways(client).length === 2, 'the second GOAWAY');
  t.same(goaways(client), [2 ** 31 - 1, 3]);
  t.notOk(client.ended);
  held.answerAll();
  await client.waitFor(endOf(3), 'the second answer');
  await client.untilEnded();
  t.equal(client.goaway?.error, 'NO_ERROR');
  client.destroy();
  await drained;
  const [stats] = harness.plane.activator.managerStats();
  t.same([stats!.cxActive, stats!.rqActive, stats!.http2.streamsActive], [0, 0, 0]);
});

t.test('node clients lose no request when the listener drains under them', async (t) => {
  const { harness } = await start(t);
  const session = await connectHttp2(t, harness.port);
  // The connection is known to be one of HTTP/2.
  await ask(session, '/');
  const replies = Array.from({ length: 50 }, (_, i) => ask(session, `/${i}`));
  const drained = harness.plane.listeners.drainAll();
  t.same(
    (await Promise.all(replies)).map(({ status }) => status),
    new Array(50).fill(200),
  );
  await drained;
  t.equal(harness.plane.activator.managerStats()[0]!.cxActive, 0);
});

t.test('a connection takes as many requests as configured, and says which were the last', async (t) => {
  const held = holding();
  const { harness, upstream } = await start(t, held.script, { manager: { maxRequestsPerConnection: 2 } });
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  client.send(get(1), get(3), headers(5, requestFields('POST', '/late')));
  await eventually(() => held.open.length === 2, 'two requests');
  t.same(client.goaway, { error: 'NO_ERROR', lastStream: 3 });
  // What belongs to the request that was not taken is ignored, trailers included.
  client.send(data(5, Buffer.from('late')), headers(5, [['x-late', '1']], FLAG.endStream), ping());
  await client.waitFor(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack, 'an answer to the ping');
  held.answerAll();
  await client.waitFor(endOf(1), 'the first answer');
  await client.waitFor(endOf(3), 'the second answer');
  await client.untilEnded();
  t.equal(client.goaway?.error, 'NO_ERROR');
  t.same(new Set(goaways(client)), new Set([3]), 'it is never more than was said');
  t.equal(upstream.requests.length, 2);
  t.equal(harness.plane.activator.managerStats()[0]!.cxMaxRequestsReached, 1);
  client.destroy();
  await toRest(harness);
});

t.test('a connection that is not used is closed by the idle timeout, one with a request is not', async (t) => {
  const held = holding();
  const { harness } = await start(t, held.script, { manager: { idleTimeoutMs: 60 } });
  const busy = RawHttp2.connect(harness.port);
  busy.send(get(1));
  await eventually(() => held.open.length === 1, 'the request');
  const idle = RawHttp2.connect(harness.port);
  t.teardown(() => {
    busy.destroy();
    idle.destroy();
  });
  await idle.untilEnded();
  t.same(idle.goaway, { error: 'NO_ERROR', lastStream: 0 });
  t.notOk(busy.ended);
  held.answerAll();
  await busy.waitFor(endOf(1), 'the answer');
  await busy.untilEnded();
  t.same(busy.goaway, { error: 'NO_ERROR', lastStream: 1 });
  t.equal(harness.plane.activator.managerStats()[0]!.cxIdleTimeout, 2);
  busy.destroy();
  idle.destroy();
  await toRest(harness);
});

t.test('a stream on which nothing moves ends: 504 for the endpoint, 408 for the client', async (t) => {
  const { harness } = await start(t, holding().script, { manager: { streamIdleTimeoutMs: 60 } });
  const session = await connectHttp2(t, harness.port);
  const silent = session.request({ ':method': 'POST', ':path': '/', ':authority': 'a.test' });
  silent.write('part');
  const status = new Promise((resolve) => silent.on('response', (each) => resolve(each[':status'])));
  silent.on('error', () => undefined);
  t.equal((await ask(session, '/')).status, 504);
  t.equal(await status, 408);
  t.equal(harness.plane.activator.managerStats()[0]!.rqIdleTimeout, 2);
  session.destroy();
  await toRest(harness);
});

t.test('a request that does not come to its end in time is 408, and its connection goes on', async (t) => {
  const { harness, upstream } = await start(t, {}, { manager: { requestTimeoutMs: 60 } });
  const session = await connectHttp2(t, harness.port);
  const slow = session.request({ ':method': 'POST', ':path': '/slow', ':authority': 'a.test' });
  slow.write('part');
  slow.on('error', () => undefined);
  const [head] = await once(slow, 'response');
  t.equal(head[':status'], 408);
  slow.resume();
  await once(slow, 'close');
  t.equal(slow.rstCode, 0);
  t.match(await ask(session, '/next'), { status: 200, body: '/next' });
  t.equal(upstream.requests.length, 1);
  t.equal(harness.plane.activator.managerStats()[0]!.rqTimeout, 1);
  session.destroy();
  await toRest(harness);
});

t.test('streams over the limit are refused, and others are served', async (t) => {
  const held = holding();
  const { harness } = await start(t, held.script, {
    manager: { http2: { ...HTTP2_OPTIONS, maxConcurrentStreams: 2 } },
  });
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  client.send(get(1), get(3), get(5), get(7));
  await eventually(() => (client.resets.get('REFUSED_STREAM') ?? 0) === 2, 'two refusals');
  t.same(
    client.frames.filter(({ type }) => type === FRAME.rstStream).map(({ stream }) => stream),
    [5, 7],
  );
  await eventually(() => held.open.length === 2, 'two requests');
  held.answerAll();
  await client.waitFor(endOf(1), 'the first answer');
  await client.waitFor(endOf(3), 'the second answer');
  client.send(get(9));
  await eventually(() => held.open.length === 1, 'another request');
  held.answerAll();
  await client.waitFor(endOf(9), 'its answer');
  t.equal(harness.plane.activator.managerStats()[0]!.http2.streamsRefused, 2);
  client.destroy();
  await toRest(harness);
});

t.test('a client that vanishes takes its requests along', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const endpoint = await startHttp2Endpoint(t, (stream) => void streams.push(stream));
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [endpoint.port], OVER_HTTP2)] });
  const client = RawHttp2.connect(harness.port);
  client.send(get(1), get(3), headers(5, requestFields('POST', '/')), data(5, Buffer.from('part')));
  await eventually(() => streams.length === 3, 'three requests');
  client.socket.resetAndDestroy();
  await eventually(() => streams.every(({ destroyed }) => destroyed), 'their end');
  t.same(
    streams.map(({ rstCode }) => rstCode),
    [8, 8, 8],
    'CANCEL',
  );
  t.equal(endpoint.sessions.size, 1, 'the connection to the endpoint stays');
  await toRest(harness);
});
