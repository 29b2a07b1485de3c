/** The HTTP filter that answers health checks of this proxy, on sockets. */
import t, { type Test } from 'tap';
import type { HealthCheckFilterConfig, NamedHttpFilter } from '../../../proxy/config/model/http-filter.ts';
import { cluster, forward, prefixMatch, ROUTER, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { Harness, start } from './harness.ts';
import { ask, connectHttp2 } from './http2-peers.ts';
import { response } from './raw-upstream.ts';

const NAME = 'envoy.filters.http.health_check';

const CHECK: HealthCheckFilterConfig = {
  kind: 'health-check',
  passThrough: false,
  cacheTimeMs: 0,
  clusters: [],
  headers: [
    {
      name: ':path',
      test: { kind: 'string', match: { kind: 'exact', value: '/healthz', ignoreCase: false } },
      invert: false,
      missingAsEmpty: false,
    },
  ],
};

function filters(change: Partial<HealthCheckFilterConfig>): NamedHttpFilter[] {
  return [{ name: NAME, config: { ...CHECK, ...change }, disabled: false }, ROUTER];
}

/** A proxy in front of an endpoint that answers checks with 204 and counts them. */
async function checked(t: Test, change: Partial<HealthCheckFilterConfig> = {}) {
  const asked = { checks: 0 };
  const script = {
    onRequest: ({ target }: { target: string }, connection: { send(text: string): void }) => {
      if (target === '/healthz') asked.checks++;
      connection.send(target === '/healthz' ? 'HTTP/1.1 204 Fine\r\n\r\n' : response('served'));
    },
  };
  const { harness } = await start(t, script, { manager: { httpFilters: filters(change) } });
  return { harness, asked };
}

function stats(harness: Harness) {
  return harness.plane.activator.managerStats()[0]!;
}

t.test('a check is answered here, and counts as no request of the application', async (t) => {
  const { harness, asked } = await checked(t);
  const client = harness.client();
  t.equal((await client.get('/healthz')).status, 200);
  t.equal((await client.get('/other')).body, 'served');
  t.equal(asked.checks, 0);
  t.equal(stats(harness).rqTotal, 2);
  t.equal(stats(harness).rqCompleted, 1);
});

t.test('while this proxy is leaving it says so, to clients of both protocols', async (t) => {
  const { harness } = await checked(t);
  harness.plane.selfHealth.failed = true;
  const client = harness.client();
  const answer = await client.get('/healthz');
  t.equal(answer.status, 503);
  t.match(client.text, /x-outrider-failure: LH; health_check_failed/);
  await client.end();
  const session = await connectHttp2(t, harness.port);
  const other = await ask(session, '/other');
  t.match(other, { status: 200, headers: { 'x-envoy-immediate-health-check-fail': 'true' } });
  t.ok(session.closed, 'it was asked to leave');
  harness.plane.selfHealth.failed = false;
  t.equal((await harness.client().get('/healthz')).status, 200);
});

t.test('an answer of the application is given again while it is fresh', async (t) => {
  const { harness, asked } = await checked(t, { passThrough: true, cacheTimeMs: 60_000 });
  const client = harness.client();
  for (let i = 0; i < 3; i++) t.equal((await client.get('/healthz')).status, 204);
  t.equal(asked.checks, 1);
  const { harness: fresh, asked: often } = await checked(t, { passThrough: true });
  const second = fresh.client();
  for (let i = 0; i < 3; i++) t.equal((await second.get('/healthz')).status, 204);
  t.equal(often.checks, 3);
});

t.test('clusters without endpoints, and clusters that are not there, are told from healthy ones', async (t) => {
  const harness = new Harness(t);
  const clusters = [cluster('a', []), cluster('b', [1, 2])];
  const answer = async (name: string, minHealthyPercent: number) => {
    const httpFilters = filters({ clusters: [{ name, minHealthyPercent }] });
    await harness.apply({ clusters, manager: { httpFilters } });
    const client = harness.client();
    const { status } = await client.get('/healthz');
    client.destroy();
    return `${status} ${/LH; (\w+)/.exec(client.text)?.[1] ?? ''}`;
  };
  t.equal(await answer('b', 100), '200 ');
  t.equal(await answer('a', 0), '200 ');
  t.equal(await answer('a', 1), '503 health_check_cluster_empty');
  t.equal(await answer('c', 0), '503 health_check_no_cluster');
});

t.test('a route can switch it off', async (t) => {
  const off = { perFilter: { [NAME]: { kind: 'disabled' } as const } };
  const table = routeTable('r', [virtualHost(['*'], [route(prefixMatch('/'), forward('a'), off)])]);
  const { harness, upstream } = await start(t, {}, { table, manager: { httpFilters: filters({}) } });
  t.equal((await harness.client().get('/healthz')).body, '/healthz');
  t.equal(upstream.requests.length, 1);
});
