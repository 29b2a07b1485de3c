/**
 * Answers made here for gRPC callers: they do not read HTTP statuses, so the reason goes into grpc-status and grpc-message
 * of a response without a body (gRPC over HTTP/2, "Trailers-Only"; Envoy does the same over HTTP/1.1).
 */
import type { Exchange } from './exchange.ts';
import type { Failure } from './failure.ts';
import { isGrpcRequest } from './grpc-request.ts';

/** grpc-status by HTTP status (gRPC, "HTTP to gRPC Status Code Mapping"); what is not listed is UNKNOWN, 2. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** Whether an exchange is a gRPC call, also when its head may have been used up by forwarding it. */
export function isGrpcExchange({ sent, grpc, head }: Exchange): boolean {
  return sent !== null ? grpc : isGrpcRequest(head);
}

/** grpc-status of an answer made here, which would have `status` for others. */
function statusOf(failure: Failure | null, status: number): number {
  return failure?.grpcStatus ?? GRPC_STATUS[status] ?? 2;
}

/** Whole header lines that tell a gRPC caller what `status` and `text` would have told others. */
export function grpcReplyLines(failure: Failure | null, status: number, text: string): string {
  return `content-type: application/grpc\r\n${statusLines(statusOf(failure, status), text)}`;
}

/** Trailer lines that end a call whose answer has begun and cannot be completed. */
export function grpcAbortLines(failure: Failure | null): string {
  return statusLines(statusOf(failure, failure?.status || 503), failure?.sentence ?? '');
}

function statusLines(status: number, text: string): string {
  const message = encodeURI(text.trim()).replaceAll('%20', ' ');
  return `grpc-status: ${status}\r\ngrpc-message: ${message}\r\n`;
}
