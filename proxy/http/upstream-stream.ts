/** How an attempt and the codec of the endpoint talk to each other, whatever the protocol. */
import type { Failure } from './failure.ts';
import type { Trailers } from './header-field.ts';
import type { ResponseHead } from './message.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

/** Takes the answer. Exactly one of `done` (in onHead or onBody), `onTrailers` and `onReset` ends it. */
export interface ResponseReceiver {
  /** True: a body without a length is handed over in chunks. False: as it is. */
  readonly acceptsChunked: boolean;
  /** Trailers are handed over, in the trailer section of a body in chunks or else by `onTrailers`. */
  readonly acceptsTrailers: boolean;
  /** The request has no answer body whatever the head says (HEAD). */
  readonly isHead: boolean;
  /** The request asks for an upgrade: a 101 is its answer, and bytes go both ways from there on. */
  readonly upgrades: boolean;
  /** The request is a CONNECT: a 2xx opens a tunnel, and has no body. */
  readonly connects: boolean;
  onHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void;
  onBody(buffer: Buffer, start: number, end: number, done: boolean): void;
  onTrailers(trailers: Trailers): void;
  onInterim(head: ResponseHead): void;
  /** What was queued for the endpoint has left. */
  onWritable(): void;
  onReset(failure: Failure): void;
}

/** One request on a connection to an endpoint. */
export interface UpstreamStream {
  /** `HTTP/1.1` or `HTTP/2`, as logs call it. */
  readonly protocol: string;
  /** Sends head and first bytes of the body together. `done`: the request is complete, its trailers are known. */
  send(receiver: ResponseReceiver, request: OutgoingRequest, done: boolean): void;
  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void;
  /** Bytes wait because the endpoint does not take them. */
  readonly congested: boolean;
  /** `host:port` of this end, for logs. */
  readonly localAddress: string;
  /** Nobody waits for the answer any longer. */
  cancel(): void;
  pause(): void;
  resume(): void;
}
