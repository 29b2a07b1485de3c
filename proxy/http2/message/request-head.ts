/** The head of a request that came over HTTP/2. It owns what it holds, so that it outlives the turn by itself. */
import { nodeCrypto } from '../../../kernel/lazy-crypto.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { Framing, RequestHead } from '../../http/message.ts';
import { TRAIT_CONNECT } from '../../http/request-traits.ts';
import type { ByteWriter } from '../../net/byte-writer.ts';
import { type Field, KIND } from '../hpack/field.ts';
import { FieldList } from './field-list.ts';

const WEBSOCKET_KEY = new HeaderName('sec-websocket-key');

/** What the pseudo-header fields of a request said (RFC 9113 section 8.3.1, RFC 8441 section 4). */
export interface RequestPseudo {
  readonly method: Field;
  /** Null for a plain CONNECT. */
  readonly scheme: Field | null;
  readonly authority: string;
  /** Null where a Host field told it. */
  readonly authorityField: Field | null;
  /** Null for a plain CONNECT. */
  readonly path: Field | null;
  /** Of an extended CONNECT. */
  readonly protocol: Field | null;
}

export class Http2RequestHead extends FieldList implements RequestHead {
  readonly method: string;
  readonly isHead: boolean;
  readonly traits: number;
  readonly upgradeValue: string;
  readonly framing: Framing;
  /** Content-Length, or -1. */
  readonly contentLength: number;
  readonly pseudo: RequestPseudo;
  path: string;
  authority: string;

  /** An extended CONNECT is shown as what it is in HTTP/1.1: a GET that wants to upgrade. */
  constructor(pseudo: RequestPseudo, lines: Field[], traits: number, framing: Framing, contentLength: number) {
    super(lines);
    const { method, protocol, path, authority } = pseudo;
    this.pseudo = pseudo;
    this.method = protocol === null ? method.value : 'GET';
    this.isHead = method.value === 'HEAD';
    this.traits = traits;
    this.upgradeValue = protocol === null ? '' : protocol.value;
    this.framing = framing;
    this.contentLength = contentLength;
    this.path = path === null ? '/' : path.value;
    this.authority = authority;
  }

  setPath(path: string): void {
    this.path = path;
  }

  setAuthority(authority: string): void {
    this.authority = authority;
  }

  /** Nothing is dropped that could be wanted again. */
  restore(): void {}

  detach(): Http2RequestHead {
    return this;
  }

  composeRequest(out: ByteWriter, generated: Uint8Array, body: Buffer, bodyStart: number, bodyEnd: number): string {
    const { authority, method, upgradeValue } = this;
    const target = (this.traits & TRAIT_CONNECT) !== 0 ? authority : this.path;
    if (upgradeValue === 'websocket' && this.first(WEBSOCKET_KEY) === null)
      this.add(WEBSOCKET_KEY.name, nodeCrypto().randomBytes(16).toString('base64'));
    out.reset();
    // TE is of one hop: where trailers pass it is said anew.
    out.latin1(
      `${method} ${target} HTTP/1.1\r\nhost: ${authority}\r\n${this.textWithout(KIND.te)}${this.#framingLine()}`,
    );
    out.bytes(generated);
    out.latin1('\r\n');
    out.copy(body, bodyStart, bodyEnd);
    return out.take();
  }

  /** A body without a length goes out in chunks; no body is said where one would be expected (RFC 9110 section 8.6). */
  #framingLine(): string {
    const { framing, method, contentLength } = this;
    if (framing === 'close') return 'transfer-encoding: chunked\r\n';
    const expected = method === 'POST' || method === 'PUT' || method === 'PATCH';
    return framing === 'none' && expected && contentLength < 0 ? 'content-length: 0\r\n' : '';
  }
}
