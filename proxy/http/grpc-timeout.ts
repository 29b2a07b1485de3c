/**
 * The time limit a gRPC client announces (grpc-timeout of the gRPC protocol over HTTP/2), within the bounds of
 * envoy.config.route.v3.RouteAction.MaxStreamDuration.
 */
import { HeaderName } from './header-name.ts';
import type { RequestHead } from './message.ts';

/** grpc_timeout_header_max (0: unbounded) and grpc_timeout_header_offset, in milliseconds. */
export interface GrpcTimeoutLimits {
  readonly maxMs: number;
  readonly offsetMs: number;
}

export const GRPC_TIMEOUT = new HeaderName('grpc-timeout');

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds, with fractions; null for what is no timeout of gRPC. */
export function parseGrpcTimeoutMs(text: string | null): number | null {
  const match = /^([0-9]{1,8})([HMSmun])$/.exec(text ?? '');
  return match === null ? null : Number(match[1]) * UNIT_MS[match[2]!]!;
}

/** The duration this request may take, in whole milliseconds; null when its head announces none. */
export function grpcDurationMs(head: RequestHead, { maxMs, offsetMs }: GrpcTimeoutLimits): number | null {
  const exactMs = parseGrpcTimeoutMs(head.first(GRPC_TIMEOUT));
  if (exactMs === null) return null;
  const announcedMs = Math.ceil(exactMs);
  const boundedMs = maxMs > 0 ? Math.min(announcedMs, maxMs) : announcedMs;
  // A limit that the offset uses up would be no limit: the shortest one is kept.
  return boundedMs === 0 ? 0 : Math.max(1, boundedMs - offsetMs);
}
