import t from 'tap';
import { requestHead, responseHead } from '../../../test/fakes/fake-exchange.ts';
import type { HeaderMatch } from '../../config/model/match.ts';
import type { RetryPolicyConfig } from '../../config/model/route.ts';
import {
  CONNECT_FAILURE,
  CONNECT_TIMEOUT,
  NO_HEALTHY_UPSTREAM,
  PER_TRY_TIMEOUT,
  UPSTREAM_OVERFLOW,
  UPSTREAM_RESET,
} from '../../http/failure.ts';
import { RetryPolicy } from './retry-policy.ts';

function policy(retryOn: readonly string[], change: Partial<RetryPolicyConfig> = {}): RetryPolicy {
  return new RetryPolicy({
    retryOn,
    numRetries: 1,
    perTryTimeoutMs: 0,
    perTryIdleTimeoutMs: 0,
    retriableStatusCodes: [],
    retriableHeaders: [],
    retriableRequestHeaders: [],
    backoffBaseMs: 25,
    backoffMaxMs: 250,
    rateLimitedResetHeaders: [],
    rateLimitedMaxMs: 300_000,
    omittedHosts: [],
    avoidPreviousHosts: false,
    hostSelectionMaxAttempts: 1,
    ...change,
  });
}

const present = (name: string): HeaderMatch => ({
  name,
  test: { kind: 'present', present: true },
  invert: false,
  missingAsEmpty: false,
});

t.test('each word means the statuses that Envoy documents', (t) => {
  const retried = (word: string, change: Partial<RetryPolicyConfig> = {}) =>
    [200, 400, 409, 429, 500, 502, 503, 504, 505].filter((status) =>
      policy([word], change).retriesAnswer(responseHead(status)),
    );
  t.same(retried('5xx'), [500, 502, 503, 504, 505]);
  t.same(retried('gateway-error'), [502, 503, 504]);
  t.same(retried('retriable-4xx'), [409]);
  t.same(retried('connect-failure'), []);
  t.same(retried('reset'), []);
  t.same(retried('retriable-status-codes', { retriableStatusCodes: [400, 429] }), [400, 429]);
  t.same(retried('5xx', { retriableStatusCodes: [400] }), [500, 502, 503, 504, 505], 'codes need their word');
  t.end();
});

t.test('answers are retried by their headers', (t) => {
  const byHeader = policy(['retriable-headers'], { retriableHeaders: [present('x-again')] });
  t.ok(byHeader.retriesAnswer(responseHead(200, 'X-Again: 1')));
  t.notOk(byHeader.retriesAnswer(responseHead(500)));
  t.ok(policy(['unavailable']).retriesAnswer(responseHead(200, 'grpc-status: 14')));
  t.notOk(policy(['unavailable']).retriesAnswer(responseHead(200, 'grpc-status: 13')));
  t.notOk(policy(['5xx']).retriesAnswer(responseHead(503, 'x-envoy-ratelimited: true')), 'limited: not at once');
  t.ok(policy(['envoy-ratelimited']).retriesAnswer(responseHead(429, 'x-envoy-ratelimited: true')));
  t.end();
});

t.test('an attempt without an answer is retried by what went wrong', (t) => {
  const retried = (word: string) =>
    [CONNECT_FAILURE, CONNECT_TIMEOUT, UPSTREAM_RESET, PER_TRY_TIMEOUT]
      .filter((failure) => policy([word]).retriesFailure(failure, failure.flag !== 'UF'))
      .map((failure) => failure.flag);
  t.same(retried('5xx'), ['UF', 'UF', 'UC', 'UT']);
  t.same(retried('reset'), ['UF', 'UF', 'UC', 'UT']);
  t.same(retried('connect-failure'), ['UF', 'UF']);
  t.same(retried('retriable-4xx'), []);
  t.ok(policy(['reset-before-request']).retriesFailure(UPSTREAM_RESET, false));
  t.notOk(policy(['reset-before-request']).retriesFailure(UPSTREAM_RESET, true));
  for (const failure of [UPSTREAM_OVERFLOW, NO_HEALTHY_UPSTREAM]) {
    t.notOk(
      policy(['5xx', 'reset', 'gateway-error']).retriesFailure(failure, false),
      `${failure.flag} would meet the same`,
    );
  }
  t.end();
});

t.test('only requests with a header that is asked for are retried', (t) => {
  const some = policy(['5xx'], { retriableRequestHeaders: [present('x-safe'), present('x-other')] });
  t.ok(some.appliesTo(requestHead('GET /', 'X-Safe: 1')));
  t.notOk(some.appliesTo(requestHead('GET /')));
  t.ok(policy(['5xx']).appliesTo(requestHead('GET /')));
  t.end();
});

t.test('an endpoint that says when to come back is believed, within the maximum', (t) => {
  const reset = policy(['5xx'], {
    rateLimitedResetHeaders: [
      { name: 'retry-after', format: 'seconds' },
      { name: 'x-reset', format: 'unix-timestamp' },
    ],
    rateLimitedMaxMs: 60_000,
  });
  const after = (...lines: readonly string[]) => reset.resetAfterMs(responseHead(429, ...lines), 1_000_000_000);
  t.equal(after('Retry-After: 7'), 7_000);
  t.equal(after('X-Reset: 1000005'), 5_000);
  t.equal(after('Retry-After: 61', 'X-Reset: 1000005'), 5_000, 'the next one when one is too far');
  t.equal(after('X-Reset: 999999'), null, 'it has passed');
  t.equal(after('Retry-After: soon'), null);
  t.equal(after(), null);
  t.end();
});
