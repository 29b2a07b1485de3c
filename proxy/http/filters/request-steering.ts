/**
 * What an internal request says about how it is to be forwarded (envoyproxy.io, Router filter, "HTTP headers (consumed)"):
 * its x-envoy-* headers count more than the route. They end here; the endpoint does not see them.
 */

import { RETRY_DEFAULTS } from '../../config/retry-defaults.ts';
import type { ForwardOptions } from '../../upstream/attempt/forward-options.ts';
import { RETRY_WORDS, RetryPolicy } from '../../upstream/attempt/retry-policy.ts';
import { HeaderName } from '../header-name.ts';
import type { RequestHead } from '../message.ts';

const TIMEOUT = new HeaderName('x-envoy-upstream-rq-timeout-ms');
const PER_TRY_TIMEOUT = new HeaderName('x-envoy-upstream-rq-per-try-timeout-ms');
const ALTERNATIVE = new HeaderName('x-envoy-upstream-rq-timeout-alt-response');
const RETRY_ON = new HeaderName('x-envoy-retry-on');
const RETRY_GRPC_ON = new HeaderName('x-envoy-retry-grpc-on');
const MAX_RETRIES = new HeaderName('x-envoy-max-retries');
const STATUS_CODES = new HeaderName('x-envoy-retriable-status-codes');
const HEADER_NAMES = new HeaderName('x-envoy-retriable-header-names');

const HEDGE = new HeaderName('x-envoy-hedge-on-per-try-timeout');

const ALL = [
  HEDGE,
  TIMEOUT,
  PER_TRY_TIMEOUT,
  ALTERNATIVE,
  RETRY_ON,
  RETRY_GRPC_ON,
  MAX_RETRIES,
  STATUS_CODES,
  HEADER_NAMES,
];

/** The options with what the request says, or null when it says nothing. Values that are no numbers count for nothing. */
export function steer(head: RequestHead, options: ForwardOptions): ForwardOptions | null {
  if (ALL.every((name) => head.first(name) === null)) return null;
  const timeoutMs = numberOf(head, TIMEOUT) ?? options.timeoutMs;
  const perTryMs = numberOf(head, PER_TRY_TIMEOUT) ?? options.limits?.perTryMs ?? 0;
  const steered: ForwardOptions = {
    ...options,
    timeoutMs,
    limits: withPerTry(options.limits, timeoutMs > 0 && perTryMs >= timeoutMs ? 0 : perTryMs),
    retry: steerRetries(head, options.retry),
    hedgesOnPerTry: flagOf(head, HEDGE) ?? options.hedgesOnPerTry,
    timeoutStatus: head.first(ALTERNATIVE) === null ? options.timeoutStatus : 204,
  };
  for (const name of ALL) head.remove(name);
  return steered;
}

function withPerTry(limits: ForwardOptions['limits'], perTryMs: number): ForwardOptions['limits'] {
  if (limits === null && perTryMs === 0) return null;
  return { perTryIdleMs: 0, idleMs: 0, durationMs: 0, ...limits, perTryMs };
}

function steerRetries(head: RequestHead, before: RetryPolicy | null): RetryPolicy | null {
  const asked = [...listOf(head, RETRY_ON), ...listOf(head, RETRY_GRPC_ON)].filter((word) => RETRY_WORDS.has(word));
  const base = before?.config ?? RETRY_DEFAULTS;
  const retryOn = [...new Set([...base.retryOn, ...asked])];
  if (retryOn.length === 0) return null;
  const names = listOf(head, HEADER_NAMES).map((name) => ({
    name: name.toLowerCase(),
    test: { kind: 'present', present: true } as const,
    invert: false,
    missingAsEmpty: false,
  }));
  return new RetryPolicy({
    ...base,
    retryOn,
    numRetries: numberOf(head, MAX_RETRIES) ?? base.numRetries,
    retriableStatusCodes: [...base.retriableStatusCodes, ...listOf(head, STATUS_CODES).map(Number)],
    retriableHeaders: [...base.retriableHeaders, ...names],
  });
}

function flagOf(head: RequestHead, name: HeaderName): boolean | null {
  const text = head.first(name);
  return text === 'true' || text === 'false' ? text === 'true' : null;
}

function numberOf(head: RequestHead, name: HeaderName): number | null {
  const text = head.first(name);
  return text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : null;
}

function listOf(head: RequestHead, name: HeaderName): readonly string[] {
  const words = (head.first(name) ?? '').split(',').map((word) => word.trim());
  return words.filter((word) => word !== '');
}
