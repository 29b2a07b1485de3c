/** The limits of a cluster: per priority, per endpoint, and on the wait for a connection. Each refusal says which it was. */
import t, { type Test } from 'tap';
import type { ClusterConfig, ClusterLimits } from '../../../proxy/config/model/cluster.ts';
import { NO_CLUSTER_POLICY } from '../../../proxy/config/model/policy.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, Harness } from './harness.ts';
import { type Answering, startClient, startEndpoint, type Version } from './http-pairs.ts';
import { toRest } from './http2-peers.ts';

const LIMITS: ClusterLimits = {
  maxConnections: 1_024,
  maxPendingRequests: 1_024,
  maxRequests: 1_024,
  maxRetries: 3,
  retryBudget: null,
  trackRemaining: false,
};

/** One that answers `/held...` when it is told to, and anything else at once. */
async function startHolding(t: Test, version: Version) {
  const held: Answering[] = [];
  const port = await startEndpoint(t, version, ({ url }, answer) => {
    if (url.startsWith('/held')) held.push(answer);
    else answer.end(url);
  });
  return {
    port,
    held,
    release: () => {
      for (const each of held.splice(0)) each.end('late');
    },
  };
}

/** Paths below /high are of high priority. */
async function startHarness(t: Test, clusters: readonly ClusterConfig[]) {
  const harness = new Harness(t);
  const table = routeTable('routes', [
    virtualHost(
      ['*'],
      [
        route(prefixMatch('/held-high'), forward('a', { priority: 'high' })),
        route(prefixMatch('/high'), forward('a', { priority: 'high' })),
        route(prefixMatch('/'), forward('a')),
      ],
    ),
  ]);
  await harness.apply({ clusters, table });
  return { harness, stats: harness.plane.clusters.get('a')!.stats };
}

for (const version of ['h1', 'h2'] as const) {
  const protocol = version === 'h1' ? 'http1' : 'http2';

  t.test(`${version}: each priority has limits and connections of its own`, async (t) => {
    const endpoint = await startHolding(t, version);
    const limits = { default: { ...LIMITS, maxRequests: 1 }, high: { ...LIMITS, maxRequests: 2 } };
    const { harness, stats } = await startHarness(t, [cluster('a', [endpoint.port], { protocol, limits })]);
    const client = await startClient(t, version, harness.port);
    const waiting = [client('/held'), client('/held-high')];
    await eventually(() => endpoint.held.length === 2, 'both to be in flight');
    const refused = await client('/');
    t.match(refused, { status: 503, body: 'Cluster a has as many requests in flight as max_requests allows: 1.\n' });
    t.match(refused.headers, {
      'x-outrider-failure': 'UO; upstream_overflow{max_requests=1}',
      'x-envoy-overloaded': 'true',
    });
    t.match(await client('/high'), { status: 200, body: '/high' }, 'high priority has room');
    waiting.push(client('/held-high'));
    await eventually(() => endpoint.held.length === 3, 'the second of high priority');
    const refusedHigh = await client('/high');
    t.match(refusedHigh.body, /^Cluster a, for requests of high priority, has .* max_requests allows: 2\.$/m);
    t.match(stats, { rqActiveOverflow: 2, inUse: { requests: 1 }, highInUse: { requests: 2 } });
    t.ok(stats.inUse.connections >= 1 && stats.highInUse.connections >= 1, 'connections are not shared');
    endpoint.release();
    await Promise.all(waiting);
    t.match(stats, { inUse: { requests: 0 }, highInUse: { requests: 0 } });
  });

  t.test(
    `${version}: an endpoint at its limit of requests is passed over, and when all are the request is refused`,
    async (t) => {
      const endpoints = [await startHolding(t, version), await startHolding(t, version)];
      const policy = { ...NO_CLUSTER_POLICY, maxRequestsPerEndpoint: 1 };
      const ports = endpoints.map(({ port }) => port);
      const { harness, stats } = await startHarness(t, [cluster('a', ports, { protocol, policy })]);
      const client = await startClient(t, version, harness.port);
      const waiting = [client('/held')];
      const heldBy = () => endpoints.reduce((sum, { held }) => sum + held.length, 0);
      await eventually(() => heldBy() === 1, 'one to be busy');
      for (let i = 0; i < 4; i++) t.equal((await client('/')).status, 200, 'the other one is free');
      waiting.push(client('/held'));
      await eventually(() => heldBy() === 2, 'both to be busy');
      t.same(
        endpoints.map(({ held }) => held.length),
        [1, 1],
      );
      const refused = await client('/');
      t.match(refused.headers['x-outrider-failure'], 'UO; upstream_overflow{max_requests_per_endpoint=1}');
      t.match(refused.body, /endpoint of cluster a that was picked .* max_requests_per_endpoint allows: 1\./);
      t.match(stats, { rqPerEndpointOverflow: 1, rqActive: 2 });
      for (const each of endpoints) each.release();
      await Promise.all(waiting);
    },
  );
}

t.test('who waits for a connection for longer than max_pending_wait is told so; others are served', async (t) => {
  const endpoint = await startHolding(t, 'h1');
  const policy = { ...NO_CLUSTER_POLICY, maxPendingWaitMs: 60 };
  const limits = { default: { ...LIMITS, maxConnections: 1 }, high: LIMITS };
  const { harness, stats } = await startHarness(t, [cluster('a', [endpoint.port], { policy, limits })]);
  const client = await startClient(t, 'h1', harness.port);
  const first = client('/held');
  await eventually(() => endpoint.held.length === 1, 'the first');
  const late = await client('/late');
  t.match(late.headers['x-outrider-failure'], 'UO; pending_wait_exceeded{max_pending_wait=60ms}');
  t.match(late, { status: 503, body: /^Cluster a had no connection .* within max_pending_wait, 60 ms\.$/m });
  t.match(stats, { rqPendingWaitTimeout: 1, rqPendingActive: 0, rqActive: 1 });
  t.equal(harness.plane.clusters.get('a')!.endpoints[0]!.rqError, 0, 'the endpoint is not to blame');
  endpoint.release();
  t.equal((await first).body, 'late');
  t.equal((await client('/')).status, 200);
  await toRest(harness);
});

t.test('connections and waiting requests are limited per endpoint', async (t) => {
  const endpoint = await startHolding(t, 'h1');
  const policy = { ...NO_CLUSTER_POLICY, maxPendingPerEndpoint: 1 };
  const maxConnectionsPerHost = { default: 1, high: Number.POSITIVE_INFINITY };
  const { harness, stats } = await startHarness(t, [cluster('a', [endpoint.port], { policy, maxConnectionsPerHost })]);
  const client = await startClient(t, 'h1', harness.port);
  const waiting = [client('/held')];
  await eventually(() => endpoint.held.length === 1, 'the first');
  waiting.push(client('/held'));
  await eventually(() => stats.rqPendingActive === 1, 'the second to wait');
  t.equal(stats.cxActive, 1);
  const refused = await client('/');
  t.match(refused.headers['x-outrider-failure'], 'UO; upstream_overflow{max_pending_per_endpoint=1}');
  t.match(stats, { rqPendingPerEndpointOverflow: 1, cxTotal: 1 });
  endpoint.release();
  await eventually(() => endpoint.held.length === 1, 'the second');
  endpoint.release();
  await Promise.all(waiting);
  t.equal(stats.cxTotal, 1);
});
