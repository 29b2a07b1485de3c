/**
 * xxHash64 (Yann Collet, "xxHash fast digest algorithm", version 0.1.1), which Envoy hashes with as well: keys and hosts
 * get the same places here and there. In pairs of 32 bits: a BigInt costs twenty times as much. HOT.
 */

/** 64 bits, as two unsigned halves. */
export interface Hash64 {
  readonly hi: number;
  readonly lo: number;
}

const P1_HI = 0x9e3779b1 | 0;
const P1_LO = 0x85ebca87 | 0;
const P2_HI = 0xc2b2ae3d | 0;
const P2_LO = 0x27d4eb4f;
const P3_HI = 0x165667b1;
const P3_LO = 0x9e3779f9 | 0;
const P4_HI = 0x85ebca77 | 0;
const P4_LO = 0xc2b2ae63 | 0;
const P5_HI = 0x27d4eb2f;
const P5_LO = 0x165667c5;

/** Hashes one text after another; `hi` and `lo` hold the last result. */
export class XxHash64 implements Hash64 {
  // Signed while the work goes on: V8 keeps such numbers unboxed.
  #hi = 0;
  #lo = 0;
  /** The four lanes of a text of 32 bytes or more: high half, low half, and so on. */
  readonly #lanes = new Int32Array(8);

  get hi(): number {
    return this.#hi >>> 0;
  }

  get lo(): number {
    return this.#lo >>> 0;
  }

  /** The hash of a latin1 text, one byte a character, with a seed. */
  of(text: string, seedHi = 0, seedLo = 0): this {
    const { length } = text;
    let at = 0;
    if (length >= 32) at = this.#stripes(text, seedHi, seedLo);
    else {
      this.#set(seedHi, seedLo);
      this.#add(P5_HI, P5_LO);
    }
    this.#add(0, length);
    for (; at + 8 <= length; at += 8) {
      const hi = this.#hi;
      const lo = this.#lo;
      this.#set(0, 0);
      this.#round(word(text, at + 4), word(text, at));
      this.#set(this.#hi ^ hi, this.#lo ^ lo);
      this.#rotate(27);
      this.#multiply(P1_HI, P1_LO);
      this.#add(P4_HI, P4_LO);
    }
    if (at + 4 <= length) {
      this.#xorProduct(word(text, at), P1_HI, P1_LO);
      this.#rotate(23);
      this.#multiply(P2_HI, P2_LO);
      this.#add(P3_HI, P3_LO);
      at += 4;
    }
    for (; at < length; at++) {
      this.#xorProduct(text.charCodeAt(at), P5_HI, P5_LO);
      this.#rotate(11);
      this.#multiply(P1_HI, P1_LO);
    }
    return this.#avalanche();
  }

  /** All whole stripes of 32 bytes; returns where they end. */
  #stripes(text: string, seedHi: number, seedLo: number): number {
    const lanes = this.#lanes;
    this.#set(seedHi, seedLo);
    this.#keep(2);
    this.#keep(4);
    this.#add(P2_HI, P2_LO);
    this.#keep(2);
    this.#add(P1_HI, P1_LO);
    this.#keep(0);
    // Minus P1: plus its two's complement.
    this.#set(seedHi, seedLo);
    this.#add(~P1_HI, ~P1_LO);
    this.#add(0, 1);
    this.#keep(6);
    let at = 0;
    for (; at + 32 <= text.length; at += 32) {
      for (let lane = 0; lane < 8; lane += 2) {
        this.#set(lanes[lane]!, lanes[lane + 1]!);
        this.#round(word(text, at + lane * 4 + 4), word(text, at + lane * 4));
        this.#keep(lane);
      }
    }
    this.#mergeLanes();
    return at;
  }

  #mergeLanes(): void {
    const lanes = this.#lanes;
    let sumHi = 0;
    let sumLo = 0;
    for (let lane = 0; lane < 8; lane += 2) {
      this.#set(lanes[lane]!, lanes[lane + 1]!);
      this.#rotate(lane === 0 ? 1 : lane === 2 ? 7 : lane === 4 ? 12 : 18);
      this.#add(sumHi, sumLo);
      sumHi = this.#hi;
      sumLo = this.#lo;
    }
    for (let lane = 0; lane < 8; lane += 2) {
      this.#set(0, 0);
      this.#round(lanes[lane]!, lanes[lane + 1]!);
      this.#set(this.#hi ^ sumHi, this.#lo ^ sumLo);
      this.#multiply(P1_HI, P1_LO);
      this.#add(P4_HI, P4_LO);
      sumHi = this.#hi;
      sumLo = this.#lo;
    }
  }

  #round(hi: number, lo: number): void {
    const beforeHi = this.#hi;
    const beforeLo = this.#lo;
    this.#set(hi, lo);
    this.#multiply(P2_HI, P2_LO);
    this.#add(beforeHi, beforeLo);
    this.#rotate(31);
    this.#multiply(P1_HI, P1_LO);
  }

  #xorProduct(factor: number, hi: number, lo: number): void {
    const beforeHi = this.#hi;
    const beforeLo = this.#lo;
    this.#set(0, factor);
    this.#multiply(hi, lo);
    this.#set(this.#hi ^ beforeHi, this.#lo ^ beforeLo);
  }

  #avalanche(): this {
    this.#set(this.#hi, this.#lo ^ (this.#hi >>> 1));
    this.#multiply(P2_HI, P2_LO);
    this.#set(this.#hi ^ (this.#hi >>> 29), this.#lo ^ ((this.#lo >>> 29) | (this.#hi << 3)));
    this.#multiply(P3_HI, P3_LO);
    this.#lo ^= this.#hi;
    return this;
  }

  #keep(lane: number): void {
    this.#lanes[lane] = this.#hi;
    this.#lanes[lane + 1] = this.#lo;
  }

  #set(hi: number, lo: number): void {
    this.#hi = hi | 0;
    this.#lo = lo | 0;
  }

  #add(hi: number, lo: number): void {
    const sum = (this.#lo + lo) | 0;
    const carry = sum >>> 0 < lo >>> 0 ? 1 : 0;
    this.#lo = sum;
    this.#hi = (this.#hi + hi + carry) | 0;
  }

  /** To the left by less than 32 bits. */
  #rotate(bits: number): void {
    const hi = this.#hi;
    const lo = this.#lo;
    this.#hi = (hi << bits) | (lo >>> (32 - bits));
    this.#lo = (lo << bits) | (hi >>> (32 - bits));
  }

  /** Modulo 2^64; the low halves in 16 bits by 16 (Hacker's Delight, "mulhu"). */
  #multiply(hi: number, lo: number): void {
    const a0 = this.#lo & 0xffff;
    const a1 = this.#lo >>> 16;
    const b0 = lo & 0xffff;
    const b1 = lo >>> 16;
    const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
    const other = (Math.imul(a0, b1) + (middle & 0xffff)) | 0;
    const high = (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0;
    this.#hi = (high + Math.imul(this.#lo, hi) + Math.imul(this.#hi, lo)) | 0;
    this.#lo = Math.imul(this.#lo, lo);
  }
}

/** Four bytes, the first one lowest. */
function word(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

/** The bytes of a text of the configuration, as the latin1 text that is hashed. */
export function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
