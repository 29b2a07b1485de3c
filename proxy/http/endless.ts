/** Answers that have no end of their own: the route timeout is not meant for them. */
import { isGrpcContentType } from './grpc-request.ts';
import { HeaderName } from './header-name.ts';
import type { HeaderFields } from './message.ts';

const CONTENT_TYPE = new HeaderName('content-type');
const EVENT_STREAM = 'text/event-stream';

/**
 * Server-sent events, and answers to gRPC calls that are more than their head: which of these is a stream is not told, but
 * what answers a unary call has it ready when its head goes out. HOT.
 */
export function isEndless(head: Pick<HeaderFields, 'first'>): boolean {
  const type = head.first(CONTENT_TYPE);
  if (type === null) return false;
  if (isGrpcContentType(type)) return true;
  return isEventStream(type);
}

/** Whether a content type, in any case, is that of server-sent events. HOT. */
export function isEventStream(type: string): boolean {
  return type.slice(0, EVENT_STREAM.length).toLowerCase() === EVENT_STREAM;
}
