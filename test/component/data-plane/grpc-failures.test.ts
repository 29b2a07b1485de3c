/** gRPC calls through a sidecar when instances leave, refuse, fail and are late. */
import { Metadata, status } from '@grpc/grpc-js';
import t from 'tap';
import type { OutlierConfig } from '../../../proxy/config/model/cluster.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { FLAG, FRAME, headers, rstStream } from '../../fakes/http2-frames.ts';
import { ELSEWHERE, routed, startOne } from './grpc-chain.ts';
import { GrpcClient, type Handlers, startGrpcServer } from './grpc-peers.ts';
import { eventually, Harness } from './harness.ts';
import {
  connectHttp2,
  eachRequest,
  OVER_HTTP2,
  RETRY,
  replyOf,
  startHttp2Endpoint,
  startRawHttp2Endpoint,
  toRest,
} from './http2-peers.ts';

const MANY_RETRIES = {
  maxConnections: 1_024,
  maxPendingRequests: 1_024,
  maxRequests: 1_024,
  maxRetries: 1_024,
  retryBudget: null,
  trackRemaining: false,
};

const OUTLIER: OutlierConfig = {
  consecutive5xx: 0,
  enforcingConsecutive5xx: 0,
  consecutiveGatewayFailure: 5,
  enforcingConsecutiveGatewayFailure: 100,
  splitExternalLocalOriginErrors: false,
  consecutiveLocalOriginFailure: 5,
  enforcingConsecutiveLocalOriginFailure: 0,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionTimeJitterMs: 0,
  maxEjectionPercent: 100,
  alwaysEjectOneHost: true,
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1_900,
  enforcingSuccessRate: 0,
  enforcingLocalOriginSuccessRate: 0,
  failurePercentageThreshold: 85,
  enforcingFailurePercentage: 0,
  enforcingFailurePercentageLocalOrigin: 0,
  failurePercentageMinimumHosts: 5,
  failurePercentageRequestVolume: 50,
  successfulActiveHealthCheckUnejects: true,
};

t.test('no call is lost when an instance leaves', async (t) => {
  const { client, servers, harness } = await startOne(t, {
    handlers: [{}, {}],
    cluster: {
      limits: { default: MANY_RETRIES, high: MANY_RETRIES },
    },
    action: { retryPolicy: { ...ELSEWHERE, retryOn: ['refused-stream', 'connect-failure'], numRetries: 4 } },
  });
  const lanes = 20;
  let done = 0;
  const failures: string[] = [];
  const lane = async () => {
    while (done < 400) {
      const { code, details } = await client.echo('x');
      if (code !== status.OK) failures.push(`${code} ${details}`);
      if (++done === 100) servers[0]!.server.tryShutdown(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  t.same(failures, []);
  const [leaving, staying] = servers.map(({ calls }) => calls.get('echo')!);
  t.ok(leaving! >= 40 && leaving! < 200, `${leaving} calls at the one that left`);
  t.equal(leaving! + staying!, done, 'none was served twice');
  t.equal(harness.plane.clusters.get('a')!.stats.rqActive, 0);
});

t.test('200 calls that are running when the instance leaves are served to their end', async (t) => {
  const open: (() => void)[] = [];
  const { client, servers } = await startOne(t, {
    handlers: [{ echo: (call, reply) => void open.push(() => reply(null, call.request)) }],
  });
  const calls = Array.from({ length: 200 }, (_, i) => client.echo(`${i}`));
  await eventually(() => open.length === 200, 'all calls to be there');
  const gone = new Promise<unknown>((resolve) => servers[0]!.server.tryShutdown(resolve));
  for (const each of open) each();
  t.ok((await Promise.all(calls)).every(({ code }) => code === status.OK));
  await gone;
});

t.test('an announced time limit becomes one of the proxy, which says so', async (t) => {
  // No server of gRPC: that would keep to the limit by itself.
  const codes: number[] = [];
  const endpoint = await startHttp2Endpoint(t, (stream) => {
    stream.on('close', () => codes.push(stream.rstCode ?? 0));
  });
  const harness = new Harness(t);
  const maxStreamDuration = {
    maxStreamDurationMs: null,
    grpcTimeoutHeaderMaxMs: 0,
    grpcTimeoutHeaderOffsetMs: null,
  };
  await harness.apply({ clusters: [cluster('a', [endpoint.port], OVER_HTTP2)], table: routed({ maxStreamDuration }) });
  const session = await connectHttp2(t, harness.port);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/test.Service/Echo',
    'content-type': 'application/grpc',
    'grpc-timeout': '60m',
    te: 'trailers',
  });
  stream.end(Buffer.from([0, 0, 0, 0, 1, 65]));
  const reply = await replyOf(stream);
  t.equal(reply.status, 200);
  t.equal(reply.headers['grpc-status'], String(status.DEADLINE_EXCEEDED));
  t.match(reply.headers['grpc-message'], /maximum duration/);
  t.equal(endpoint.requests.length, 1);
  await eventually(() => codes.length === 1, 'the endpoint to hear of it');
  t.same(codes, [8], 'CANCEL');
  t.equal(harness.plane.activator.managerStats()[0]!.rqMaxDurationReached, 1);
  session.destroy();
  await toRest(harness);
});

t.test('a stream outlives the time limit that other routes have', async (t) => {
  const server = await startGrpcServer(t, { echo: () => undefined });
  const harness = new Harness(t);
  const limited = route(prefixMatch('/test.Service/Echo'), forward('a', { timeoutMs: 80 }));
  const free = route(prefixMatch('/'), forward('a', { timeoutMs: 0 }));
  await harness.apply({
    clusters: [cluster('a', [server.port], OVER_HTTP2)],
    table: routeTable('routes', [virtualHost(['*'], [limited, free])]),
  });
  const client = new GrpcClient(t, harness.port);
  const talk = client.talk();
  talk.call.write(Buffer.from('before'));
  t.equal(await talk.message(0), 'before');
  const late = await client.echo('x');
  t.equal(late.code, status.UNAVAILABLE);
  t.match(late.details, /request timeout of the route/);
  talk.call.write(Buffer.from('behind'));
  t.equal(await talk.message(1), 'behind');
  talk.call.end();
  t.equal((await talk.status).code, status.OK);
});

t.test('no route is UNIMPLEMENTED, no endpoint UNAVAILABLE, and both say why', async (t) => {
  const harness = new Harness(t);
  const table = routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/test.Service/Echo'), forward('a'))])]);
  await harness.apply({ clusters: [cluster('a', [], OVER_HTTP2)], table });
  const client = new GrpcClient(t, harness.port);
  const empty = await client.echo('x');
  t.equal(empty.code, status.UNAVAILABLE);
  t.match(empty.details, /no healthy endpoint/);
  const lost = await client.collect([Buffer.from('x')]);
  t.equal(lost.code, status.UNIMPLEMENTED);
  t.match(lost.details, /route/);
  const talk = client.talk();
  talk.call.write(Buffer.from('x'));
  t.equal((await talk.status).code, status.UNIMPLEMENTED, 'also while the request goes on');
});

t.test('a call that an endpoint answers with UNAVAILABLE alone is made again', async (t) => {
  let refusals = 1;
  const { client, harness, servers } = await startOne(t, {
    handlers: [
      {
        echo: (call, reply) => {
          if (refusals-- > 0) reply({ code: status.UNAVAILABLE, details: 'not yet' });
          else reply(null, call.request);
        },
      },
    ],
    action: { retryPolicy: { ...RETRY, retryOn: ['unavailable'] } },
  });
  t.match(await client.echo('again'), { code: status.OK, message: Buffer.from('again') });
  t.equal(servers[0]!.calls.get('echo'), 2);
  const { stats } = harness.plane.clusters.get('a')!;
  t.equal(stats.rqRetry, 1);
  t.equal(stats.rqRetrySuccess, 1);
  refusals = 5;
  const outcome = await client.echo('never');
  t.equal(outcome.code, status.UNAVAILABLE);
  t.equal(outcome.details, 'not yet', 'the last answer is passed on as it is');
  t.equal(stats.rqRetryLimitExceeded, 1);
});

t.test('a refused stream is tried again elsewhere', async (t) => {
  const server = await startGrpcServer(t);
  let resets = 0;
  const raw = await startRawHttp2Endpoint(t, (connection) => {
    void eachRequest(connection, (stream) => {
      resets++;
      connection.send(rstStream(stream, 7));
    });
  });
  const harness = new Harness(t);
  await harness.apply({
    clusters: [cluster('a', [raw.port, server.port], OVER_HTTP2)],
    table: routed({ retryPolicy: { ...ELSEWHERE, retryOn: ['refused-stream'] } }),
  });
  const client = new GrpcClient(t, harness.port);
  for (let i = 0; i < 4; i++) t.match(await client.echo(`${i}`), { code: status.OK, message: Buffer.from(`${i}`) });
  t.ok(resets >= 1);
  t.equal(harness.plane.clusters.get('a')!.stats.rqRetrySuccess, resets);
  t.equal(server.calls.get('echo'), 4);
});

t.test('statuses in trailers count against an endpoint: five UNAVAILABLE eject it', async (t) => {
  const sick: Partial<Handlers> = {
    echo: (call, reply) => {
      // The head goes out first, so that the status stands in the trailers.
      call.sendMetadata(new Metadata());
      reply({ code: status.UNAVAILABLE, details: 'sick' });
    },
  };
  const { client, servers, harness } = await startOne(t, { handlers: [sick, {}], cluster: { outlier: OUTLIER } });
  const { stats } = harness.plane.clusters.get('a')!;
  const codes: status[] = [];
  for (let i = 0; i < 10; i++) codes.push((await client.echo('x')).code);
  t.equal(codes.filter((code) => code === status.UNAVAILABLE).length, 5);
  t.equal(stats.ejectionsEnforcedConsecutiveGatewayFailure, 1);
  t.equal(stats.ejectionsActive, 1);
  for (let i = 0; i < 6; i++) t.equal((await client.echo('x')).code, status.OK);
  t.equal(servers[0]!.calls.get('echo'), 5, 'the sick one gets no more calls');
});

t.test('an answer that ends before the request does leaves nothing behind, even if the endpoint is lazy', async (t) => {
  const raw = await startRawHttp2Endpoint(t, (connection) => {
    void eachRequest(connection, (stream) => {
      const fields = [
        [':status', '200'],
        ['content-type', 'application/grpc'],
        ['grpc-status', '7'],
        ['grpc-message', 'no'],
      ] as const;
      connection.send(headers(stream, fields, FLAG.endStream));
    });
  });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)], table: routed() });
  const client = new GrpcClient(t, harness.port);
  const talk = client.talk();
  talk.call.write(Buffer.from('x'));
  const end = await talk.status;
  t.equal(end.code, status.PERMISSION_DENIED);
  t.equal(end.details, 'no');
  const connection = await raw.connection(0);
  await connection.waitFor(({ type }) => type === FRAME.rstStream, 'the end of the request');
  const { stats } = harness.plane.clusters.get('a')!;
  t.equal(stats.http2.streamsActive, 0);
  t.equal(stats.rqActive, 0);
});
