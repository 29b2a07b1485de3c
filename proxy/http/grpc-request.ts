/** How a gRPC call is told from other requests. */
import { HeaderName } from './header-name.ts';
import type { RequestHead } from './message.ts';

/** The header that tells. */
export const GRPC_CONTENT_TYPE = new HeaderName('content-type');

/** `application/grpc`, alone or with a suffix such as `+proto`. */
export function isGrpcContentType(type: string | null): boolean {
  if (type === null || !type.startsWith('application/grpc')) return false;
  return type.length === 16 || type.charCodeAt(16) === 43 || type.charCodeAt(16) === 59;
}

/** Whether a request is a gRPC call, by its content type. */
export function isGrpcRequest(head: RequestHead): boolean {
  return isGrpcContentType(head.first(GRPC_CONTENT_TYPE));
}
