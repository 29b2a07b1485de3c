/** What a route asks of the requests that it forwards. Compiled with the route. */
import type { Gate } from '../../http/gate.ts';
import type { GrpcTimeoutLimits } from '../../http/grpc-timeout.ts';
import type { Fallbacks } from './fallbacks.ts';
import type { Hedging } from './hedging.ts';
import type { Mirroring } from './mirror.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { SafeRetries } from './safe-retries.ts';
import type { StreamLimits } from './stream-deadlines.ts';

export interface ForwardOptions {
  /** Limits and connections of high priority (RouteAction.priority). */
  readonly highPriority: boolean;
  /** Null for none. */
  readonly requestBreaker: Gate | null;
  /** 0: none. */
  readonly timeoutMs: number;
  /** What is answered when it is over; 504 unless the request asks for another. */
  readonly timeoutStatus: number;
  /** Null when the route has none of these. */
  readonly limits: StreamLimits | null;
  /** The client's grpc-timeout counts, within these bounds; null when it does not. */
  readonly grpcTimeout: GrpcTimeoutLimits | null;
  readonly retry: RetryPolicy | null;
  /** Null: retries are what `retry` says, and no more. */
  readonly safe: SafeRetries | null;
  /** The endpoint is told until when an answer is worth having, and nothing is sent behind that. */
  readonly propagatesDeadline: boolean;
  /** The timeout does not count for answers that have no end of their own. */
  readonly sparesStreams: boolean;
  /** Null: nothing is asked for twice at once. */
  readonly hedging: Hedging | null;
  /** hedge_on_per_try_timeout: an attempt that took too long goes on beside the next one. */
  readonly hedgesOnPerTry: boolean;
  /** Null: failures are passed on. */
  readonly fallbacks: Fallbacks | null;
  /** What is forwarded stands in for a failure of another cluster. */
  readonly standsIn: boolean;
  /** Bytes of a request that are kept for another attempt or a mirror. */
  readonly bodyLimitBytes: number;
  /** auto_host_rewrite: the Host is the picked endpoint's hostname. */
  readonly endpointHost: boolean;
  /** append_x_forwarded_host. */
  readonly appendForwardedHost: boolean;
  /** Headers of the router (x-envoy-upstream-service-time, x-envoy-overloaded, ...) are wanted. */
  readonly envoyHeaders: boolean;
  /** x-envoy-attempt-count towards the endpoint, and towards the client. */
  readonly countUpstream: boolean;
  readonly countDownstream: boolean;
  /** Null when nothing is mirrored. */
  readonly mirrors: readonly Mirroring[] | null;
}
