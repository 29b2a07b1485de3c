/** Circuit breakers of clusters and of routes: they open by what endpoints answer, say so, and close after good probes. */
import t, { type Test } from 'tap';
import { type BreakerConfig, NO_CLUSTER_POLICY, NO_ROUTE_POLICY } from '../../../proxy/config/model/policy.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, everythingTo, Harness } from './harness.ts';
import { type Client, startClient, startEndpoint, type Version } from './http-pairs.ts';

const BREAKER: BreakerConfig = {
  minimumRequests: 4,
  windowMs: 60_000,
  failurePercent: 50,
  slowAfterMs: 0,
  slowPercent: 50,
  consecutiveFailures: 0,
  openMs: 100,
  probes: 1,
  successesToClose: 2,
};

/** An endpoint that answers `sick.now ? 500 : 200`, and counts. */
async function startPatient(t: Test, version: Version) {
  const patient = { sick: true, asked: 0, port: 0 };
  patient.port = await startEndpoint(t, version, ({ url }, answer) => {
    patient.asked++;
    if (!patient.sick) answer.end(url);
    else {
      answer.writeHead(500);
      answer.end('no');
    }
  });
  return patient;
}

async function statuses(client: Client, times: number): Promise<number[]> {
  const seen = [];
  for (let i = 0; i < times; i++) seen.push((await client('/')).status);
  return seen;
}

for (const version of ['h1', 'h2'] as const) {
  t.test(`${version}: the service breaker opens, explains itself, and closes after good probes`, async (t) => {
    const patient = await startPatient(t, version);
    const harness = new Harness(t);
    const policy = { ...NO_CLUSTER_POLICY, serviceBreaker: BREAKER };
    const protocol = version === 'h1' ? 'http1' : 'http2';
    await harness.apply({ clusters: [cluster('a', [patient.port], { policy, protocol })], table: everythingTo('a') });
    const client = await startClient(t, version, harness.port);
    t.same(await statuses(client, 4), [500, 500, 500, 500]);
    const refused = await client('/');
    t.match(refused, {
      status: 503,
      headers: { 'x-outrider-failure': 'UO; service_breaker_open{failures=100%,failure_percent=50}' },
      body: /^The service breaker of cluster a is open: 4 of 4 requests in 60000 ms failed, 100 % \(failure_percent: 50\)/,
    });
    t.equal(refused.headers['x-envoy-overloaded'], 'true');
    t.equal(patient.asked, 4, 'the endpoint is left alone');
    const breaker = harness.plane.clusters.get('a')!.serviceBreaker!;
    t.match(breaker.stats, { open: 1, opened: 1, refused: 1 });
    await eventually(() => breaker.state === 'half-open', 'the time for a probe');
    t.equal((await client('/')).status, 500, 'a probe');
    t.equal(breaker.state, 'open');
    patient.sick = false;
    await eventually(() => breaker.state === 'half-open', 'the time for another');
    t.same(await statuses(client, 3), [200, 200, 200]);
    t.match(breaker.stats, { open: 0, halfOpen: 0, opened: 2, closed: 1, probes: 3 });
    await harness.apply({ clusters: [cluster('a', [patient.port], { policy, protocol, connectTimeoutMs: 999 })] });
    t.equal(harness.plane.clusters.get('a')!.serviceBreaker, breaker, 'an update that does not concern it leaves it');
  });
}

t.test('connections that fail and answers that do not come are failures; what a limit refuses is not', async (t) => {
  const harness = new Harness(t);
  const policy = { ...NO_CLUSTER_POLICY, serviceBreaker: BREAKER };
  const none = { maxConnections: 0, maxPendingRequests: 0, maxRequests: 9, maxRetries: 0 };
  const limits = { ...none, retryBudget: null, trackRemaining: false };
  const gone = await startEndpoint(t, 'h1', () => undefined);
  await harness.apply({ clusters: [cluster('a', [gone], { policy, limits: { default: limits, high: limits } })] });
  const client = await startClient(t, 'h1', harness.port);
  for (let i = 0; i < 6; i++) t.match((await client('/')).headers['x-outrider-failure'], /max_pending_requests=0/);
  t.equal(harness.plane.clusters.get('a')!.serviceBreaker!.state, 'closed');
  await harness.apply({ clusters: [cluster('a', [1], { policy })] });
  for (let i = 0; i < 4; i++) t.match((await client('/')).headers['x-outrider-failure'], /^UF;/);
  t.match((await client('/')).headers['x-outrider-failure'], /service_breaker_open/);
});

for (const version of ['h1', 'h2'] as const) {
  t.test(`${version}: a request breaker opens for its template alone, over pushes, and closes by itself`, async (t) => {
    const port = await startEndpoint(t, version, ({ url }, answer) => {
      if (url.startsWith('/pay') && sick) answer.writeHead(500);
      answer.end(url);
    });
    let sick = true;
    const harness = new Harness(t);
    const requestBreaker = { name: 'a/POST /pay/{id}', shared: false, breaker: BREAKER };
    const policy = { ...NO_ROUTE_POLICY, requestBreaker };
    const table = (timeoutMs: number) =>
      routeTable('routes', [
        virtualHost(
          ['*'],
          [route(prefixMatch('/pay'), forward('a', { timeoutMs }), { policy }), route(prefixMatch('/'), forward('a'))],
        ),
      ]);
    const protocol = version === 'h1' ? 'http1' : 'http2';
    const clusters = [cluster('a', [port], { protocol })];
    await harness.apply({ clusters, table: table(15_000) });
    const client = await startClient(t, version, harness.port);
    for (let i = 0; i < 4; i++) t.equal((await client('/pay/1')).status, 500);
    const [breaker] = harness.plane.requestBreakers.all();
    await harness.apply({ clusters, table: table(14_000) });
    t.equal(harness.plane.requestBreakers.all()[0], breaker, 'a push leaves it');
    const refused = await client('/pay/2');
    t.match(
      refused.headers['x-outrider-failure'],
      /^UO; request_breaker\[a\/POST_\/pay\/\{id\}\]_(open\{failures|half_open)/,
    );
    t.match(refused.body, /^The request breaker of a\/POST \/pay\/\{id\} is (open: 4 of 4 requests|half open)/);
    t.equal((await client('/other')).status, 200, 'another template of the same cluster');
    sick = false;
    await eventually(() => breaker!.own.state === 'half-open', 'the time for a probe');
    t.same([(await client('/pay/3')).status, (await client('/pay/4')).status], [200, 200]);
    t.match(breaker!.own, { state: 'closed', stats: { opened: 1, closed: 1, probes: 2 } });
    await harness.apply({ clusters, table: everythingTo('a') });
    t.same(harness.plane.requestBreakers.all(), [], 'forgotten with its template');
  });
}
