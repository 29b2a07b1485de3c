/**
 * HTTP/2 frames as a hostile peer writes them: every rule of RFC 9113 and RFC 7541 can be broken on purpose. The numbers
 * are written down here again, so that a test does not share a mistake with what it tests.
 */

/** Frame types (RFC 9113 section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; some mean different things in different frames. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Settings (RFC 9113 section 6.5.2). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Error codes by number (RFC 9113 section 7). */
export const ERROR_NAMES: readonly string[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** A name or value of bytes 0 to 255. */
export type FieldLine = readonly [name: string, value: string];

const NOTHING: Buffer = Buffer.alloc(0);

/** Any frame. `length` may lie about the payload; by default it is the payload's own. */
export function frame(type: number, flags: number, stream: number, payload = NOTHING, length = payload.length): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length);
  bytes.writeUIntBE(length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream >>> 0, 5);
  payload.copy(bytes, 9);
  return bytes;
}

export function data(stream: number, payload: Buffer, flags = 0): Buffer {
  return frame(FRAME.data, flags, stream, payload);
}

/** HEADERS with a whole header block, of field lines or as its bytes. */
export function headers(stream: number, block: readonly FieldLine[] | Buffer, flags = 0): Buffer {
  const payload = Buffer.isBuffer(block) ? block : literals(block);
  return frame(FRAME.headers, flags | FLAG.endHeaders, stream, payload);
}

/** A request without a body that is complete. */
export function get(stream: number, path = '/', more: readonly FieldLine[] = []): Buffer {
  return headers(stream, requestFields('GET', path, more), FLAG.endStream);
}

/** Pseudo-header fields, and what follows them. */
export function requestFields(method: string, path: string, more: readonly FieldLine[] = []): FieldLine[] {
  return [[':method', method], [':scheme', 'http'], [':authority', 'a.test'], [':path', path], ...more];
}

export function priority(stream: number, dependsOn: number, weight = 15, exclusive = false): Buffer {
  return frame(FRAME.priority, 0, stream, Buffer.concat([uint32(dependsOn + (exclusive ? 2 ** 31 : 0)), byte(weight)]));
}

export function rstStream(stream: number, code: number): Buffer {
  return frame(FRAME.rstStream, 0, stream, uint32(code));
}

export function settings(pairs: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value >>> 0, index * 6 + 2);
  }
  return frame(FRAME.settings, 0, 0, payload);
}

export function settingsAck(): Buffer {
  return frame(FRAME.settings, FLAG.ack, 0);
}

export function ping(payload = Buffer.from('12345678'), flags = 0): Buffer {
  return frame(FRAME.ping, flags, 0, payload);
}

export function goaway(lastStream: number, code: number): Buffer {
  return frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(lastStream), uint32(code)]));
}

export function windowUpdate(stream: number, increment: number): Buffer {
  return frame(FRAME.windowUpdate, 0, stream, uint32(increment));
}

export function continuation(stream: number, payload: Buffer, flags = 0): Buffer {
  return frame(FRAME.continuation, flags, stream, payload);
}

/** Field lines as HPACK literals that are not indexed, nothing compressed. */
export function literals(fields: readonly FieldLine[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [byte(0), text(name), text(value)]));
}

/** A literal that goes into the receiver's dynamic table; it is index 62 until the next one. */
export function indexedLiteral(name: string, value: string): Buffer {
  return Buffer.concat([byte(0x40), text(name), text(value)]);
}

/** A reference to an entry of the static (1 to 61) or dynamic table. */
export function indexed(index: number): Buffer {
  return integer(index, 7, 0x80);
}

/** An HPACK integer behind the bits that `first` sets. */
export function integer(value: number, prefixBits: number, first: number): Buffer {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) return byte(first | value);
  const bytes = [first | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** An HPACK string, not Huffman-coded. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

function byte(value: number): Buffer {
  return Buffer.from([value]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
