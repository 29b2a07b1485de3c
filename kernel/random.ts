/**
 * Randomness, handed in like the clock: a seed replays a run.
 *
 * Not for secrets. Who sees outputs can compute the next ones; request and trace identifiers, jitter and picks need no
 * more. Keys and tokens come from node:crypto.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { nodeCrypto } from './lazy-crypto.ts';

/** A source of uniformly distributed numbers. */
export interface Random {
  /** A number in [0, 1), with 32 random bits. */
  next(): number;
  /** A whole number in [0, 2^32). */
  uint32(): number;
}

/** A Random that also writes identifiers into buffers, in place. */
export interface RandomIds extends Random {
  /** Writes `digits` random lower-case hex digits as ASCII at `offset`. Hot path: no allocation. */
  hexInto(buffer: Uint8Array, offset: number, digits: number): void;
  /** Writes a UUID version 4 (RFC 9562, section 5.4), 36 ASCII bytes with dashes, at `offset`. Hot path: no allocation. */
  uuidInto(buffer: Uint8Array, offset: number): void;
}

/** 128 bits of state for SeededRandom: four words, not all zero. */
export type Seed = Uint32Array;

/** A seed that nobody can guess, from the system's source. */
export function systemSeed(): Seed {
  const seed = new Uint32Array(4);
  try {
    const device = openSync('/dev/urandom', 'r');
    readSync(device, seed);
    closeSync(device);
  } catch {
    // A system without that device.
    nodeCrypto().getRandomValues(seed);
  }
  return seed;
}

const HEX_DIGITS = new Uint8Array(Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0)));
const DASH = 0x2d;
const VERSION_4 = 0x34;

/** xoshiro128** 1.1 (Blackman and Vigna, 2018): period 2^128 - 1, a few nanoseconds a number. */
export class SeededRandom implements RandomIds {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** From four words, or from one number, which is stretched to four (splitmix32). */
  constructor(seed: Seed | number) {
    const [a = 0, b = 0, c = 0, d = 0] = typeof seed === 'number' ? stretch(seed) : seed;
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
    // All zero is the one state that the generator never leaves.
    if ((a | b | c | d) === 0) this.#a = 1;
  }

  next(): number {
    return this.uint32() / 2 ** 32;
  }

  uint32(): number {
    return this.#int32() >>> 0;
  }

  hexInto(buffer: Uint8Array, offset: number, digits: number): void {
    let bits = 0;
    for (let i = 0; i < digits; i++) {
      if ((i & 7) === 0) bits = this.#int32();
      buffer[offset + i] = HEX_DIGITS[bits & 15]!;
      bits >>>= 4;
    }
  }

  uuidInto(buffer: Uint8Array, offset: number): void {
    this.hexInto(buffer, offset, 36);
    buffer[offset + 8] = DASH;
    buffer[offset + 13] = DASH;
    buffer[offset + 14] = VERSION_4;
    buffer[offset + 18] = DASH;
    buffer[offset + 19] = HEX_DIGITS[8 | (this.#int32() & 3)]!;
    buffer[offset + 23] = DASH;
  }

  #int32(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }
}

function stretch(seed: number): Seed {
  let state = seed | 0;
  return Uint32Array.from({ length: 4 }, () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  });
}
