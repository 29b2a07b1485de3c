/**
 * A version that says what is in it: equal contents have equal versions, in whatever order and whichever process.
 */

/** 16 hex digits over names and hashes; empty contents have a version too. */
export function contentVersion(contents: ReadonlyMap<string, string>): string {
  const lines = [...contents].map(([name, hash]) => `${name}=${hash}`).sort();
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (const line of lines) {
    for (let i = 0; i <= line.length; i++) {
      // One past the end is NaN, which counts as 0: it parts the lines.
      const code = line.charCodeAt(i) | 0;
      high = Math.imul(high ^ code, 0x9e3779b1);
      low = Math.imul(low ^ code, 0x5f356495);
    }
  }
  return `${finish(high, low)}${finish(low, high)}`;
}

/** Mixes the two halves, as MurmurHash3 ends. */
function finish(own: number, other: number): string {
  const mixed = Math.imul(own ^ (own >>> 16), 0x85ebca6b) ^ Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(8, '0');
}
