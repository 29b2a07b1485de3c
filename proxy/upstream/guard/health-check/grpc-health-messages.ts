/** The two messages of grpc.health.v1.Health/Check on the wire, framed for gRPC. PURE. github.com/grpc/grpc, doc/health-checking.md. */

/** HealthCheckResponse.ServingStatus. */
export const SERVING = 1;

/** Uncompressed flag and length. */
const FRAME_BYTES = 5;
const SERVICE_TAG = 0x0a;
const STATUS_FIELD = 1;

/** HealthCheckRequest: field 1 is the name of the service, left out when empty. */
export function encodeCheckRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([SERVICE_TAG, ...varint(name.length)]), name]);
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** Field 1 of the one HealthCheckResponse; 0 (UNKNOWN) when it is left out, -1 when there is no such message. */
export function decodeServingStatus(answer: Buffer): number {
  const isWhole = answer.length >= FRAME_BYTES && answer.readUInt32BE(1) === answer.length - FRAME_BYTES;
  if (!isWhole || answer[0] !== 0) return -1;
  let status = 0;
  for (const reader = new Reader(answer, FRAME_BYTES); reader.at < answer.length; ) {
    const tag = reader.varint();
    const isStatus = tag >>> 3 === STATUS_FIELD && (tag & 7) === 0;
    const value = isStatus ? reader.varint() : 0;
    if (!isStatus) reader.skip(tag & 7);
    if (reader.broken) return -1;
    if (isStatus) status = value;
  }
  return status;
}

class Reader {
  readonly #bytes: Buffer;
  at: number;
  broken = false;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    this.broken = true;
    return 0;
  }

  /** Passes over a field of that wire type. */
  skip(wireType: number): void {
    switch (wireType) {
      case 0:
        this.varint();
        return;
      case 1:
        this.at += 8;
        break;
      case 2: {
        const length = this.varint();
        this.at += length;
        break;
      }
      case 5:
        this.at += 4;
        break;
      default:
        this.broken = true;
    }
    if (this.at > this.#bytes.length) this.broken = true;
  }
}
