/**
 * What the first bytes of a TLS connection ask for (RFC 8446 section 4.1.2): server name and ALPN of the ClientHello,
 * which may come in several records and many reads. Nothing of it is believed further than for choosing a filter chain.
 */

/** What reading has come to. */
export type ClientHelloResult =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'complete'; readonly serverName: string; readonly applicationProtocols: readonly string[] };

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** A record holds at most 16 KiB of plain text (RFC 8446 section 5.1). */
const RECORD_BYTES = 16_384;
/** Largest ClientHello that is read: as in Envoy. */
export const CLIENT_HELLO_BYTES = 65_536;
const SERVER_NAME = 0;
const ALPN = 16;

const INCOMPLETE: ClientHelloResult = { kind: 'incomplete' };
const NOT_TLS: ClientHelloResult = { kind: 'not-tls' };

/** Reads the ClientHello at the start of `bytes`. */
export function readClientHello(bytes: Buffer): ClientHelloResult {
  if (bytes.length === 0) return INCOMPLETE;
  if (bytes[0] !== HANDSHAKE_RECORD || (bytes.length > 1 && bytes[1] !== 3)) return NOT_TLS;
  const message: Buffer[] = [];
  let gathered = 0;
  let needed = MESSAGE_HEADER;
  for (let at = 0; ; ) {
    if (bytes.length < at + RECORD_HEADER) return INCOMPLETE;
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== HANDSHAKE_RECORD || length === 0 || length > RECORD_BYTES) return NOT_TLS;
    const part = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    message.push(part);
    gathered += part.length;
    if (gathered >= MESSAGE_HEADER) {
      const whole = Buffer.concat(message);
      if (whole[0] !== CLIENT_HELLO) return NOT_TLS;
      needed = MESSAGE_HEADER + whole.readUIntBE(1, 3);
      if (needed > CLIENT_HELLO_BYTES) return NOT_TLS;
      if (gathered >= needed) return readMessage(new Cursor(whole.subarray(MESSAGE_HEADER, needed)));
    }
    if (part.length < length) return INCOMPLETE;
    at += RECORD_HEADER + length;
  }
}

function readMessage(hello: Cursor): ClientHelloResult {
  let serverName = '';
  let applicationProtocols: readonly string[] = [];
  hello.skip(2 + 32);
  hello.block(1);
  hello.block(2);
  hello.block(1);
  const extensions = hello.block(2);
  while (!extensions.atEnd) {
    const type = extensions.number(2);
    const data = extensions.block(2);
    if (type === SERVER_NAME) serverName = readServerName(data.block(2));
    else if (type === ALPN) applicationProtocols = readProtocols(data.block(2));
    if (extensions.broken || data.broken) return NOT_TLS;
  }
  return hello.broken ? NOT_TLS : { kind: 'complete', serverName, applicationProtocols };
}

/** The host name of the list (RFC 6066 section 3), in lower case. */
function readServerName(list: Cursor): string {
  while (!list.atEnd) {
    const type = list.number(1);
    const name = list.block(2);
    if (type === 0 && !list.broken) return name.text().toLowerCase();
  }
  return '';
}

function readProtocols(list: Cursor): readonly string[] {
  const names: string[] = [];
  while (!list.atEnd) names.push(list.block(1).text());
  return names;
}

/** Reads forward through bytes; what goes beyond the end yields nothing and marks the cursor as broken. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;
  broken = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.broken || this.#at >= this.#bytes.length;
  }

  skip(count: number): void {
    this.#take(count);
  }

  number(size: number): number {
    const bytes = this.#take(size);
    return bytes.length === size && size > 0 ? bytes.readUIntBE(0, size) : 0;
  }

  /** A block with its length in front, of `size` bytes. An absent last block is an empty one. */
  block(size: number): Cursor {
    if (this.#at === this.#bytes.length) return new Cursor(this.#bytes.subarray(this.#at));
    return new Cursor(this.#take(this.number(size)));
  }

  text(): string {
    return this.#bytes.toString('latin1');
  }

  #take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) {
      this.broken = true;
      this.#at = this.#bytes.length;
      return this.#bytes.subarray(this.#at);
    }
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }
}
