/** Writing the integers of HPACK (RFC 7541 section 5.1): the low bits of a byte, and bytes of 7 bits when they do not do. */

/**
 * Writes `value` (0 to 2^31 - 1) into the low `prefixBits` (1 to 8) of a byte whose other bits are those of `flags`, and
 * the bytes behind it: at most 6. Returns the position behind. HOT.
 */
export function writeInteger(out: Uint8Array, at: number, flags: number, prefixBits: number, value: number): number {
  const full = (1 << prefixBits) - 1;
  if (value < full) {
    out[at] = flags | value;
    return at + 1;
  }
  let position = at;
  out[position++] = flags | full;
  let rest = value - full;
  while (rest >= 0x80) {
    out[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[position++] = rest;
  return position;
}
