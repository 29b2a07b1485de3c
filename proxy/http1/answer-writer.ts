/** Writes answers to one client: how their bodies are delimited, what they say about the connection, and their bytes. */

import type { Trailers } from '../http/header-field.ts';
import { HeaderName } from '../http/header-name.ts';
import type { ManagerStats } from '../http/manager-stats.ts';
import type { ResponseHead } from '../http/message.ts';
import { reasonPhrase } from '../http/reason-phrase.ts';
import type { Loop } from '../net/loop.ts';
import { STRING_WRITE_BYTES, type Transport } from '../net/transport.ts';
import { lastChunk } from './chunk-framer.ts';
import { trailerLines } from './trailers.ts';

export class AnswerWriter {
  readonly #loop: Loop;
  readonly #stats: ManagerStats;
  #transport!: Transport;
  /** False for an HTTP/1.0 client, to which chunks mean nothing. */
  acceptsChunked = true;
  /** The body of this answer goes out in chunks. */
  #chunked = false;
  /** The connection closes behind this answer. */
  closeAfter = false;

  constructor(loop: Loop, stats: ManagerStats) {
    this.#loop = loop;
    this.#stats = stats;
  }

  attach(transport: Transport): void {
    this.#transport = transport;
  }

  /** The head of an endpoint's answer with the first bytes of the body, as one write while they are few. HOT. */
  head(head: ResponseHead, isHead: boolean, buffer: Buffer, start: number, end: number): void {
    // The framing comes first: it may decide that the connection closes.
    const framing = this.#frame(head, isHead);
    const lines = head.tunnel ? tunnelLine(head) : framing + this.#connectionLine();
    const { out } = this.#loop;
    const few = end - start <= STRING_WRITE_BYTES;
    head.composeResponse(out, lines, buffer, start, few ? end : start);
    this.#writeFinished();
    if (!few) this.body(buffer, start, end);
  }

  body(buffer: Buffer, start: number, end: number): void {
    if (end === start) return;
    this.#stats.cxTxBytes += end - start;
    this.#transport.writeBytes(buffer, start, end);
  }

  /** The end of an answer with trailers, which only chunks have a place for; they are dropped when not `wanted`. */
  trailers(trailers: Trailers, wanted: boolean): void {
    if (this.#chunked) this.#write(lastChunk(wanted ? trailerLines(trailers) : ''));
  }

  /** An answer made here. `headers` are whole lines besides content-length; the body is text. */
  local(status: number, headers: string, body: string, isHead: boolean): void {
    const bodyless = status === 204 || status === 304;
    const length = bodyless ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
    const head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${headers}${length}${this.#connectionLine()}\r\n`;
    this.#write(isHead || bodyless ? head : head + Buffer.from(body, 'utf8').toString('latin1'));
  }

  /** An interim (1xx) answer; HTTP/1.0 has none. */
  interim(head: ResponseHead): void {
    if (!this.acceptsChunked) return;
    head.composeResponse(this.#loop.out, '', EMPTY, 0, 0);
    this.#writeFinished();
  }

  continue(): void {
    this.#write('HTTP/1.1 100 Continue\r\n\r\n');
  }

  /** Decides how the body is delimited towards this client, as the body relay frames it; returns the line to add. */
  #frame(head: ResponseHead, isHead: boolean): string {
    this.#chunked = this.acceptsChunked && !isHead && (head.framing === 'close' || head.framing === 'chunked');
    if (this.acceptsChunked) return head.framing === 'close' && !isHead ? 'transfer-encoding: chunked\r\n' : '';
    if (head.framing === 'chunked') head.remove(TRANSFER_ENCODING);
    if (head.framing === 'chunked' || head.framing === 'close') this.closeAfter = true;
    return '';
  }

  #connectionLine(): string {
    if (this.closeAfter) return 'connection: close\r\n';
    return this.acceptsChunked ? '' : 'connection: keep-alive\r\n';
  }

  /** The message that the loop's scratch has finished. */
  #writeFinished(): void {
    const { from, start, end } = this.#loop.out;
    this.#stats.cxTxBytes += end - start;
    this.#transport.writeBytes(from, start, end);
  }

  #write(text: string): void {
    this.#stats.cxTxBytes += text.length;
    this.#transport.write(text);
  }
}

/** A tunnel has no framing, and its connection no other end; an upgrade is agreed to on every hop. */
function tunnelLine({ status }: ResponseHead): string {
  return status === 101 ? 'connection: upgrade\r\n' : '';
}

const EMPTY = Buffer.alloc(0);
const TRANSFER_ENCODING = new HeaderName('transfer-encoding');
