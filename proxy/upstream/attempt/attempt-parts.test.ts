import t from 'tap';
import { TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster, endpoint, endpointSet } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { requestHead } from '../../../test/fakes/fake-exchange.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import type { ClusterConfig } from '../../config/model/cluster.ts';
import type { RetryPolicyConfig } from '../../config/model/route.ts';
import { grpcDurationMs } from '../../http/grpc-timeout.ts';
import { setWireHeader } from '../../http1/wire-edit.ts';
import { Loop } from '../../net/loop.ts';
import type { Endpoint } from '../endpoint.ts';
import { Retries, type RetryOwner } from './retries.ts';
import { RetryPolicy } from './retry-policy.ts';
import { StreamDeadlines, type StreamLimits } from './stream-deadlines.ts';

const POLICY: RetryPolicyConfig = {
  retryOn: ['5xx'],
  numRetries: 2,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backoffBaseMs: 100,
  backoffMaxMs: 1_000,
  rateLimitedResetHeaders: [],
  rateLimitedMaxMs: 300_000,
  omittedHosts: [],
  avoidPreviousHosts: false,
  hostSelectionMaxAttempts: 1,
};

function newLoop() {
  const clock = new FakeClock();
  return { clock, loop: new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom()) };
}

/** A request that is retried, and may go anywhere. */
class FakeRequest implements RetryOwner {
  readonly hash = null;
  readonly subset = null;
  readonly pinned = null;
  readonly destination = null;
  readonly tried: Endpoint[] = [];
  readonly onRetryDue: () => void;

  constructor(onRetryDue: () => void) {
    this.onRetryDue = onRetryDue;
  }

  avoid(endpoint: Endpoint): void {
    this.tried.push(endpoint);
  }
}

function setUp(policy: Partial<RetryPolicyConfig> = {}, change: Partial<ClusterConfig> = {}) {
  const { clock, loop } = newLoop();
  const target = fakeCluster(cluster('a', [], change), loop);
  target.setEndpoints(endpointSet('a', [endpoint(1), endpoint(2), endpoint(3)]));
  let due = 0;
  const start = () => new Retries(target, new RetryPolicy({ ...POLICY, ...policy }), new FakeRequest(() => due++));
  return { clock, target, start, due: () => due };
}

t.test('a retry is granted while there are some left, and the cluster has room until its outcome is known', (t) => {
  const { target, start } = setUp({ numRetries: 2 });
  const { stats } = target;
  const running = [start(), start(), start()];
  for (const retries of running) t.equal(retries.take(1), 'granted');
  t.equal(start().take(1), 'overflow', 'three at once are the default');
  running[0]!.settle(true);
  t.equal(stats.rqRetrySuccess, 1);
  t.equal(start().take(1), 'granted');
  t.equal(start().take(3), 'exhausted');
  t.match(stats, { rqRetryOverflow: 1, rqRetryLimitExceeded: 1, inUse: { retries: 3 } });
  running[1]!.cancel();
  running[1]!.cancel();
  t.equal(stats.inUse.retries, 2, 'given back once');
  t.end();
});

t.test('a retry budget is a share of what is in flight, but at least its minimum', (t) => {
  const { limits } = cluster('a', []);
  const retryBudget = { percent: 20, minConcurrency: 1 };
  const { target, start } = setUp({}, { limits: { ...limits, default: { ...limits.default, retryBudget } } });
  t.equal(start().take(1), 'granted');
  t.equal(start().take(1), 'overflow');
  target.stats.inUse.requests = 10;
  t.equal(start().take(1), 'granted', '20 % of 10');
  t.equal(start().take(1), 'overflow');
  t.end();
});

t.test('the back-off grows, or is what the endpoint asked for', (t) => {
  const { clock, target, start, due } = setUp();
  const retries = start();
  retries.take(1);
  retries.schedule(target.endpoints[0]!, 1, null);
  clock.advance({ ms: 110 });
  t.equal(due(), 1, 'within the base interval');
  retries.schedule(target.endpoints[0]!, 1, 2_000);
  clock.advance({ ms: 1_990 });
  t.equal(due(), 1, 'never sooner than asked');
  clock.advance({ ms: 1_030 });
  t.equal(due(), 2, 'at most half as long again');
  retries.schedule(null, 2, null);
  retries.cancel();
  clock.advance({ ms: 2_000 });
  t.equal(due(), 2);
  t.match(target.stats, { rqRetry: 3, rqRetryBackoffExponential: 2, rqRetryBackoffRatelimited: 1 });
  t.end();
});

t.test('with previous_hosts a retry goes somewhere else', (t) => {
  const { target, start } = setUp({ avoidPreviousHosts: true, hostSelectionMaxAttempts: 5 });
  const retries = start();
  const [first, second, third] = target.endpoints;
  for (const each of [first!, second!]) retries.schedule(each, 1, null);
  for (let i = 0; i < 6; i++) t.equal(retries.pick(), third);
  retries.schedule(third!, 1, null);
  t.ok(retries.pick(), 'all were tried: any will do');
  t.end();
});

t.test('a retry goes past the endpoints that a host predicate names', (t) => {
  const { target, start } = setUp({
    omittedHosts: [{ canary: 'true' }, { zone: '"a"', rank: '1' }],
    hostSelectionMaxAttempts: 9,
  });
  const canary = endpoint(1, { labels: { canary: 'true' } });
  const slow = endpoint(2, { labels: { zone: '"a"', rank: '1', more: '"x"' } });
  const half = endpoint(3, { labels: { zone: '"a"', rank: '2' } });
  target.setEndpoints(endpointSet('a', [canary, slow, half]));
  for (let i = 0; i < 6; i++) t.equal(start().pick()!.config.address.port, 3);
  target.setEndpoints(endpointSet('a', [canary]));
  t.equal(start().pick()!.config.address.port, 1, 'there is no other');
  t.end();
});

t.test('each limit is told when it is met, and idle ones move with the bytes', (t) => {
  const { clock, loop } = newLoop();
  const met: string[] = [];
  const start = (limits: Partial<StreamLimits>) =>
    new StreamDeadlines(
      loop,
      { perTryMs: 0, perTryIdleMs: 0, idleMs: 0, durationMs: 0, ...limits },
      { onLimit: (limit) => met.push(`${limit} ${Math.round(clock.nowMs() - startedMs)}`) },
    );
  const startedMs = clock.nowMs();
  const pass = (ms: number) => {
    clock.advance({ ms });
    loop.refresh();
  };
  const deadlines = start({ perTryMs: 300, perTryIdleMs: 100, idleMs: 200, durationMs: 1_000 });
  pass(150);
  deadlines.requestActive();
  deadlines.startTry();
  pass(50);
  deadlines.answerActive();
  pass(90);
  t.same(met, [], 'both idle limits have moved');
  pass(30);
  t.match(met, [/^per-try-idle 3[0-2]0$/]);
  pass(700);
  t.match(met.slice(1), [/^idle 4[0-2]0$/, /^per-try 4[5-7]0$/, /^duration 10[0-2]0$/]);
  const stopped = start({ perTryMs: 10, perTryIdleMs: 10, idleMs: 10, durationMs: 10 });
  stopped.startTry();
  stopped.stop();
  pass(100);
  t.equal(met.length, 4);
  t.end();
});

t.test('a head sent as text is edited in place, and its body left alone', (t) => {
  const wire = 'POST / HTTP/1.1\r\nHost: a\r\nX-Count: 1\r\n\r\nHost: body\r\n\r\n';
  t.equal(setWireHeader(wire, 'host', 'b'), 'POST / HTTP/1.1\r\nhost: b\r\nX-Count: 1\r\n\r\nHost: body\r\n\r\n');
  t.equal(
    setWireHeader(wire, 'x-new', '2'),
    'POST / HTTP/1.1\r\nHost: a\r\nX-Count: 1\r\nx-new: 2\r\n\r\nHost: body\r\n\r\n',
  );
  t.end();
});

t.test('grpc-timeout counts within the bounds of the route', (t) => {
  const duration = (value: string, maxMs = 0, offsetMs = 0) =>
    grpcDurationMs(requestHead('POST /', `grpc-timeout: ${value}`), { maxMs, offsetMs });
  t.same(
    ['2S', '30m', '1M', '1H', '1500u', '5n'].map((value) => duration(value)),
    [2000, 30, 60_000, 3_600_000, 2, 1],
  );
  t.equal(duration('2S', 500), 500);
  t.equal(duration('2S', 0, 100), 1900);
  t.equal(duration('50m', 0, 100), 1, 'an offset does not make it endless');
  t.same(
    ['', 'soon', '123456789S', '1s'].map((value) => duration(value)),
    [null, null, null, null],
  );
  t.end();
});
