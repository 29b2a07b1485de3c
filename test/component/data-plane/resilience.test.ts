/** Endpoints that fail: timeouts, retries, limits, ejection. */
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import t, { type Test } from 'tap';
import type { OutlierConfig } from '../../../proxy/config/model/cluster.ts';
import type { RetryPolicyConfig } from '../../../proxy/config/model/route.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, Harness, start, startUpstream } from './harness.ts';
import { response } from './raw-upstream.ts';

const RETRY: RetryPolicyConfig = {
  retryOn: [],
  numRetries: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backoffBaseMs: 1,
  backoffMaxMs: 5,
  rateLimitedResetHeaders: [],
  rateLimitedMaxMs: 300_000,
  omittedHosts: [],
  avoidPreviousHosts: false,
  hostSelectionMaxAttempts: 1,
};

const OUTLIER: OutlierConfig = {
  consecutive5xx: 3,
  enforcingConsecutive5xx: 100,
  consecutiveGatewayFailure: 0,
  enforcingConsecutiveGatewayFailure: 0,
  splitExternalLocalOriginErrors: false,
  consecutiveLocalOriginFailure: 5,
  enforcingConsecutiveLocalOriginFailure: 100,
  intervalMs: 50,
  baseEjectionTimeMs: 300,
  maxEjectionTimeMs: 300_000,
  maxEjectionTimeJitterMs: 0,
  maxEjectionPercent: 50,
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

function tableWith(action: Parameters<typeof forward>[1]) {
  return routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), forward('a', action))])]);
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * A port whose connections are never made: another process listens there and does nothing else, and its backlog is full,
 * so that the kernel drops what comes.
 */
async function deafPort(t: Test): Promise<number> {
  const script =
    "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {" +
    " require('fs').writeSync(1, String(this.address().port));" +
    ' Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); })';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.teardown(() => {
    for (const each of fillers) each.destroy();
  });
  await new Promise((resolve) => fillers[0]!.once('connect', resolve));
  return port;
}

t.test('a refused connection is 503 UF, and says so', async (t) => {
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [await closedPort()])] });
  const answer = await harness.client().get('/');
  t.equal(answer.status, 503);
  t.match(answer.head, /x-outrider-failure: UF; upstream_reset_before_response_started\{connection_failure\}/);
  t.equal(harness.plane.clusters.get('a')!.stats.cxConnectFail, 1);
});

t.test('a connection that is not made in time is 503 UF, and says that it was the time', async (t) => {
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [await deafPort(t)], { connectTimeoutMs: 80 })] });
  const answer = await harness.client().get('/');
  t.equal(answer.status, 503);
  t.match(answer.head, /x-outrider-failure: UF; upstream_reset_before_response_started\{connection_timeout\}/);
});

t.test('a cluster that is not there is 503 NC, an empty one 503 UH', async (t) => {
  const harness = new Harness(t);
  await harness.apply({ clusters: [] });
  t.match((await harness.client().get('/')).head, /^HTTP\/1.1 503[\s\S]*x-outrider-failure: NC/);
  await harness.apply({ clusters: [cluster('a', [])] });
  t.match((await harness.client().get('/')).head, /^HTTP\/1.1 503[\s\S]*x-outrider-failure: UH/);
});

t.test('the route timeout is 504 UT and cuts the work of the endpoint', async (t) => {
  const { harness, upstream } = await start(t, { onRequest: () => undefined }, { table: tableWith({ timeoutMs: 60 }) });
  const client = harness.client();
  const answer = await client.get('/');
  t.equal(answer.status, 504);
  t.match(answer.head, /x-outrider-failure: UT/);
  await eventually(() => upstream.connections[0]!.ended, 'the cut');
  t.equal((await client.get('/')).status, 504, 'the connection of the client lives on');
});

t.test('the route timeout does not run while the request is still coming', async (t) => {
  const { harness } = await start(t, {}, { table: tableWith({ timeoutMs: 60 }) });
  const client = harness.client();
  client.send('POST /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nab');
  await new Promise((resolve) => setTimeout(resolve, 150));
  client.send('cd');
  t.equal((await client.answered(1))[0]!.body, '/slow');
});

t.test('a refused connection is retried on the other host', async (t) => {
  const good = await startUpstream(t);
  const harness = new Harness(t);
  const retryPolicy = { ...RETRY, retryOn: ['connect-failure'], avoidPreviousHosts: true, hostSelectionMaxAttempts: 5 };
  await harness.apply({
    clusters: [cluster('a', [await closedPort(), good.port])],
    table: tableWith({ retryPolicy }),
  });
  const client = harness.client();
  for (let i = 0; i < 10; i++) t.equal((await client.get(`/${i}`)).body, `/${i}`);
  const { stats } = harness.plane.clusters.get('a')!;
  t.ok(stats.rqRetry >= 4, `${stats.rqRetry} retries`);
  t.equal(stats.rqRetrySuccess, stats.rqRetry);
  t.equal(stats.inUse.retries, 0);
});

t.test('a 5xx answer is retried with the same request, body included, and the last answer counts', async (t) => {
  const { harness, upstream } = await start(
    t,
    {
      onRequest: ({ target }, connection, index) => {
        if (target === '/never' || index === 0) connection.send(response('busy', '', '503 Service Unavailable'));
        else connection.send(response('fine'));
      },
    },
    { table: tableWith({ retryPolicy: { ...RETRY, retryOn: ['5xx'], numRetries: 2 } }) },
  );
  const client = harness.client();
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello');
  t.equal((await client.answered(1))[0]!.body, 'fine');
  t.same(
    upstream.requests.map((each) => each.body),
    ['hello', 'hello'],
  );
  const heads = upstream.requests.map(({ head }) => head.replace(/(expected-rq-timeout-ms: )\d+/, '$1less'));
  t.equal(heads[0], heads[1], 'request id included; only the time that is left has become less');
  const answer = await client.get('/never');
  t.equal(answer.status, 503);
  t.equal(answer.body, 'busy', "the endpoint's own answer");
  t.equal(upstream.requests.length, 5);
  t.equal(harness.plane.clusters.get('a')!.stats.rqRetryLimitExceeded, 1);
});

t.test('a request whose body is still coming is retried with what has come', async (t) => {
  const { harness, upstream } = await start(
    t,
    { onData: (connection, chunk) => void (chunk.includes('POST') && connection.send(response('no', '', '503 Busy'))) },
    { table: tableWith({ retryPolicy: { ...RETRY, retryOn: ['5xx'] } }) },
  );
  const client = harness.client();
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50000\r\n\r\npart');
  t.equal((await client.answered(1))[0]!.status, 503);
  t.equal(upstream.connections.length, 2);
});

t.test('each try has a timeout of its own', async (t) => {
  const slow = await startUpstream(t, { onRequest: () => undefined });
  const good = await startUpstream(t);
  const harness = new Harness(t);
  const retryPolicy = {
    ...RETRY,
    retryOn: ['5xx'],
    perTryTimeoutMs: 50,
    avoidPreviousHosts: true,
    hostSelectionMaxAttempts: 5,
  };
  await harness.apply({ clusters: [cluster('a', [slow.port, good.port])], table: tableWith({ retryPolicy }) });
  const client = harness.client();
  for (let i = 0; i < 4; i++) t.equal((await client.get(`/${i}`)).body, `/${i}`);
  t.ok(harness.plane.clusters.get('a')!.stats.rqPerTryTimeout >= 1);
  await eventually(() => slow.connections.every((each) => each.ended), 'the cut of the slow tries');
});

t.test('requests over the limit are refused at once, and room is found again', async (t) => {
  const held: (() => void)[] = [];
  const limits = {
    maxConnections: 1_024,
    maxPendingRequests: 1_024,
    maxRequests: 2,
    maxRetries: 3,
    retryBudget: null,
    trackRemaining: false,
  };
  const { harness, upstream } = await start(
    t,
    { onRequest: ({ target }, connection) => void held.push(() => connection.send(response(target))) },
    { cluster: { limits: { default: limits, high: limits } } },
  );
  const first = harness.client().get('/1');
  const second = harness.client().get('/2');
  await eventually(() => held.length === 2, 'both requests');
  const refused = await harness.client().get('/3');
  t.equal(refused.status, 503);
  t.match(refused.head, /x-outrider-failure: UO/);
  for (const release of held.splice(0)) release();
  t.same([(await first).body, (await second).body], ['/1', '/2']);
  const fourth = harness.client().get('/4');
  await eventually(() => held.length === 1, 'the fourth');
  held[0]!();
  t.equal((await fourth).body, '/4');
  t.equal(upstream.requests.length, 3);
});

t.test('connections are limited: requests wait for one, at most as many as may be pending', async (t) => {
  const held: (() => void)[] = [];
  const limits = {
    maxConnections: 1,
    maxPendingRequests: 2,
    maxRequests: 100,
    maxRetries: 3,
    retryBudget: null,
    trackRemaining: false,
  };
  const { harness, upstream } = await start(
    t,
    { onRequest: ({ target }, connection) => void held.push(() => connection.send(response(target))) },
    { cluster: { limits: { default: limits, high: limits } } },
  );
  const answers = [harness.client().get('/1')];
  await eventually(() => held.length === 1, 'the first');
  answers.push(harness.client().get('/2'), harness.client().get('/3'));
  const { stats } = harness.plane.clusters.get('a')!;
  await eventually(() => stats.rqPendingActive === 2, 'two that wait');
  const refused = await harness.client().get('/4');
  t.equal(refused.status, 503);
  t.match(refused.head, /x-outrider-failure: UO/);
  for (let i = 0; i < 3; i++) {
    await eventually(() => held.length === i + 1, `request ${i + 1}`);
    held[i]!();
  }
  t.same((await Promise.all(answers)).map((each) => each.body).sort(), ['/1', '/2', '/3']);
  t.equal(upstream.connections.length, 1);
  t.equal(stats.rqPendingActive, 0);
});

t.test('an endpoint that keeps failing is left out for a while, and comes back', async (t) => {
  let sick = true;
  const bad = await startUpstream(t, {
    onRequest: (_, connection) => connection.send(sick ? response('no', '', '500 Broken') : response('bad is fine')),
  });
  const good = await startUpstream(t, { onRequest: (_, connection) => connection.send(response('good')) });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [bad.port, good.port], { outlier: OUTLIER })] });
  const client = harness.client();
  const { stats } = harness.plane.clusters.get('a')!;
  while (stats.ejectionsActive === 0) await client.get('/');
  t.equal(bad.requests.length, 3, 'after as many failures as the limit');
  for (let i = 0; i < 20; i++) t.equal((await client.get('/')).body, 'good');
  sick = false;
  await eventually(() => stats.ejectionsActive === 0, 'the return');
  const bodies = [];
  for (let i = 0; i < 4; i++) bodies.push((await client.get('/')).body);
  t.ok(bodies.includes('bad is fine'));
});
