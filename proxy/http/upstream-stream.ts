/** How an attempt and the codec of the endpoint talk to each other, whatever the protocol. */
import type { Failure } from './failure.ts';
import type { ResponseHead } from './message.ts';

/** Takes the answer. Exactly one of `done` (in onHead or onBody) and `onReset` ends it. */
export interface ResponseReceiver {
  /** False: the client cannot take chunks, so that a chunked body is handed over decoded. */
  readonly acceptsChunked: boolean;
  /** Trailers of a chunked answer are handed over, in its trailer section; else they are dropped. */
  readonly acceptsTrailers: boolean;
  /** The request has no answer body whatever the head says (HEAD). */
  readonly isHead: boolean;
  /** The request asks for an upgrade: a 101 is its answer, and bytes go both ways from there on. */
  readonly upgrades: boolean;
  /** The request is a CONNECT: a 2xx opens a tunnel, and has no body. */
  readonly connects: boolean;
  onHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void;
  onBody(buffer: Buffer, start: number, end: number, done: boolean): void;
  onInterim(head: ResponseHead): void;
  /** What was queued for the endpoint has left. */
  onWritable(): void;
  onReset(failure: Failure): void;
}

/** One request on a connection to an endpoint. */
export interface UpstreamStream {
  /** Sends head and first bytes of the body as one write. `done`: the request is complete. */
  send(receiver: ResponseReceiver, wire: string, done: boolean): void;
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
