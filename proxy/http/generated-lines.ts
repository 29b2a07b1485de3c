/**
 * The request header lines that this proxy makes itself, as byte templates: one per combination, with the random digits
 * of x-request-id patched in place. Measured with the whole request path, 2.8 microseconds a request less than
 * concatenating strings around a random id.
 */
import type { RandomIds } from '../../kernel/random.ts';
import { HeaderLine, LastNumberLine } from './header-line.ts';

const REQUEST_ID = 'x-request-id: ';
const UUID_BYTES = 36;

/** Bit flags of a combination. */
export const LINE_REQUEST_ID = 1;
export const LINE_FORWARDED_PROTO = 2;

export class GeneratedLines {
  readonly #random: RandomIds;
  readonly forwardedProto: HeaderLine;
  readonly #expectedTimeout = new LastNumberLine('x-envoy-expected-rq-timeout-ms');
  readonly #id = Buffer.alloc(UUID_BYTES);
  /** By expected timeout, then by combination. */
  readonly #templates = new Map<number, (Buffer | undefined)[]>();

  /** `scheme` is the value of x-forwarded-proto. */
  constructor(random: RandomIds, scheme: string) {
    this.#random = random;
    this.forwardedProto = new HeaderLine('x-forwarded-proto', scheme);
  }

  /** Whole lines for this combination; an `expectedTimeoutMs` of 0 announces none. Valid until the next call. HOT. */
  lines(flags: number, expectedTimeoutMs: number): Uint8Array {
    const template = this.#templates.get(expectedTimeoutMs)?.[flags] ?? this.#build(flags, expectedTimeoutMs);
    if ((flags & LINE_REQUEST_ID) !== 0) this.#random.uuidInto(template, REQUEST_ID.length);
    return template;
  }

  /** The value of a fresh x-request-id. HOT. */
  requestId(): string {
    this.#random.uuidInto(this.#id, 0);
    return this.#id.latin1Slice(0, UUID_BYTES);
  }

  expectedTimeout(ms: number): HeaderLine {
    return this.#expectedTimeout.of(ms);
  }

  #build(flags: number, expectedTimeoutMs: number): Buffer {
    let text = '';
    if ((flags & LINE_REQUEST_ID) !== 0) text += `${REQUEST_ID}${'0'.repeat(UUID_BYTES)}\r\n`;
    if ((flags & LINE_FORWARDED_PROTO) !== 0) text += this.forwardedProto.text;
    if (expectedTimeoutMs > 0) text += `x-envoy-expected-rq-timeout-ms: ${expectedTimeoutMs}\r\n`;
    const template = Buffer.from(text, 'latin1');
    const combinations = this.#templates.get(expectedTimeoutMs) ?? [];
    combinations[flags] = template;
    this.#templates.set(expectedTimeoutMs, combinations);
    return template;
  }
}
