/**
 * Until when an answer is worth having, told from hop to hop: x-outrider-deadline, and grpc-timeout of gRPC calls
 * (outrider.resilience.v1.RoutePolicy.propagate_deadline).
 *
 *   came with      at most the rest of that goes on, whatever the route says
 *   own timeout    counts once the request is complete, as the timeout does; not for gRPC calls whose answer it would spare
 *   each attempt   what is left then; nothing left: it is not sent
 *
 * Milliseconds that are left, not a time of day: clocks of machines differ. Filters that keep a request lower them.
 */
import { DEADLINE_HEADER, parseDeadlineMs } from '../../../protos/contract/hop-headers.ts';
import { GRPC_TIMEOUT, parseGrpcTimeoutMs } from '../../http/grpc-timeout.ts';
import type { LastNumberLine } from '../../http/header-line.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { RequestHead } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import { TRAIT_ENVOY_HEADER } from '../../http/request-traits.ts';

const DEADLINE = new HeaderName(DEADLINE_HEADER);
/** The most that the header has room for: 11 days. */
const LEFT_MS_MAX = 999_999_999;
/** grpc-timeout has room for eight digits. */
const GRPC_MS_MAX = 99_999_999;

/** How long an answer is worth having by what the request says, in milliseconds from now; Infinity when it says nothing. HOT. */
export function announcedMs(head: RequestHead, grpc: boolean): number {
  let ms = Number.POSITIVE_INFINITY;
  if ((head.traits & TRAIT_ENVOY_HEADER) !== 0) ms = parseDeadlineMs(head.first(DEADLINE)) ?? ms;
  return grpc ? Math.min(ms, parseGrpcTimeoutMs(head.first(GRPC_TIMEOUT)) ?? ms) : ms;
}

/** Tells the endpoint in the first attempt that `leftMs`, finite, are left. HOT. */
export function tellDeadline(head: RequestHead, leftMs: number, grpc: boolean, lines: LastNumberLine): void {
  const ms = Math.floor(leftMs);
  if (ms > LEFT_MS_MAX) return;
  const told = (head.traits & TRAIT_ENVOY_HEADER) === 0 ? null : head.first(DEADLINE);
  if (told === null) head.append(lines.of(ms));
  else if (Number(told) !== ms) {
    head.remove(DEADLINE);
    head.append(lines.of(ms));
  }
  if (!grpc || !lowersGrpc(head.first(GRPC_TIMEOUT), ms)) return;
  head.remove(GRPC_TIMEOUT);
  head.add(GRPC_TIMEOUT.name, `${ms}m`);
}

/** The same for what was sent before. */
export function tellDeadlineAgain(sent: OutgoingRequest, leftMs: number, grpc: boolean): void {
  const ms = Math.floor(leftMs);
  if (ms > LEFT_MS_MAX) return;
  sent.set(DEADLINE.name, String(ms));
  if (grpc && lowersGrpc(sent.first(GRPC_TIMEOUT), ms)) sent.set(GRPC_TIMEOUT.name, `${ms}m`);
}

/** A call without a grpc-timeout gets none: its server would end a stream by it. */
function lowersGrpc(text: string | null, ms: number): boolean {
  const announced = parseGrpcTimeoutMs(text);
  return announced !== null && ms < Math.floor(announced) && ms <= GRPC_MS_MAX;
}
