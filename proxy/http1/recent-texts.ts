/**
 * Short texts that come again and again, such as the host of a client's requests and its favourite paths: the same bytes give
 * the same string, without an allocation. A string that is new also has to be hashed and looked up by V8 before it can be
 * the key of a map; both together cost a tenth of a microsecond.
 *
 * As many as there are slots, each replaced by the next text that falls into it.
 */
const SLOTS = 64;
/** So many bytes of either end say which slot it is. */
const SAMPLED = 8;
/** Longer ones are not worth the comparison. */
const LONGEST = 64;

export class RecentTexts {
  readonly #texts: string[] = Array<string>(SLOTS).fill('');

  /** `buffer[start, end)` as latin1. HOT. */
  of(buffer: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0 || length > LONGEST) return buffer.latin1Slice(start, end);
    let hash = length;
    // Hosts differ in front, paths at the end.
    for (let i = Math.min(length, SAMPLED) - 1; i >= 0; i--)
      hash = (Math.imul(hash, 31) + buffer[start + i]! + (buffer[end - 1 - i]! << 3)) | 0;
    const slot = (hash ^ (hash >> 6) ^ (hash >> 12)) & (SLOTS - 1);
    const kept = this.#texts[slot]!;
    if (kept.length === length && equals(buffer, start, kept)) return kept;
    const text = buffer.latin1Slice(start, end);
    this.#texts[slot] = text;
    return text;
  }
}

function equals(buffer: Buffer, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (buffer[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
