/**
 * A request and its answer, over the pools and codecs that carry requests of clients, on a connection of its own.
 *
 *   idle ──begin──► waiting for a stream ──► sent ──head──► body ──end──► idle, the connection kept or closed
 *
 * What the answer means is the subclass's to say. Its body is not kept by this class, so that one without end costs
 * nothing but the time that the check may take.
 */
import type { Failure } from '../../../http/failure.ts';
import type { Trailers } from '../../../http/header-field.ts';
import type { ResponseHead } from '../../../http/message.ts';
import type { ResponseReceiver, UpstreamStream } from '../../../http/upstream-stream.ts';
import { Http1Outgoing } from '../../../http1/outgoing.ts';
import { createPool } from '../../pool/create-pool.ts';
import type { StreamWaiter, UpstreamPool } from '../../pool/pool.ts';
import { EndpointUse } from '../in-use.ts';
import type { CheckOutcome } from './check-state.ts';
import type { Probe, ProbeOwner, ProbeTarget } from './probe.ts';

export abstract class RequestProbe implements Probe, StreamWaiter, ResponseReceiver {
  readonly wire = 'http1';
  readonly upgrades = false;
  readonly connects = false;
  readonly acceptsChunked = false;
  readonly acceptsTrailers = true;
  readonly isHead: boolean;
  protected readonly target: ProbeTarget;
  /** Head and body as HTTP/1.1, which either codec sends. */
  readonly #request: string;
  #pool: UpstreamPool | null = null;
  #stream: UpstreamStream | null = null;
  #owner: ProbeOwner | null = null;
  /** It was sent once more already. */
  #again = false;

  constructor(target: ProbeTarget, request: string, isHead: boolean) {
    this.target = target;
    this.#request = request;
    this.isHead = isHead;
  }

  begin(owner: ProbeOwner): void {
    this.#owner = owner;
    this.#again = false;
    this.#pool ??= createPool(this.target.host, this.target.address, new EndpointUse());
    this.#pool.acquire(this);
  }

  abort(): void {
    this.#owner = null;
    const stream = this.#stream;
    const pool = this.#pool;
    this.#stream = null;
    this.#pool = null;
    if (stream === null) pool?.forget(this);
    else stream.cancel();
    pool?.destroy();
  }

  close(): void {
    this.abort();
  }

  onStream(stream: UpstreamStream): void {
    this.#stream = stream;
    stream.send(this, new Http1Outgoing(this.#request), true);
  }

  onUnavailable(): void {
    this.#finish({ kind: 'network' });
  }

  onHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    this.readHead(head);
    this.onBody(buffer, start, end, done);
  }

  onBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    // A subclass that has heard enough ends it.
    if (this.#owner === null) return;
    if (end > start) this.readBody(buffer, start, end);
    if (done) this.conclude(this.judge(NO_TRAILERS));
  }

  onTrailers(trailers: Trailers): void {
    this.conclude(this.judge(trailers));
  }

  onInterim(): void {}

  onWritable(): void {}

  /** What the endpoint has not looked at, since it closes that connection, says nothing about it. */
  onReset(failure: Failure): void {
    this.#stream = null;
    if (failure.retry === 'yes' && !this.#again && this.#pool !== null) {
      this.#again = true;
      this.#pool.acquire(this);
    } else this.#finish({ kind: 'network' });
  }

  /** The head has come; it is valid during the call only. */
  protected abstract readHead(head: ResponseHead): void;
  protected abstract readBody(buffer: Buffer, start: number, end: number): void;
  /** The answer is complete. */
  protected abstract judge(trailers: Trailers): CheckOutcome;

  /** Whatever may still come of the answer does not count. */
  protected cutShort(outcome: CheckOutcome): void {
    this.#stream?.cancel();
    this.#finish(outcome);
  }

  protected conclude(outcome: CheckOutcome): void {
    if (!this.target.reusesConnection) {
      this.#pool?.close();
      this.#pool = null;
    }
    this.#finish(outcome);
  }

  #finish(outcome: CheckOutcome): void {
    const owner = this.#owner;
    this.#owner = null;
    this.#stream = null;
    owner?.onProbed(outcome);
  }
}

const NO_TRAILERS: Trailers = [];

/** Lines with those of the configuration put in, each ending in CRLF. Names of `lines` are in lower case. */
export function withHeaders(
  lines: readonly string[],
  headers: readonly { readonly name: string; readonly value: string; readonly action: string }[],
  removed: readonly string[] = [],
): string {
  let all = lines.filter((line) => !removed.some((name) => isNamed(line, name)));
  for (const { name, value, action } of headers) {
    const exists = all.some((line) => isNamed(line, name));
    if (exists ? action === 'add-if-absent' : action === 'overwrite-if-exists') continue;
    if (action !== 'append') all = all.filter((line) => !isNamed(line, name));
    all.push(`${name.toLowerCase()}: ${value}`);
  }
  return all.map((line) => `${line}\r\n`).join('');
}

function isNamed(line: string, name: string): boolean {
  return line.startsWith(`${name.toLowerCase()}:`);
}
