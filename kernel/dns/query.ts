/**
 * A question of DNS as a server has to see it (RFC 1035, section 4; EDNS(0): RFC 6891).
 *
 *   bytes ──► drop       no question at all, or an answer: who sent it wants none
 *         ├─► Refusal    not to be understood, or not to be done: answered by a code alone
 *         └─► Query
 */
import { type DecodedPacket, decode } from 'dns-packet';

/** RCODEs (RFC 1035, section 4.1.1; 16: RFC 6891). */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
/** The name of one. */
export type Rcode = keyof typeof RCODE;

/** A question that can be answered. */
export interface Query {
  readonly kind: 'query';
  /** All of the message as it came. */
  readonly message: Buffer;
  readonly id: number;
  /** Lower case, without the last dot; empty for the root. */
  readonly name: string;
  /** `A`, `AAAA`, `SRV`; `UNKNOWN_n` for what has no name here. */
  readonly type: string;
  /** The end of the question in `message`, which begins at 12. */
  readonly questionEnd: number;
  readonly recursionDesired: boolean;
  /** What the client takes over UDP, at least 512; null when it does not speak EDNS. */
  readonly udpBytes: number | null;
}

/** What is answered without looking at its question. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly id: number;
  readonly opcode: number;
  readonly rcode: Rcode;
}

const HEADER_BYTES = 12;
const QR = 0x8000;
const RD = 0x0100;
const UDP_BYTES_MIN = 512;
const IN = 1;
const ANY_CLASS = 255;

/** Reads a message; undefined is to be dropped. Never throws. */
export function readQuery(message: Buffer): Query | Refusal | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & QR) !== 0) return undefined;
  const id = message.readUInt16BE(0);
  const opcode = (flags >> 11) & 15;
  const refusal = (rcode: Rcode): Refusal => ({ kind: 'refusal', id, opcode, rcode });
  if (opcode !== 0) return refusal('NOTIMP');
  // Nothing asks two questions, and what asks none wants nothing.
  if (message.readUInt16BE(4) !== 1 || message.readUInt16BE(6) !== 0) return refusal('FORMERR');
  const questionEnd = endOfQuestion(message);
  const packet = questionEnd === undefined ? undefined : decoded(message);
  if (questionEnd === undefined || packet === undefined) return refusal('FORMERR');
  const questionClass = message.readUInt16BE(questionEnd - 2);
  if (questionClass !== IN && questionClass !== ANY_CLASS) return refusal('REFUSED');
  const opts = (packet.additionals ?? []).filter((each) => each.type === 'OPT');
  const [opt] = opts;
  if (opts.length > 1 || (opt !== undefined && opt.name !== '.')) return refusal('FORMERR');
  if (opt !== undefined && opt.ednsVersion !== 0) return refusal('BADVERS');
  return {
    kind: 'query',
    message,
    id,
    name: nameOf(message, questionEnd),
    type: packet.questions![0]!.type,
    questionEnd,
    recursionDesired: (flags & RD) !== 0,
    udpBytes: opt === undefined ? null : Math.max(UDP_BYTES_MIN, opt.udpPayloadSize),
  };
}

function decoded(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

/** A question stands first, so that its name has nothing to point back to. */
function endOfQuestion(message: Buffer): number | undefined {
  let at = HEADER_BYTES;
  for (let length = message[at]; length !== 0; length = message[at]) {
    if (length === undefined || length > 63) return undefined;
    at += length + 1;
  }
  const end = at + 5;
  return end <= message.length && at - HEADER_BYTES <= 254 ? end : undefined;
}

/** Dots and control characters inside of labels are written as `\DDD` (RFC 1035, section 5.1): they equal no name of ours. */
function nameOf(message: Buffer, questionEnd: number): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; at < questionEnd - 5; at += message[at]! + 1) {
    const label = message.latin1Slice(at + 1, at + 1 + message[at]!);
    labels.push(
      label.toLowerCase().replace(/[^!-~]|\.|\\/g, (odd) => `\\${String(odd.charCodeAt(0)).padStart(3, '0')}`),
    );
  }
  return labels.join('.');
}
