/**
 * What a forwarding hands on from its client: the body of the request as it comes, framed as it goes out, kept for other attempts
 * while it is small enough, and copied to mirrors when it is complete.
 */
import type { BodyConverter } from '../../http/body-converter.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import type { UpstreamStream } from '../../http/upstream-stream.ts';
import type { Endpoint } from '../endpoint.ts';
import { wireProtocol } from '../wire-protocol.ts';
import type { Attempt } from './attempt.ts';
import { composeRequest, frameBody } from './compose-request.ts';
import { type Mirroring, sendMirrors } from './mirror.ts';
import { editRequest } from './request-edits.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { TimedForwarding } from './timed-forwarding.ts';

export abstract class CarriedRequest extends TimedForwarding {
  /** Null as well when this request may not be repeated, or is too large to be kept. */
  protected retry: RetryPolicy | null = null;
  /** The newest one, while it runs. */
  protected attempt: Attempt | null = null;
  /** The mirrors this request was drawn for, until it has been sent to them. */
  protected mirrors: readonly Mirroring[] | null = null;
  /** Null where the body goes out as it comes. */
  #converter: BodyConverter | null = null;
  /** It has no body. */
  protected bodyless = false;
  /** Bytes of the body that are kept for another attempt. */
  protected keptBytes = 0;

  /** Puts the request together as it goes to `endpoint`, with what has come of its body. Uses the head up. HOT. */
  protected compose(endpoint: Endpoint | null): OutgoingRequest {
    const { exchange, cluster, options } = this;
    if (options.countUpstream || options.endpointHost) editRequest(exchange, options, endpoint);
    this.bodyless = exchange.head.framing === 'none';
    const wire = wireProtocol(cluster.config, exchange);
    this.#converter = frameBody(cluster, wire, exchange);
    const sent = composeRequest(cluster, wire, exchange);
    exchange.sent = sent;
    this.keptBytes = exchange.bodyEnd - exchange.bodyStart;
    return sent;
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    const { trailers, sent } = this.exchange;
    if (done && trailers !== '') sent!.trailers = trailers;
    const converter = this.#converter;
    if (converter === null) {
      this.#sendBody(buffer, start, end, done);
      return;
    }
    converter.convert(buffer, start, end, done, trailers);
    this.#sendBody(converter.buffer, converter.start, converter.end, done);
  }

  #sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    if (this.retry !== null || this.mirrors !== null) this.#keepBody(buffer, start, end);
    this.attempt?.sendBody(buffer, start, end, done);
    this.deadlines?.requestActive();
    if (!done) return;
    if (this.attempt?.sent) this.deadlines?.startTry();
    this.requestComplete();
  }

  /** Keeps the body for another attempt. What came between two attempts is kept whatever its size, or it would be lost. */
  #keepBody(buffer: Buffer, start: number, end: number): void {
    this.keptBytes += end - start;
    if (this.attempt !== null && this.keptBytes > this.options.bodyLimitBytes) this.forgetBody();
    else this.exchange.sent!.keep(buffer, start, end);
  }

  /** The request is too large to be kept: it passes, but is neither repeated nor mirrored. */
  protected forgetBody(): void {
    this.retry = null;
    this.mirrors = null;
  }

  /** The route timeout runs from the moment the request is complete, so that a slow upload does not spend it. */
  protected requestComplete(): void {
    const { timeoutMs } = this.options;
    if (this.mirrors !== null) {
      sendMirrors(this.mirrors, this.exchange, timeoutMs);
      this.mirrors = null;
    }
    this.armTimeout();
  }

  /** The request is on its way to the endpoint. */
  onAttemptSent(stream: UpstreamStream): void {
    const { record } = this.exchange;
    this.exchange.upstreamProtocol = stream.protocol;
    if (record !== null) record.upstreamLocalAddress = stream.localAddress;
    if (this.deadlines !== null && this.exchange.requestDone) this.deadlines.startTry();
  }

  pauseResponse(): void {
    this.attempt?.pauseResponse();
  }

  resumeResponse(): void {
    this.attempt?.resumeResponse();
  }
}
