/**
 * Answers of DNS as bytes: never larger than the client takes, and never larger than what an answer over UDP should be.
 */
import { type Answer as DnsRecord, encode } from 'dns-packet';
import { type Query, RCODE, type Rcode, type Refusal } from './query.ts';

/** What is answered to one question. */
export interface Answer {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** Helpful, and left out where there is no room for them. */
  readonly additionals: readonly DnsRecord[];
}

export type { DnsRecord };

/** DEFAULT: what passes every path unfragmented, as of DNS Flag Day 2020. */
export const UDP_BYTES_MAX = 1232;
const UDP_BYTES_WITHOUT_EDNS = 512;
const TCP_BYTES_MAX = 65_535;

const QR = 0x8000;
const AA = 0x0400;
const TC = 0x0200;
const RA = 0x0080;
/** Copied from the question: opcode, RD and CD. */
const COPIED = 0x7910;

/** How much an answer may hold. */
export function bytesMax({ udpBytes }: Query, transport: 'udp' | 'tcp'): number {
  if (transport === 'tcp') return TCP_BYTES_MAX;
  return udpBytes === null ? UDP_BYTES_WITHOUT_EDNS : Math.min(udpBytes, UDP_BYTES_MAX);
}

/** Whether the bytes of an answer say that it was cut. */
export function isTruncated(message: Buffer): boolean {
  return (message.readUInt16BE(2) & TC) !== 0;
}

/** The answer with the question as it was asked. What does not fit is left out: additionals in silence, answers with TC. */
export function encodeAnswer(query: Query, answer: Answer, limit: number, recursionAvailable: boolean): Buffer {
  const write = (answers: readonly DnsRecord[], additionals: readonly DnsRecord[], truncated: boolean) =>
    withQuestion(query, answer, recursionAvailable, truncated, answers, additionals);
  const whole = write(answer.answers, answer.additionals, false);
  if (whole.length <= limit) return whole;
  const required = write(answer.answers, [], false);
  if (required.length <= limit) return required;
  for (let count = answer.answers.length - 1; count > 0; count--) {
    const part = write(answer.answers.slice(0, count), [], true);
    if (part.length <= limit) return part;
  }
  return write([], [], true);
}

/** An answer without records that makes the client ask again over TCP. */
export function encodeTruncated(query: Query, recursionAvailable: boolean): Buffer {
  const nothing = { rcode: 'NOERROR', authoritative: false, answers: [], authorities: [], additionals: [] } as const;
  return withQuestion(query, nothing, recursionAvailable, true, [], []);
}

/** A header and nothing else; with OPT where the code needs it. */
export function encodeRefusal({ id, opcode, rcode }: Refusal): Buffer {
  const extended = RCODE[rcode] > 15;
  const message = encode({
    id,
    type: 'response',
    flags: (opcode << 11) | (RCODE[rcode] & 15),
    additionals: extended ? [opt(RCODE[rcode] >> 4)] : [],
  });
  // The library knows no opcode but those of its table.
  message.writeUInt16BE(QR | (opcode << 11) | (RCODE[rcode] & 15), 2);
  return message;
}

function withQuestion(
  { message, id, questionEnd, udpBytes }: Query,
  { rcode, authoritative, authorities }: Answer,
  recursionAvailable: boolean,
  truncated: boolean,
  answers: readonly DnsRecord[],
  additionals: readonly DnsRecord[],
): Buffer {
  const flags =
    QR |
    (message.readUInt16BE(2) & COPIED) |
    (authoritative ? AA : 0) |
    (truncated ? TC : 0) |
    (recursionAvailable ? RA : 0) |
    RCODE[rcode];
  const rest = encode({
    id,
    type: 'response',
    answers: [...answers],
    authorities: truncated ? [] : [...authorities],
    additionals: [...additionals, ...(udpBytes === null ? [] : [opt(0)])],
  });
  rest.writeUInt16BE(flags, 2);
  rest.writeUInt16BE(1, 4);
  // Names are written out, none points anywhere: the question can be put in between, byte for byte.
  return Buffer.concat([rest.subarray(0, 12), message.subarray(12, questionEnd), rest.subarray(12)]);
}

function opt(extendedRcode: number): DnsRecord {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_BYTES_MAX,
    extendedRcode,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}
