/**
 * The messages between Connect's conformance runner and what it tests: protobuf, each behind its length in four bytes.
 * Only the port in them matters here, and a field that stands twice counts as it stands last: to change it, it is
 * appended.
 */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Cuts complete messages off the front of what has come. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Messages that this piece completes, without their lengths. */
  take(piece: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readUInt32BE(0)) {
      const end = 4 + this.#rest.readUInt32BE(0);
      messages.push(this.#rest.subarray(4, end));
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}

/** The message behind its length. */
export function delimited(message: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

/** The value of a field of an integer type, 0 when it is not there. Throws for what is no protobuf. */
export function readInteger(message: Buffer, field: number): number {
  let value = 0;
  let at = 0;
  const varint = (): number => {
    let result = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('a protobuf message ends inside a number');
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
  };
  while (at < message.length) {
    const key = varint();
    const type = key % 8;
    if (type === VARINT) {
      const number = varint();
      if (key >>> 3 === field) value = number;
    } else if (type === BYTES) {
      const length = varint();
      at += length;
    } else if (type === FIXED64) at += 8;
    else if (type === FIXED32) at += 4;
    else throw new Error(`a protobuf message has a field of the unknown type ${type}`);
  }
  return value;
}

/** The message with another value for a field of an integer type. */
export function withInteger(message: Buffer, field: number, value: number): Buffer {
  return Buffer.concat([message, Buffer.from([...varintBytes(field * 8 + VARINT), ...varintBytes(value)])]);
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}
