/** The head of an answer that came over HTTP/2. */
import type { Framing, ResponseHead } from '../../http/message.ts';
import { reasonPhrase } from '../../http/reason-phrase.ts';
import type { ByteWriter } from '../../net/byte-writer.ts';
import { type Field, KIND } from '../hpack/field.ts';
import { FieldList } from './field-list.ts';

export class Http2ResponseHead extends FieldList implements ResponseHead {
  /** That of the field, but 101 where an extended CONNECT was agreed to. */
  readonly status: number;
  readonly tunnel: boolean;
  readonly framing: Framing;
  readonly contentLength: number;
  /** It has no body because of what was asked, so that its length would not be missed. */
  readonly #lengthless: boolean;

  constructor(
    status: number,
    lines: Field[],
    framing: Framing,
    contentLength: number,
    tunnel: boolean,
    lengthless: boolean,
  ) {
    super(lines);
    this.status = status;
    this.framing = framing;
    this.contentLength = contentLength;
    this.tunnel = tunnel;
    this.#lengthless = lengthless;
  }

  composeResponse(out: ByteWriter, lines: string, body: Buffer, bodyStart: number, bodyEnd: number): void {
    const { status } = this;
    out.reset();
    out.latin1(
      `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${this.textWithout(KIND.te)}${this.#lengthLine()}${lines}\r\n`,
    );
    out.copy(body, bodyStart, bodyEnd);
    out.finish();
  }

  /** The end of a stream says that there is no body; HTTP/1.1 says it by a length. */
  #lengthLine(): string {
    const { framing, contentLength, status } = this;
    const missing = framing === 'none' && contentLength < 0 && !this.#lengthless && status >= 200;
    return missing && status !== 204 && status !== 304 ? 'content-length: 0\r\n' : '';
  }
}
