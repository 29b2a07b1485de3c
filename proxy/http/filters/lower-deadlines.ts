/**
 * Until when an answer is worth having, as a request says (x-outrider-deadline, and grpc-timeout of gRPC calls), is told
 * relative to the arrival of its head: who keeps a request for a while lowers it.
 */
import { DEADLINE_HEADER, parseDeadlineMs } from '../../../protos/contract/hop-headers.ts';
import { GRPC_TIMEOUT, parseGrpcTimeoutMs } from '../grpc-timeout.ts';
import { HeaderName } from '../header-name.ts';
import type { RequestHead } from '../message.ts';

const DEADLINE = new HeaderName(DEADLINE_HEADER);
/** The header has room for eight digits. */
const GRPC_NUMBER_MAX = 99_999_999;

/** Lowers what the head says by the time that it was kept here, to 0 at least. */
export function lowerDeadlines(head: RequestHead, keptMs: number): void {
  const deadlineMs = parseDeadlineMs(head.first(DEADLINE));
  if (deadlineMs !== null) replace(head, DEADLINE, String(Math.max(0, Math.floor(deadlineMs - keptMs))));
  const timeoutMs = parseGrpcTimeoutMs(head.first(GRPC_TIMEOUT));
  if (timeoutMs !== null) replace(head, GRPC_TIMEOUT, grpcTimeout(Math.max(0, timeoutMs - keptMs)));
}

function replace(head: RequestHead, name: HeaderName, value: string): void {
  head.remove(name);
  head.add(name.name, value);
}

/** In the finest unit for which there is room. */
function grpcTimeout(ms: number): string {
  const us = Math.floor(ms * 1_000);
  if (us <= GRPC_NUMBER_MAX) return `${us}u`;
  if (ms <= GRPC_NUMBER_MAX) return `${Math.floor(ms)}m`;
  const seconds = Math.floor(ms / 1_000);
  return seconds <= GRPC_NUMBER_MAX ? `${seconds}S` : `${Math.floor(seconds / 3_600)}H`;
}
