/**
 * FNV-1a over text, 64 bits (Fowler, Noll and Vo; RFC 9923): tells changed contents from equal ones. Not for secrets, nor
 * against somebody who makes contents collide on purpose.
 */

/** The prime is 2^40 + 0x1b3. */
const PRIME_LOW = 0x1b3;

export class ContentHash {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  /** Adds text, UTF-16 unit by unit, each as its two bytes. */
  update(text: string): this {
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      for (let shift = 0; shift < 16; shift += 8) {
        low ^= (unit >>> shift) & 0xff;
        // (high, low) * prime modulo 2^64: the product of the low words does not fit 53 bits at once.
        const lowProduct = (low >>> 0) * PRIME_LOW;
        high = (Math.imul(high, PRIME_LOW) + (low << 8) + Math.floor(lowProduct / 0x1_0000_0000)) >>> 0;
        low = lowProduct >>> 0;
      }
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** 16 lower-case hexadecimal digits. */
  digest(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
