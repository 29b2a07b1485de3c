/** What a forwarded request carries besides what its client and its route said: before the first attempt, and before others. */
import type { Exchange } from '../../http/exchange.ts';
import { grpcDurationMs } from '../../http/grpc-timeout.ts';
import { HeaderName } from '../../http/header-name.ts';
import { rewriteHost } from '../../http/host-rewrite.ts';
import type { RequestHead } from '../../http/message.ts';
import type { Endpoint } from '../endpoint.ts';
import type { ForwardOptions } from './forward-options.ts';
import { countAttempt } from './safe-retries.ts';
import type { StreamLimits } from './stream-deadlines.ts';

export const ATTEMPT_COUNT = new HeaderName('x-envoy-attempt-count');
const EXPECTED_TIMEOUT = 'x-envoy-expected-rq-timeout-ms';

/** Edits the head for the first attempt. HOT. */
export function editRequest({ head }: Exchange, options: ForwardOptions, endpoint: Endpoint | null): void {
  if (options.countUpstream) {
    head.remove(ATTEMPT_COUNT);
    head.add(ATTEMPT_COUNT.name, '1');
  }
  if (!options.endpointHost) return;
  const hostname = endpoint?.config.hostname ?? '';
  if (hostname !== '') rewriteHost(head, hostname, options.appendForwardedHost, options.envoyHeaders);
}

/** Edits what was sent before, for attempt number `exchange.attempts`. */
export function editRepeated(
  exchange: Exchange,
  { endpointHost, countUpstream, timeoutMs, safe }: ForwardOptions,
  endpoint: Endpoint | null,
  nowMs: number,
): void {
  const sent = exchange.sent!;
  const hostname = endpoint?.config.hostname ?? '';
  if (endpointHost && hostname !== '') sent.set('host', hostname);
  if (safe !== null) countAttempt(sent);
  if (countUpstream) sent.set(ATTEMPT_COUNT.name, String(exchange.attempts));
  if (exchange.expectedTimeoutMs > 0 && timeoutMs > 0) {
    const leftMs = Math.max(1, timeoutMs - Math.ceil(nowMs - exchange.startedMs));
    sent.set(EXPECTED_TIMEOUT, String(Math.min(exchange.expectedTimeoutMs, leftMs)));
  }
}

/** The time limits of a request besides the route's timeout; the client's own grpc-timeout takes the place of the duration. */
export function limitsOf(head: RequestHead, { limits, grpcTimeout }: ForwardOptions): StreamLimits {
  const announcedMs = grpcTimeout === null ? null : grpcDurationMs(head, grpcTimeout);
  const effective = limits ?? { perTryMs: 0, perTryIdleMs: 0, idleMs: 0, durationMs: 0 };
  return announcedMs === null ? effective : { ...effective, durationMs: announcedMs };
}
