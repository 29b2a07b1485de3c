/** A request in the fields that go to an HTTP/2 endpoint, and what is kept of its body. */
import type { Exchange } from '../../http/exchange.ts';
import type { HeaderName } from '../../http/header-name.ts';
import { LocalHead } from '../../http/local-head.ts';
import type { HeaderFields } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import { TRAIT_TAKES_TRAILERS } from '../../http/request-traits.ts';
import { type Field, KIND } from '../hpack/field.ts';
import type { FieldCollector } from './field-collector.ts';
import { Http2RequestHead } from './request-head.ts';

const EMPTY = Buffer.alloc(0);
const NAMES: Readonly<Record<string, string>> = { host: ':authority' };

export class Http2Outgoing implements OutgoingRequest {
  readonly #collector: FieldCollector;
  /** Pseudo-header fields first. */
  list: Field[];
  trailers = '';
  /** The first bytes of the body, and what was kept behind them. */
  body: Buffer;
  bodyStart: number;
  bodyEnd: number;
  #more: Buffer[] | null = null;

  constructor(collector: FieldCollector, fields: Field[], body: Buffer, bodyStart: number, bodyEnd: number) {
    this.#collector = collector;
    this.list = fields;
    this.body = body;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
  }

  /** The request to be sent, with what has come of its body. Uses the exchange's head up. HOT. */
  static of(collector: FieldCollector, exchange: Exchange): Http2Outgoing {
    const { head, manager, body, bodyStart, bodyEnd } = exchange;
    const { table } = collector;
    const own = head instanceof Http2RequestHead ? head : null;
    const { upgrade } = exchange;
    collector.start();
    if (own !== null && own.pseudo.protocol === null) collector.push(own.pseudo.method);
    else collector.push(table.intern(':method', upgrade === '' ? head.method : 'CONNECT'));
    if (upgrade !== 'connect') {
      collector.push(own?.pseudo.scheme ?? table.intern(':scheme', manager.scheme));
      const path = own?.pseudo.path ?? null;
      collector.push(path !== null && path.value === head.path ? path : table.intern(':path', head.path));
    }
    const authority = own?.pseudo.authorityField ?? null;
    if (authority !== null && authority.value === head.authority) collector.push(authority);
    else if (head.authority !== '') collector.push(table.intern(':authority', head.authority));
    if (upgrade !== '' && upgrade !== 'connect') collector.push(table.intern(':protocol', head.upgradeValue));
    collector.head(head);
    // Where it came over HTTP/1.1 the field was of that hop alone.
    if (own === null && (head.traits & TRAIT_TAKES_TRAILERS) !== 0) collector.push(table.intern('te', 'trailers'));
    manager.eachGenerated(exchange, collector);
    const outgoing = new Http2Outgoing(collector, collector.take(), body, bodyStart, bodyEnd);
    if (exchange.requestDone) outgoing.trailers = exchange.trailers;
    return outgoing;
  }

  /** One that was put together as HTTP/1.1 text, whose kept body is left out. COLD. */
  static ofText(collector: FieldCollector, request: OutgoingRequest, scheme: string): Http2Outgoing {
    const { table } = collector;
    collector.start();
    collector.push(table.intern(':method', request.method));
    collector.push(table.intern(':scheme', scheme));
    collector.push(table.intern(':path', request.path));
    collector.push(table.intern(':authority', request.authority));
    request.fields().eachLine(collector);
    const outgoing = new Http2Outgoing(collector, collector.take(), EMPTY, 0, 0);
    outgoing.trailers = request.trailers;
    return outgoing;
  }

  get method(): string {
    return this.#pseudo(':method');
  }

  get path(): string {
    return this.#pseudo(':path');
  }

  get authority(): string {
    return this.#pseudo(':authority');
  }

  #pseudo(name: string): string {
    return this.list.find((field) => field.name === name)?.value ?? '';
  }

  first({ name }: HeaderName): string | null {
    for (const field of this.list) if (field.name === name) return field.value;
    return null;
  }

  fields(): HeaderFields {
    return new LocalHead(
      0,
      this.list
        .filter(({ kind }) => kind === KIND.plain || kind > KIND.unknownPseudo)
        .map((each) => each.line)
        .join(''),
    );
  }

  set(name: string, value: string): void {
    const actual = NAMES[name] ?? name;
    const field = this.#collector.table.intern(actual, value);
    const at = this.list.findIndex((each) => each.name === actual);
    if (at >= 0) this.list = this.list.filter((each, i) => each.name !== actual || i === at).with(at, field);
    else this.list.push(field);
  }

  keep(buffer: Buffer, start: number, end: number): void {
    if (end === start) return;
    this.#more ??= [];
    this.#more.push(Buffer.from(buffer.subarray(start, end)));
  }

  detach(): void {
    if (this.bodyEnd > this.bodyStart) this.#own();
  }

  #own(): void {
    this.body = Buffer.from(this.body.subarray(this.bodyStart, this.bodyEnd));
    this.bodyStart = 0;
    this.bodyEnd = this.body.length;
  }

  /** Everything of the body that is kept, as one stretch from `bodyStart` to `bodyEnd`. */
  joinBody(): void {
    const more = this.#more;
    if (more === null) return;
    this.#more = null;
    this.body = Buffer.concat([this.body.subarray(this.bodyStart, this.bodyEnd), ...more]);
    this.bodyStart = 0;
    this.bodyEnd = this.body.length;
  }

  copy(): Http2Outgoing {
    this.joinBody();
    const copy = new Http2Outgoing(this.#collector, [...this.list], this.body, this.bodyStart, this.bodyEnd);
    copy.#own();
    copy.trailers = this.trailers;
    return copy;
  }

  /** Complete requests only: their body goes into one chunk when it has no length. */
  toHttp1(): string {
    this.joinBody();
    const lines = this.list.filter(({ kind }) => kind === KIND.plain || kind > KIND.host);
    const body = this.body.latin1Slice(this.bodyStart, this.bodyEnd);
    const framed = lines.some(({ kind }) => kind === KIND.contentLength) || body === '';
    const head = `${this.method} ${this.path} HTTP/1.1\r\nhost: ${this.authority}\r\n${lines.map((each) => each.line).join('')}`;
    if (framed) return `${head}\r\n${body}`;
    return `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  }
}
