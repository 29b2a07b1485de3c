/**
 * Answers made here for gRPC callers: they do not read HTTP statuses, so the reason goes into grpc-status and grpc-message
 * of a response without a body (gRPC over HTTP/2, "Trailers-Only"; Envoy does the same over HTTP/1.1).
 */
import type { Exchange } from './exchange.ts';
import { GRPC_CONTENT_TYPE, isGrpcContentType, isGrpcRequest } from './grpc-request.ts';
import { wireHeader } from './wire-fields.ts';

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
export function isGrpcExchange(exchange: Exchange): boolean {
  if (exchange.wire !== '') return isGrpcContentType(wireHeader(exchange.wire, GRPC_CONTENT_TYPE.name));
  return isGrpcRequest(exchange.head);
}

/** Whole header lines that tell a gRPC caller what `status` and `text` would have told others. */
export function grpcReplyLines(status: number, text: string): string {
  const message = encodeURI(text.trim()).replaceAll('%20', ' ');
  return `content-type: application/grpc\r\ngrpc-status: ${GRPC_STATUS[status] ?? 2}\r\ngrpc-message: ${message}\r\n`;
}
