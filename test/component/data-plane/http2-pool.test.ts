/** HTTP/2 connections to endpoints: their limits, their end, and what becomes of the requests on them. */
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:net';
import t from 'tap';
import type { ForwardAction, RetryPolicyConfig } from '../../../proxy/config/model/route.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { data, FLAG, goaway, headers, rstStream, SETTING, settings } from '../../fakes/http2-frames.ts';
import type { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, Harness } from './harness.ts';
import {
  ask,
  connectHttp2,
  eachRequest,
  HTTP2_OPTIONS,
  OVER_HTTP2,
  RETRY,
  startHttp2Endpoint,
  startRawHttp2Endpoint,
  toRest,
} from './http2-peers.ts';

const REFUSED: RetryPolicyConfig = { ...RETRY, retryOn: ['refused-stream'] };

function routed(action: Partial<ForwardAction>) {
  return routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), forward('a', action))])]);
}

t.test('the route timeout is 504 and ends the work of the endpoint; a try that is over goes elsewhere', async (t) => {
  const cancelled: string[] = [];
  const hanging = await startHttp2Endpoint(t, (stream, { ':path': path }) => {
    if (path === '/warm') stream.respond({ ':status': 200 }, { endStream: true });
    else stream.on('close', () => cancelled.push(`${path} ${stream.rstCode}`));
  });
  const good = await startHttp2Endpoint(t);
  const harness = new Harness(t);
  const clusters = [cluster('a', [hanging.port], OVER_HTTP2), cluster('b', [hanging.port, good.port], OVER_HTTP2)];
  const retryPolicy = {
    ...RETRY,
    retryOn: ['reset'],
    perTryTimeoutMs: 200,
    avoidPreviousHosts: true,
    hostSelectionMaxAttempts: 5,
  };
  const table = routeTable('routes', [
    virtualHost(
      ['*'],
      [
        route(prefixMatch('/once'), forward('a', { timeoutMs: 50 })),
        route(prefixMatch('/warm'), forward('a')),
        route(prefixMatch('/again'), forward('b', { timeoutMs: 5_000, retryPolicy })),
      ],
    ),
  ]);
  await harness.apply({ clusters, table });
  const session = await connectHttp2(t, harness.port);
  t.equal((await ask(session, '/warm')).status, 200, 'the connection stands');
  const late = await ask(session, '/once');
  t.equal(late.status, 504);
  t.match(late.headers['x-outrider-failure'], /^UT; response_timeout/);
  await eventually(() => cancelled.length === 1, 'the end at the endpoint');
  t.same(cancelled, ['/once 8']);
  for (let i = 0; i < 4; i++) {
    const reply = await ask(session, '/again', { headers: { ':method': 'POST' }, body: 'kept' });
    t.match(reply, { status: 200, body: '/again' });
  }
  t.same(
    good.requests.map(({ body }) => body),
    ['kept', 'kept', 'kept', 'kept'],
    'with its body',
  );
  const { stats } = harness.plane.clusters.get('b')!;
  t.ok(stats.rqPerTryTimeout >= 1 && stats.rqPerTryTimeout <= 4);
  t.equal(stats.rqRetrySuccess, stats.rqPerTryTimeout);
  session.destroy();
  await toRest(harness);
});

t.test('a connection to an endpoint serves as many requests as configured', async (t) => {
  const endpoint = await startHttp2Endpoint(t);
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [endpoint.port], { ...OVER_HTTP2, maxRequestsPerConnection: 2 })] });
  const session = await connectHttp2(t, harness.port);
  for (let i = 0; i < 5; i++) t.equal((await ask(session, '/')).status, 200);
  const { stats } = harness.plane.clusters.get('a')!;
  t.equal(stats.cxTotal, 3);
  t.equal(stats.cxMaxRequests, 2);
  await eventually(() => endpoint.sessions.size === 1, 'the worn ones to close');
  const replies = await Promise.all(Array.from({ length: 9 }, () => ask(session, '/')));
  t.ok(replies.every(({ status }) => status === 200));
  t.equal(stats.cxTotal, 7);
  session.destroy();
  await toRest(harness);
});

t.test('a connection to an endpoint that is not used is closed', async (t) => {
  const endpoint = await startHttp2Endpoint(t);
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [endpoint.port], { ...OVER_HTTP2, poolIdleTimeoutMs: 50 })] });
  const session = await connectHttp2(t, harness.port);
  t.equal((await ask(session, '/')).status, 200);
  const [left] = [...endpoint.sessions];
  const told = once(left!, 'goaway');
  t.equal((await told)[0], 0, 'NO_ERROR');
  await eventually(() => endpoint.sessions.size === 0, 'the end');
  const { stats } = harness.plane.clusters.get('a')!;
  t.equal(stats.cxIdleTimeout, 1);
  t.equal(stats.cxActive, 0);
  t.equal((await ask(session, '/')).status, 200, 'and made again when it is needed');
  session.destroy();
  await toRest(harness);
});

for (const [name, endpointMax, own] of [
  ['of the endpoint', 3, 1_024],
  ['of the cluster', 1_000, 3],
] as const) {
  t.test(`requests keep to the limit of streams ${name}`, async (t) => {
    const open: ServerHttp2Stream[] = [];
    const active = new Map<unknown, number>();
    let most = 0;
    const endpoint = await startHttp2Endpoint(
      t,
      (stream) => {
        const { session } = stream;
        active.set(session, (active.get(session) ?? 0) + 1);
        most = Math.max(most, active.get(session)!);
        stream.on('close', () => active.set(session, active.get(session)! - 1));
        open.push(stream);
      },
      { settings: { maxConcurrentStreams: endpointMax } },
    );
    const harness = new Harness(t);
    const http2 = { ...HTTP2_OPTIONS, maxConcurrentStreams: own };
    await harness.apply({ clusters: [cluster('a', [endpoint.port], { ...OVER_HTTP2, http2 })] });
    const session = await connectHttp2(t, harness.port);
    // The endpoint's settings are known once it has answered.
    const first = ask(session, '/first');
    await eventually(() => open.length === 1, 'the first request');
    open.pop()!.respond({ ':status': 200 }, { endStream: true });
    await first;
    const replies = Array.from({ length: 10 }, () => ask(session, '/'));
    await eventually(() => open.length === 10, 'all requests');
    t.equal(most, 3);
    t.equal(endpoint.sessions.size, 4);
    for (const each of open) each.respond({ ':status': 200 }, { endStream: true });
    t.ok((await Promise.all(replies)).every(({ status }) => status === 200));
    session.destroy();
    await toRest(harness);
  });
}

t.test('a burst at the first connection keeps to the usual limit until the endpoint has told its own', async (t) => {
  const endpoint = await startHttp2Endpoint(t, null, { settings: { maxConcurrentStreams: 100 } });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [endpoint.port], OVER_HTTP2)] });
  const session = await connectHttp2(t, harness.port);
  const replies = await Promise.all(Array.from({ length: 300 }, () => ask(session, '/')));
  t.equal(replies.filter(({ status }) => status === 200).length, 300);
  t.equal(harness.plane.clusters.get('a')!.stats.http2.rxReset, 0, 'none was refused');
  session.destroy();
  await toRest(harness);
});

t.test('an endpoint that takes no stream for a while is waited for, not dialled again and again', async (t) => {
  const raw = await startRawHttp2Endpoint(
    t,
    (connection) => {
      void eachRequest(connection, (stream) => connection.send(headers(stream, [[':status', '200']], FLAG.endStream)));
    },
    [[SETTING.maxConcurrentStreams, 0]],
  );
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
  const session = await connectHttp2(t, harness.port);
  t.equal((await ask(session, '/')).status, 200, 'sent before the endpoint said so');
  const waiting = [ask(session, '/'), ask(session, '/')];
  const { stats } = harness.plane.clusters.get('a')!;
  await eventually(() => stats.rqPendingActive === 2, 'both to wait');
  await new Promise((resolve) => setImmediate(resolve));
  raw.connections[0]!.send(settings([[SETTING.maxConcurrentStreams, 1]]));
  t.same(
    (await Promise.all(waiting)).map(({ status }) => status),
    [200, 200],
  );
  t.ok(stats.cxTotal <= 2, `${stats.cxTotal} connections`);
  session.destroy();
  await toRest(harness);
});

t.test('a refused request is made again where the policy says so, and is a 503 where not', async (t) => {
  let refusals = 0;
  const raw = await startRawHttp2Endpoint(t, (connection) => {
    void eachRequest(connection, (stream) => {
      if (refusals-- > 0) connection.send(rstStream(stream, 7));
      else connection.send(headers(stream, [[':status', '200']], FLAG.endStream));
    });
  });
  const harness = new Harness(t);
  await harness.apply({
    clusters: [cluster('a', [raw.port], OVER_HTTP2)],
    table: routed({ retryPolicy: REFUSED }),
  });
  const session = await connectHttp2(t, harness.port);
  refusals = 1;
  t.equal((await ask(session, '/')).status, 200);
  refusals = 2;
  const refused = await ask(session, '/');
  t.equal(refused.status, 503);
  t.match(refused.headers['x-outrider-failure'], /^UR; .*remote_refused_stream_reset/);
  await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)], table: routed({}) });
  refusals = 1;
  t.equal((await ask(session, '/')).status, 503);
  t.equal((await ask(session, '/')).status, 200);
  t.equal(raw.connections.length, 1, 'on the same connection');
  session.destroy();
  await toRest(harness);
});

t.test(
  'behind a GOAWAY what was not looked at is made again on another connection, the rest is waited for',
  async (t) => {
    const seen: { connection: RawHttp2; stream: number }[] = [];
    const raw = await startRawHttp2Endpoint(t, (connection) => {
      void eachRequest(connection, (stream) => seen.push({ connection, stream }));
    });
    const harness = new Harness(t);
    await harness.apply({
      clusters: [cluster('a', [raw.port], OVER_HTTP2)],
      table: routed({ retryPolicy: REFUSED }),
    });
    const session = await connectHttp2(t, harness.port);
    const replies = Array.from({ length: 3 }, (_, i) =>
      ask(session, `/${i}`, { headers: { ':method': 'POST' }, body: `body ${i}` }),
    );
    await eventually(() => seen.length === 3, 'three requests');
    const old = raw.connections[0]!;
    old.send(goaway(2 ** 31 - 1, 0));
    old.send(goaway(1, 0));
    await eventually(() => seen.length === 5, 'two of them again');
    const fresh = raw.connections[1]!;
    t.ok(seen.slice(3).every(({ connection }) => connection === fresh));
    await eventually(() => fresh.dataBytes === 12, 'their bodies');
    for (const { connection, stream } of [seen[0]!, ...seen.slice(3)])
      connection.send(headers(stream, [[':status', '200']], FLAG.endStream));
    t.same(
      (await Promise.all(replies)).map(({ status }) => status),
      [200, 200, 200],
    );
    await old.untilEnded();
    t.notOk(fresh.ended);
    const { stats } = harness.plane.clusters.get('a')!;
    t.equal(stats.cxTotal, 2);
    t.equal(stats.rqRetrySuccess, 2);
    session.destroy();
    await toRest(harness);
  },
);

t.test(
  'an endpoint that breaks the protocol or vanishes fails its requests at once, and is dialled anew',
  async (t) => {
    for (const [name, end, failure] of [
      ['vanishes', (connection: RawHttp2) => void connection.socket.resetAndDestroy(), /^UC/],
      ['ends', (connection: RawHttp2) => void connection.socket.end(), /^UC/],
      [
        'sends what is no frame',
        (connection: RawHttp2) => void connection.send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
        /^U/,
      ],
      ['breaks a rule', (connection: RawHttp2) => void connection.send(data(99, Buffer.from('x'))), /^U/],
    ] as const) {
      let requests = 0;
      const raw = await startRawHttp2Endpoint(t, (connection) => {
        void eachRequest(connection, (stream) => {
          requests++;
          if (requests === 2) end(connection);
          else if (requests > 2) connection.send(headers(stream, [[':status', '200']], FLAG.endStream));
        });
      });
      const harness = new Harness(t);
      await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
      const session = await connectHttp2(t, harness.port);
      for (const reply of await Promise.all([ask(session, '/1'), ask(session, '/2')])) {
        t.ok(reply.status === 503 || reply.status === 502, `${name}: ${reply.status}`);
        t.match(reply.headers['x-outrider-failure'], failure);
      }
      t.equal((await ask(session, '/3')).status, 200);
      t.equal(raw.connections.length, 2);
      session.destroy();
      await toRest(harness);
    }
  },
);

t.test('an endpoint that speaks HTTP/1.1 is a clear error, not a wait', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const harness = new Harness(t);
  const { port } = server.address() as { port: number };
  await harness.apply({ clusters: [cluster('a', [port], OVER_HTTP2)] });
  const session = await connectHttp2(t, harness.port);
  const reply = await ask(session, '/');
  t.ok(reply.status === 502 || reply.status === 503, `${reply.status} ${reply.headers['x-outrider-failure']}`);
  t.equal(harness.plane.clusters.get('a')!.stats.cxProtocolError, 1);
  session.destroy();
  await toRest(harness);
});

t.test('requests that wait for a connection in vain all learn it', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [port], OVER_HTTP2)] });
  const session = await connectHttp2(t, harness.port);
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask(session, '/')));
  t.ok(replies.every(({ status }) => status === 503));
  t.match(replies[0]!.headers['x-outrider-failure'], /^UF; .*connection_failure/);
  session.destroy();
  await toRest(harness);
});
