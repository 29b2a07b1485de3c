/** Retries that do no harm: three layers of retrying proxies, requests that must not be made twice, the budget. */
import t, { type Test } from 'tap';
import { type ClusterPolicyConfig, NO_CLUSTER_POLICY, NO_ROUTE_POLICY } from '../../../proxy/config/model/policy.ts';
import type { ForwardAction, RouteTableConfig } from '../../../proxy/config/model/route.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, Harness, startUpstream } from './harness.ts';
import { type Client, startClient, startEndpoint, type Version } from './http-pairs.ts';
import { RETRY } from './http2-peers.ts';
import { response } from './raw-upstream.ts';

const VERSIONS: readonly Version[] = ['h1', 'h2'];

const SAFE = {
  ...NO_ROUTE_POLICY,
  safeRetries: { idempotencyHeaders: ['idempotency-key'], maxRetryAfterMs: 2_000, retryOn: [] },
};

/** The mesh's own defaults, but for the back-off, and for a floor that a slow machine would reach. */
const RETRY_ALL = { ...RETRY, retryOn: ['5xx', 'connect-failure', 'refused-stream', 'reset-before-request'] };

const WITH_BUDGET: ClusterPolicyConfig = {
  ...NO_CLUSTER_POLICY,
  retryBudget: { percent: 20, windowMs: 10_000, minPerSecond: 0.5 },
};

function clusterTo(name: string, port: number, version: Version, policy = WITH_BUDGET) {
  return cluster(name, [port], { protocol: version === 'h2' ? 'http2' : 'http1', policy });
}

/** A route to cluster `a` that retries. */
function retrying(action: Partial<ForwardAction> = {}): RouteTableConfig {
  const to = forward('a', { retryPolicy: RETRY_ALL, ...action });
  return routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), to, { policy: SAFE })])]);
}

async function startSafe(t: Test, port: number, version: Version, policy = WITH_BUDGET): Promise<Harness> {
  const harness = new Harness(t);
  await harness.apply({ clusters: [clusterTo('a', port, version, policy)], table: retrying() });
  return harness;
}

/** Sends `count` requests, as many at a time as may be retried at once: a retry refused for that would save its budget. */
async function offer(client: Client, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await client('/');
  };
  await Promise.all(Array.from({ length: 3 }, worker));
}

const OFFERED = 200;

for (const version of VERSIONS) {
  t.test(
    `three layers of retrying proxies send a failing leaf 1.2 times what they were offered (${version})`,
    async (t) => {
      let leaf = 0;
      const failing = await startEndpoint(t, version, (_asked, answer) => {
        leaf++;
        answer.writeHead(503);
        answer.end();
      });
      const inner = await startSafe(t, failing, version);
      const middle = await startSafe(t, inner.port, version);
      const outer = await startSafe(t, middle.port, version);
      const client = await startClient(t, version, outer.port);
      const first = await client('/');
      t.equal(first.headers['x-outrider-attempts'], '2');
      t.equal(first.headers['x-outrider-retried'], 'attempts');
      await offer(client, OFFERED - 1);
      t.ok(leaf > OFFERED && leaf <= 1.2 * OFFERED, `${leaf} attempts for ${OFFERED} requests`);
      t.equal(middle.plane.clusters.get('a')!.stats.rqRetry, 0, 'what was retried below is not retried above');
      t.ok(inner.plane.clusters.get('a')!.stats.retryBudgetExhausted > 0);
      t.equal((await client('/')).headers['x-outrider-retried'], 'budget');
    },
  );
}

/** A sidecar with an application beside it that calls on, and tells nothing of what it was told. */
async function startSidecar(t: Test, next: number, version: Version): Promise<number> {
  const harness = new Harness(t);
  const app = await startEndpoint(t, 'h1', (_asked, answer) => {
    void startClient(t, 'h1', harness.port)
      .then((client) => client('/', { headers: { host: 'out' } }))
      .then(({ status }) => {
        answer.writeHead(status >= 500 ? 500 : 200);
        answer.end();
      });
  });
  const out = forward('next', { retryPolicy: RETRY_ALL, hostRewrite: { kind: 'literal', value: 'in' } });
  const table = routeTable('routes', [
    virtualHost(['in'], [route(prefixMatch('/'), forward('app'))]),
    virtualHost(['out'], [route(prefixMatch('/'), out, { policy: SAFE })]),
  ]);
  await harness.apply({ clusters: [cluster('app', [app]), clusterTo('next', next, version)], table });
  return harness.port;
}

t.test('so do three services whose applications hand no header on', async (t) => {
  let leaf = 0;
  const failing = await startEndpoint(t, 'h2', (_asked, answer) => {
    leaf++;
    answer.writeHead(500);
    answer.end();
  });
  const third = await startSidecar(t, failing, 'h2');
  const second = await startSidecar(t, third, 'h2');
  const first = await startSidecar(t, second, 'h2');
  const client = await startClient(t, 'h2', first);
  let left = OFFERED;
  const worker = async () => {
    while (left-- > 0) await client('/', { headers: { ':authority': 'in' } });
  };
  await Promise.all(Array.from({ length: 5 }, worker));
  t.ok(leaf > OFFERED && leaf <= 1.2 * OFFERED, `${leaf} attempts for ${OFFERED} requests`);
});

for (const version of VERSIONS) {
  t.test(`a POST is delivered once to an instance that dies behind its body (${version})`, async (t) => {
    let seen = 0;
    const dying = await startEndpoint(t, version, (_asked, answer) => {
      seen++;
      const { stream, socket } = answer as unknown as {
        stream?: { session: { destroy(): void } };
        socket: { destroy(): void };
      };
      if (stream === undefined) socket.destroy();
      else stream.session.destroy();
    });
    const harness = await startSafe(t, dying, version);
    const client = await startClient(t, version, harness.port);
    const post = { method: 'POST', body: ['pay 100'] };
    t.equal((await client('/pay', post)).status, 503);
    t.equal(seen, 1);
    const { stats } = harness.plane.clusters.get('a')!;
    t.equal(stats.rqRetryUnsafe, 1);
    await client('/pay', { ...post, headers: { 'idempotency-key': 'k' } });
    t.equal(seen, 3, 'with a key it may be made twice');
    await client('/pay', { ...post, method: 'PUT' });
    t.equal(seen, 5, 'and so may a PUT');
  });
}

t.test('the budget is used up, and comes back with the first attempts', async (t) => {
  let failing = true;
  const upstream = await startUpstream(t, {
    onRequest: (_request, connection) => connection.send(response('', '', failing ? '503 Busy' : '200 OK')),
  });
  const policy = { ...WITH_BUDGET, retryBudget: { percent: 50, windowMs: 400, minPerSecond: 0 } };
  const harness = await startSafe(t, upstream.port, 'h1', policy);
  const client = harness.client();
  const { stats } = harness.plane.clusters.get('a')!;
  for (let i = 0; i < 4; i++) await client.get('/');
  t.equal(stats.retryBudgetGranted, 2);
  t.equal(stats.retryBudgetExhausted, 2);
  t.match((await client.get('/')).head, /x-outrider-retried: budget/);
  failing = false;
  await eventually(() => harness.plane.clusters.get('a')!.retriesLeft === 0, 'the window');
  for (let i = 0; i < 4; i++) await client.get('/');
  failing = true;
  t.match((await client.get('/')).head, /x-outrider-attempts: 2/);
});

t.test('Retry-After is waited for, and what asks for too long is not tried again', async (t) => {
  let after = '1';
  const upstream = await startUpstream(t, {
    onRequest: (_request, connection, index) =>
      connection.send(index === 0 ? response('', `retry-after: ${after}\r\n`, '503 Busy') : response('fine')),
  });
  const harness = await startSafe(t, upstream.port, 'h1');
  const before = performance.now();
  t.equal((await harness.client().get('/')).body, 'fine');
  t.ok(performance.now() - before >= 1_000, 'it has waited');
  after = '3';
  upstream.connections[0]!.socket.destroy();
  await eventually(() => upstream.openConnections === 0, 'the end of the connection');
  const answer = await harness.client().get('/');
  t.equal(answer.status, 503);
  t.notMatch(answer.head, /x-outrider-retried/);
});
