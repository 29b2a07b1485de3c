/**
 * Timeouts and retries, by what is carried. A request has a time limit; a gRPC call may be a stream that lives for hours,
 * so that nothing ends it but the deadline that its client sets (grpc-timeout).
 *
 * A service of which is known what it speaks needs one route. One that may carry both, plain requests and calls, needs
 * two of the same: the first takes the calls (`grpc: {}` looks at the content type), the second what is left. Envoy has
 * no other way to give them different limits.
 */
import type { Protocol } from '../../state/model.ts';
import * as defaults from '../defaults.ts';
import type { Dialect } from '../dialect.ts';
import { duration, type JsonObject } from '../resource.ts';

/** What a route adds for one kind of traffic. */
export interface Traffic {
  /** To its match. */
  readonly match: JsonObject;
  /** To its action. */
  readonly policy: JsonObject;
}

/** Matches calls only. gRPC clients make nothing else. */
export function callsOnly(dialect: Dialect): JsonObject {
  return dialect === 'grpc' ? {} : { grpc: {} };
}

/**
 * What one route to a service of `protocol` becomes, in the order in which the routes must stand.
 *
 * @param requestTimeoutMs as the user wrote it, also for calls; null: the mesh's default.
 */
export function trafficOf(protocol: Protocol, dialect: Dialect, requestTimeoutMs: number | null): Traffic[] {
  if (dialect === 'grpc') return [{ match: {}, policy: clientPolicy(protocol, requestTimeoutMs) }];
  const calls = callPolicy(dialect, requestTimeoutMs);
  const requests = requestPolicy(requestTimeoutMs);
  switch (protocol) {
    case 'grpc':
      return [{ match: {}, policy: calls }];
    case 'http':
    case 'tcp':
      return [{ match: {}, policy: requests }];
    case 'auto':
    case 'http2':
      return [
        { match: callsOnly(dialect), policy: calls },
        { match: {}, policy: requests },
      ];
  }
}

/** For plain requests. */
export function requestPolicy(timeoutMs: number | null): JsonObject {
  return {
    timeout: timeoutMs === null ? defaults.REQUEST_TIMEOUT : duration(timeoutMs),
    retry_policy: defaults.RETRY_POLICY,
  };
}

/** For calls; a time limit that the user wrote holds beside the client's own deadline. gRPC clients retry by themselves. */
export function callPolicy(dialect: Dialect, timeoutMs: number | null): JsonObject {
  return {
    timeout: timeoutMs === null ? '0s' : duration(timeoutMs),
    max_stream_duration: defaults.CLIENT_DEADLINE,
    ...(dialect === 'grpc' ? {} : { retry_policy: defaults.GRPC_RETRY_POLICY }),
  };
}

/** gRPC clients read `max_stream_duration` alone. */
function clientPolicy(protocol: Protocol, timeoutMs: number | null): JsonObject {
  if (timeoutMs !== null) return { timeout: duration(timeoutMs) };
  return protocol === 'grpc' ? callPolicy('grpc', null) : { timeout: defaults.REQUEST_TIMEOUT };
}
