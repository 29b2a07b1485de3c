/**
 * The Huffman code of HPACK (RFC 7541 section 5.2, Appendix B), decoding only. Our encoder writes plain strings, which
 * the RFC leaves to the sender: on a loop-back or in-cluster link the bytes saved, about a quarter of each string that is
 * not indexed anyway, are worth less than the CPU that packing bits costs in JavaScript.
 *
 * The code is canonical: codes of one length are consecutive numbers in the order of their symbols, and go on where the
 * shorter ones ended. So the lengths say it all, and the table is built from them.
 *
 * Decoding takes 8 bits a step through a tree whose nodes have 256 branches. Most letters and digits end in the root:
 *
 *   entry of a node:  1ooo oooo oooo oooo   the code goes on in the node at offset o
 *                     0000 llll ssss ssss   symbol s, of which the last l bits, 1 to 8, lie in this node
 *                     0                     EOS, which must not occur
 */

/** Code lengths in bits by symbol, 0 to 255 and EOS; sixteen symbols a line. */
const LENGTHS = `
  13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28
  28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
   6 10 10 12 13  6  8 11 10 10  8 11  8  6  6  6
   5  5  5  6  6  6  6  6  6  6  7  8 15  6 12 10
  13  6  7  7  7  7  7  7  7  7  7  7  7  7  7  7
   7  7  7  7  7  7  7  7  8  7  8 13 19 13 14  6
  15  5  6  5  6  5  6  6  6  5  7  7  6  6  6  5
   6  7  6  5  5  6  7  7  7  7  7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23
  24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23
  21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25
  19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23
  26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
  30`;

const EOS = 256;
const LINK = 0x8000;
const TREE = buildTree(LENGTHS.trim().split(/\s+/).map(Number));

/** Scratch of the usual size; a longer text gets its own, so that one large field does not hold memory for good. */
const SCRATCH_BYTES = 8192;

/** Decodes Huffman strings by way of one scratch buffer. One per event loop is enough: it is used within a call only. */
export class HuffmanDecoder {
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  /**
   * The latin1 text that `buffer[start, end)` encodes, or null when it breaks RFC 7541 section 5.2: EOS inside, padding
   * of more than 7 bits, or padding that is not all ones. At most 8/5 of the bytes in characters. HOT.
   */
  decode(buffer: Uint8Array, start: number, end: number): string | null {
    // The shortest code has 5 bits.
    const lengthMax = Math.ceil(((end - start) * 8) / 5);
    const out = lengthMax <= SCRATCH_BYTES ? this.#scratch : Buffer.allocUnsafeSlow(lengthMax);
    let length = 0;
    let node = 0;
    // The lowest `bits` of `pending` are still to be decoded; what is above them has been.
    let pending = 0;
    let bits = 0;
    for (let at = start; at < end; at++) {
      pending = (pending << 8) | buffer[at]!;
      bits += 8;
      while (bits >= 8) {
        const entry = TREE[node + ((pending >>> (bits - 8)) & 0xff)]!;
        if (entry >= LINK) {
          node = entry - LINK;
          bits -= 8;
        } else {
          if (entry === 0) return null;
          out[length++] = entry & 0xff;
          bits -= entry >>> 8;
          node = 0;
        }
      }
    }
    while (bits > 0) {
      const entry = TREE[node + ((pending << (8 - bits)) & 0xff)]!;
      if (entry >= LINK || entry === 0 || entry >>> 8 > bits) break;
      out[length++] = entry & 0xff;
      bits -= entry >>> 8;
      node = 0;
    }
    const ones = (1 << bits) - 1;
    // Behind the root 8 bits or more of the last code have been taken: too much to be padding.
    if (node !== 0 || (pending & ones) !== ones) return null;
    return out.latin1Slice(0, length);
  }
}

/** The tree described at the head of this file, its nodes one behind the other. */
function buildTree(lengths: readonly number[]): Uint16Array {
  const entries = new Array<number>(256).fill(0);
  const symbols = lengths.map((_, symbol) => symbol).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  let code = 0;
  let codeLength = 0;
  for (const symbol of symbols) {
    const length = lengths[symbol]!;
    code *= 2 ** (length - codeLength);
    codeLength = length;
    let node = 0;
    let left = length;
    for (; left > 8; left -= 8) {
      const slot = node + ((code >>> (left - 8)) & 0xff);
      if (entries[slot] === 0) {
        entries[slot] = LINK + entries.length;
        entries.push(...new Array<number>(256).fill(0));
      }
      node = entries[slot]! - LINK;
    }
    // A code that ends inside this node takes every slot that begins with its last bits.
    const first = node + ((code << (8 - left)) & 0xff);
    if (symbol !== EOS) entries.fill((left << 8) | symbol, first, first + 2 ** (8 - left));
    code++;
  }
  return Uint16Array.from(entries);
}
