import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../../../test/fakes/config-builders.ts';
import { FakeChain, FakeSurroundings, named } from '../../../../test/fakes/fake-chain.ts';
import { requestHead } from '../../../../test/fakes/fake-exchange.ts';
import type { ExpiringFaultConfig, FaultConfig, PerFilterConfig } from '../../../config/model/http-filter.ts';
import type { RuntimeFraction } from '../../../config/model/match.ts';
import { FilterSlot } from '../../filter-slot.ts';
import { FaultFilter } from './fault-filter.ts';
import { FaultStats } from './fault-stats.ts';

type Abort = NonNullable<FaultConfig['abort']>;

function share(numerator: number, runtimeKey = 'share'): RuntimeFraction {
  return { numerator, denominator: 100, runtimeKey };
}

function delay(fixedMs: number | null, numerator = 100): FaultConfig['delay'] {
  return { fixedMs, percentage: share(numerator, 'delay.share'), durationRuntimeKey: 'delay.ms' };
}

function abort(status: Abort['status'], numerator = 100): FaultConfig['abort'] {
  const keys = { httpRuntimeKey: 'abort.http', grpcRuntimeKey: 'abort.grpc' };
  return { status, percentage: share(numerator, 'abort.share'), ...keys };
}

function fault(change: Partial<FaultConfig>): FaultConfig {
  return {
    kind: 'fault',
    delay: null,
    abort: null,
    upstreamCluster: '',
    headers: [],
    downstreamNodes: [],
    maxActiveFaults: null,
    maxActiveFaultsRuntimeKey: 'max',
    ...change,
  };
}

function setUp(own: FaultConfig | ExpiringFaultConfig, perFilter: Record<string, PerFilterConfig> = {}) {
  const around = new FakeSurroundings();
  const stats = new FaultStats('in');
  const { loop, runtime } = around;
  const filter = new FaultFilter(named(own), own, { loop, runtime, stats, slot: new FilterSlot(0) });
  const routes = [route(prefixMatch('/own'), forward('b'), { perFilter }), route(prefixMatch('/'), forward('a'))];
  const chain = new FakeChain(around, routeTable('t', [virtualHost(['*'], routes)]), [filter]);
  return { chain, stats, around };
}

const TEAPOT = { kind: 'http', code: 418 } as const;

t.test('an abort answers in the words of Envoy, without the endpoint', (t) => {
  const { chain, stats } = setUp(fault({ abort: abort(TEAPOT) }));
  const sent = chain.send('GET /');
  t.notOk(sent.passed);
  t.match(sent.exchange.failure, {
    status: 418,
    flag: 'FI',
    details: 'fault_filter_abort',
    body: 'fault filter abort',
  });
  t.match(stats, { abortsInjected: 1, delaysInjected: 0, activeFaults: 0 });
  const grpc = setUp(fault({ abort: abort({ kind: 'grpc', code: 5 }) })).chain.send('POST /').exchange;
  t.match(grpc.failure, { status: 200, grpcStatus: 5 });
  t.end();
});

t.test('a share of requests is aborted; the runtime may make it another one, and choose the status', (t) => {
  const { chain, stats, around } = setUp(fault({ abort: abort(TEAPOT, 25) }));
  for (let i = 0; i < 4_000; i++) chain.send('GET /');
  t.ok(Math.abs(stats.abortsInjected - 1_000) < 120, `${stats.abortsInjected} of 4,000`);
  around.runtime.set('abort.share', '100');
  around.runtime.set('abort.http', '503');
  t.equal(chain.send('GET /').exchange.failure?.status, 503);
  around.runtime.set('abort.http', '99');
  t.equal(chain.send('GET /').exchange.failure?.status, 418, 'what is no status does not count');
  around.runtime.set('abort.share', '0');
  t.ok(chain.send('GET /').passed);
  around.runtime.set('fault.http.shop.abort.abort_percent', '100');
  around.runtime.set('fault.http.shop.abort.http_status', '501');
  const ofShop = chain.send('GET /', 'x-envoy-downstream-service-cluster: shop');
  t.equal(ofShop.exchange.failure?.status, 501, 'a calling cluster has keys of its own');
  t.end();
});

t.test('headers ask for an abort where the configuration lets them, and for less of it', (t) => {
  const { chain } = setUp(fault({ abort: abort({ kind: 'header' }, 100) }));
  const asking = (...lines: string[]) => chain.send('GET /', ...lines).exchange.failure;
  t.equal(asking('x-envoy-fault-abort-request: 422')?.status, 422);
  t.equal(asking('x-envoy-fault-abort-grpc-request: 8')?.grpcStatus, 8);
  t.equal(asking(), null);
  for (const nonsense of ['600', '199', 'x', '-1', '1e3'])
    t.equal(asking(`x-envoy-fault-abort-request: ${nonsense}`), null, nonsense);
  const none = 'x-envoy-fault-abort-request-percentage: 0';
  t.equal(asking('x-envoy-fault-abort-request: 422', none), null);
  const little = setUp(fault({ abort: abort({ kind: 'header' }, 0) })).chain;
  const more = 'x-envoy-fault-abort-request-percentage: 100';
  t.ok(little.send('GET /', 'x-envoy-fault-abort-request: 422', more).passed, 'not for more');
  const fixed = setUp(fault({ abort: abort(TEAPOT) })).chain;
  t.notOk(fixed.send('GET /', none).passed, 'what is fixed cannot be asked away');
  t.end();
});

t.test('a delayed request waits, holds its client back, and goes on with all that has come', (t) => {
  const { chain, stats, around } = setUp(fault({ delay: delay(300) }));
  const sent = chain.sendHead(requestHead('POST /', 'Content-Length: 6'), { body: 'ab', done: false });
  t.ok(sent.downstream.paused);
  t.match(stats, { delaysInjected: 1, activeFaults: 1 });
  sent.exchange.receiveBody(Buffer.from('.cd.'), 1, 3, false);
  around.advance(299);
  t.notOk(sent.passed);
  around.advance(11);
  t.ok(sent.passed);
  t.notOk(sent.downstream.paused);
  const { body, bodyStart, bodyEnd, flags, failure } = sent.exchange;
  t.equal(body.toString('latin1', bodyStart, bodyEnd), 'abcd', 'nothing that was under way is lost');
  t.same([flags, failure], [['DI'], null]);
  t.equal(stats.activeFaults, 0);
  t.end();
});

t.test('the end of a body that comes during the delay is known behind it', (t) => {
  const { chain, around } = setUp(fault({ delay: delay(10) }));
  const sent = chain.sendHead(requestHead('POST /', 'Content-Length: 2'), { done: false });
  sent.exchange.receiveBody(Buffer.from('ab'), 0, 2, true);
  around.advance(20);
  t.ok(sent.passed);
  t.ok(sent.exchange.requestDone);
  t.equal(sent.exchange.body.toString(), 'ab');
  t.end();
});

t.test('an abort comes behind the delay', (t) => {
  const { chain, stats, around } = setUp(fault({ delay: delay(100), abort: abort(TEAPOT) }));
  const sent = chain.send('GET /');
  t.equal(sent.exchange.failure, null);
  around.advance(110);
  t.match(sent.exchange, { failure: { status: 418 }, flags: ['DI'], ended: true });
  t.match(stats, { delaysInjected: 1, abortsInjected: 1, activeFaults: 0 });
  t.end();
});

t.test('a client that leaves during the delay is forgotten', (t) => {
  const { chain, stats, around } = setUp(fault({ delay: delay(100) }));
  const sent = chain.send('GET /');
  sent.exchange.clientGone();
  t.equal(stats.activeFaults, 0);
  around.advance(200);
  t.notOk(sent.passed);
  t.equal(stats.activeFaults, 0, 'and counted once');
  t.end();
});

t.test('a header says how long the delay is, the runtime another time', (t) => {
  const { chain, around } = setUp(fault({ delay: delay(null) }));
  t.ok(chain.send('GET /').passed);
  t.ok(chain.send('GET /', 'x-envoy-fault-delay-request: 0').passed);
  t.ok(chain.send('GET /', 'x-envoy-fault-delay-request: 50', 'x-envoy-fault-delay-request-percentage: 0').passed);
  const sent = chain.send('GET /', 'x-envoy-fault-delay-request: 50');
  around.advance(49);
  t.notOk(sent.passed);
  around.advance(11);
  t.ok(sent.passed);
  around.runtime.set('delay.ms', '5000');
  const long = chain.send('GET /', 'x-envoy-fault-delay-request: 50');
  around.advance(4_999);
  t.notOk(long.passed);
  around.advance(11);
  t.ok(long.passed);
  t.end();
});

t.test('only so many faults are active together', (t) => {
  const { chain, stats, around } = setUp(fault({ delay: delay(100), maxActiveFaults: 2 }));
  const sent = [1, 2, 3].map(() => chain.send('GET /'));
  t.same(
    sent.map((each) => each.passed),
    [false, false, true],
  );
  t.match(stats, { activeFaults: 2, faultsOverflow: 1, delaysInjected: 2 });
  around.advance(110);
  t.notOk(chain.send('GET /').passed, 'and then again');
  around.runtime.set('max', '0');
  t.ok(chain.send('GET /').passed);
  const none = setUp(fault({ abort: abort(TEAPOT), maxActiveFaults: 0 }));
  t.ok(none.chain.send('GET /').passed);
  t.equal(none.stats.faultsOverflow, 1);
  t.end();
});

t.test('a fault concerns requests by header, node and cluster', (t) => {
  const match = { kind: 'string', match: { kind: 'exact', value: 'yes', ignoreCase: false } } as const;
  const header = { name: 'x-fault', test: match, invert: false, missingAsEmpty: false };
  const byHeader = setUp(fault({ abort: abort(TEAPOT), headers: [header] })).chain;
  t.notOk(byHeader.send('GET /', 'x-fault: yes').passed);
  t.ok(byHeader.send('GET /', 'x-fault: no').passed);
  t.ok(byHeader.send('GET /').passed);
  t.same([...byHeader.bound[0]!.headersRead], ['x-fault']);
  const byNode = setUp(fault({ abort: abort(TEAPOT), downstreamNodes: ['n1'] })).chain;
  t.notOk(byNode.send('GET /', 'x-envoy-downstream-service-node: n1').passed);
  t.ok(byNode.send('GET /').passed);
  const byCluster = setUp(fault({ abort: abort(TEAPOT), upstreamCluster: 'b' })).chain;
  t.notOk(byCluster.send('GET /own').passed);
  t.ok(byCluster.send('GET /').passed);
  t.end();
});

t.test('a route has faults of its own', (t) => {
  const { chain } = setUp(fault({}), { tested: fault({ abort: abort(TEAPOT) }) });
  t.notOk(chain.send('GET /own').passed);
  t.ok(chain.send('GET /').passed);
  const without = setUp(fault({ abort: abort(TEAPOT) }), { tested: fault({}) }).chain;
  t.ok(without.send('GET /own').passed, 'or none');
  t.equal(setUp(fault({})).chain.bound.length, 0, 'where there is none anywhere, there is no filter');
  t.end();
});

t.test('faults that expire do so by themselves, also on a route', (t) => {
  const expiring = (ms: number, change: Partial<FaultConfig>): ExpiringFaultConfig => {
    return { kind: 'expiring-fault', fault: fault(change), expiresAtMs: new FakeSurroundings().clock.wallMs() + ms };
  };
  const { chain, around, stats } = setUp(expiring(1_000, { abort: abort(TEAPOT) }), {
    tested: expiring(500, { delay: delay(2_000), abort: abort(TEAPOT) }),
  });
  t.notOk(chain.send('GET /').passed);
  const delayed = chain.send('GET /own');
  around.advance(450);
  t.notOk(delayed.passed);
  around.advance(60);
  t.ok(delayed.passed, 'neither does a delay outlast it, nor what comes behind a delay');
  t.ok(chain.send('GET /own').passed);
  t.notOk(chain.send('GET /').passed);
  around.advance(500);
  t.ok(chain.send('GET /').passed);
  t.match(stats, { abortsInjected: 2, delaysInjected: 1, activeFaults: 0 });
  t.end();
});
