/** A request in the text that goes to an HTTP/1.1 endpoint: head, edits, generated lines and the body that has come. */
import type { Exchange } from '../http/exchange.ts';
import type { HeaderName } from '../http/header-name.ts';
import { LocalHead } from '../http/local-head.ts';
import type { HeaderFields } from '../http/message.ts';
import type { OutgoingRequest } from '../http/outgoing-request.ts';
import type { Loop } from '../net/loop.ts';
import { setWireHeader } from './wire-edit.ts';
import { wireHeader, wireMethod, wirePath } from './wire-fields.ts';

export class Http1Outgoing implements OutgoingRequest {
  /** Latin1, a character for each byte. */
  text: string;
  trailers = '';

  constructor(text: string) {
    this.text = text;
  }

  /** The request to be sent as one write, with what has come of its body. Uses the exchange's head up. HOT. */
  static of(loop: Loop, exchange: Exchange): Http1Outgoing {
    const { head, manager, body, bodyStart, bodyEnd } = exchange;
    return new Http1Outgoing(head.composeRequest(loop.out, manager.generatedLines(exchange), body, bodyStart, bodyEnd));
  }

  get method(): string {
    return wireMethod(this.text);
  }

  get path(): string {
    return wirePath(this.text);
  }

  get authority(): string {
    return wireHeader(this.text, 'host') ?? '';
  }

  first({ name }: HeaderName): string | null {
    return wireHeader(this.text, name);
  }

  fields(): HeaderFields {
    const { text } = this;
    return new LocalHead(0, text.slice(text.indexOf('\r\n') + 2, text.indexOf('\r\n\r\n') + 2));
  }

  set(name: string, value: string): void {
    this.text = setWireHeader(this.text, name, value);
  }

  keep(buffer: Buffer, start: number, end: number): void {
    this.text += buffer.latin1Slice(start, end);
  }

  toHttp1(): string {
    return this.text;
  }

  /** Text belongs to nobody else. */
  detach(): void {}

  copy(): Http1Outgoing {
    return new Http1Outgoing(this.text);
  }
}
