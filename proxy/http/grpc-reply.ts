/**
 * Answers made here for gRPC callers: they do not read HTTP statuses, so the reason goes into grpc-status and grpc-message
 * of a response without a body (gRPC over HTTP/2, "Trailers-Only"; Envoy does the same over HTTP/1.1).
 */
import type { Exchange } from './exchange.ts';
import { HeaderName } from './header-name.ts';
import type { RequestHead } from './message.ts';
import { wireHeader } from './wire-fields.ts';

const CONTENT_TYPE = new HeaderName('content-type');

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

/** `application/grpc`, alone or with a suffix such as `+proto`. */
export function isGrpcContentType(type: string | null): boolean {
  if (type === null || !type.startsWith('application/grpc')) return false;
  return type.length === 16 || type.charCodeAt(16) === 43 || type.charCodeAt(16) === 59;
}

/** Whether a request is a gRPC call, by its content type. */
export function isGrpcRequest(head: RequestHead): boolean {
  return isGrpcContentType(head.first(CONTENT_TYPE));
}

/** The same, for an exchange whose head may have been used up by forwarding it. */
export function isGrpcExchange(exchange: Exchange): boolean {
  if (exchange.wire !== '') return isGrpcContentType(wireHeader(exchange.wire, CONTENT_TYPE.name));
  return isGrpcRequest(exchange.head);
}

/** Whole header lines that tell a gRPC caller what `status` and `text` would have told others. */
export function grpcReplyLines(status: number, text: string): string {
  const message = encodeURI(text.trim()).replaceAll('%20', ' ');
  return `content-type: application/grpc\r\ngrpc-status: ${GRPC_STATUS[status] ?? 2}\r\ngrpc-message: ${message}\r\n`;
}
