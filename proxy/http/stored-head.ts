/** The head of an answer whose bytes are at hand: one that was kept, or one that a configuration holds. */
import type { ByteWriter } from '../net/byte-writer.ts';
import { LocalHead } from './local-head.ts';
import type { Framing, ResponseHead } from './message.ts';
import { reasonPhrase } from './reason-phrase.ts';

export class StoredHead extends LocalHead implements ResponseHead {
  readonly tunnel = false;
  readonly framing: Framing = 'length';
  readonly contentLength: number;

  /** `lines` are whole header lines besides content-length. */
  constructor(status: number, lines: string, contentLength: number) {
    super(status, `${lines}content-length: ${contentLength}\r\n`);
    this.contentLength = contentLength;
  }

  composeResponse(out: ByteWriter, lines: string, body: Buffer, bodyStart: number, bodyEnd: number): void {
    out.reset();
    out.latin1(`HTTP/1.1 ${this.status} ${reasonPhrase(this.status)}\r\n${this.lines()}${lines}\r\n`);
    out.copy(body, bodyStart, bodyEnd);
    out.finish();
  }
}
