/** How a gRPC call is told from other requests. */
import type { RequestHead } from './message.ts';
import { TRAIT_GRPC } from './request-traits.ts';

/** `application/grpc`, alone or with a suffix such as `+proto`. */
export function isGrpcContentType(type: string): boolean {
  if (!type.startsWith('application/grpc')) return false;
  return type.length === 16 || type.charCodeAt(16) === 43 || type.charCodeAt(16) === 59;
}

/** Whether a request is a gRPC call, by its content type, as its codec has seen it. HOT. */
export function isGrpcRequest({ traits }: RequestHead): boolean {
  return (traits & TRAIT_GRPC) !== 0;
}
