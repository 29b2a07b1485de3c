import t from 'tap';
import { forward, prefixMatch, ROUTER, route, routeTable, virtualHost } from '../../test/fakes/config-builders.ts';
import { FakeSurroundings, named } from '../../test/fakes/fake-chain.ts';
import { fakeExchange, requestHead } from '../../test/fakes/fake-exchange.ts';
import type { NamedHttpFilter } from '../config/model/http-filter.ts';
import type { RbacConfig, RbacRule } from '../config/model/rbac.ts';
import { SelfHealth } from '../http/filters/health-check/self-health.ts';
import type { PlanDeps } from '../http/filters/route-plan.ts';
import { OnDemandClusters } from '../http/on-demand-clusters.ts';
import { RouteTable } from '../routing/route-table.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { RequestBreakers } from '../upstream/guard/request-breakers.ts';
import { HttpFilters } from './http-filters.ts';

const TABLE = routeTable('t', [virtualHost(['*'], [route(prefixMatch('/'), forward('a'))])]);

function denying(rule: RbacRule): NamedHttpFilter {
  const policy = { name: 'p', permissions: [rule], principals: [{ kind: 'any' } as const] };
  const config: RbacConfig = {
    kind: 'rbac',
    rules: { action: 'deny', policies: [policy] },
    shadowRules: null,
    rulesStatPrefix: '',
    shadowRulesStatPrefix: '',
    trackPerRuleStats: false,
  };
  return named(config);
}

/** The chain of these filters and the router. */
function chainOf(around: FakeSurroundings, ...others: readonly NamedHttpFilter[]) {
  const { loop, runtime } = around;
  const known = (name: string) => (name === 'a' ? { name } : undefined);
  const clusters = { get: known } as unknown as ClusterManager;
  const filters = new HttpFilters(
    loop,
    runtime,
    { of: () => 0 },
    new SelfHealth('', () => undefined),
    new OnDemandClusters(),
  );
  const deps: PlanDeps = {
    clusters,
    random: loop.random,
    runtime,
    bufferLimitBytes: 1,
    maxStreamDurationMs: 0,
    requestBreakers: new RequestBreakers(loop),
  };
  const table = new RouteTable(TABLE, runtime, loop.random);
  return filters.bind(filters.create([...others, ROUTER], 'in'), table, deps);
}

t.test('a chain of the router alone calls nothing else', (t) => {
  const chain = chainOf(new FakeSurroundings());
  t.same([chain.onRequest.length, chain.onResponse.length, chain.onComplete.length], [1, 1, 0]);
  const idle = chainOf(new FakeSurroundings(), named({ kind: 'cors' }));
  t.equal(idle.onRequest.length, 1, 'nor does one whose filters have nothing to do on any route');
  t.end();
});

t.test('in front of other filters the route is found, and with it the cluster that logs tell', (t) => {
  const around = new FakeSurroundings();
  const chain = chainOf(around, denying({ kind: 'any' }));
  t.equal(chain.onRequest.length, 3);
  const exchange = fakeExchange(around.clock, requestHead('GET /'));
  exchange.authority = 'a.test';
  chain.onRequest[0]!(exchange);
  t.equal(exchange.route?.config.action.kind, 'forward');
  t.equal(exchange.clusterName, 'a');
  t.end();
});

t.test('filters that look at generated headers have them made in time', (t) => {
  const header = (name: string): RbacRule => ({
    kind: 'header',
    match: { name, test: { kind: 'present', present: true }, invert: false, missingAsEmpty: false },
  });
  t.ok(chainOf(new FakeSurroundings(), denying(header('x-request-id'))).readsGeneratedHeaders);
  t.ok(chainOf(new FakeSurroundings(), denying(header('x-forwarded-proto'))).readsGeneratedHeaders);
  t.notOk(chainOf(new FakeSurroundings(), denying(header('x-a'))).readsGeneratedHeaders);
  t.end();
});
