/**
 * Remembers literals by their bytes: peers that do not index a field send the same literal again and again (nghttp2 does
 * so for paths, many servers for everything). One that is known costs a hash and a comparison instead of two texts, their
 * validation and a Field; measured, 0.2 to 0.3 microseconds each. HOT.
 *
 * A literal is kept when it comes the second time, so that values that never repeat cost no copy and push nothing out.
 */
import type { Field } from './field.ts';

const SLOTS = 512;
/** Longer ones are not kept: 64 KiB at most in all. */
export const LITERAL_BYTES_MAX = 128;

export class LiteralCache {
  /** Hashes of what came last, by slot. */
  readonly #seen = new Int32Array(SLOTS);
  readonly #bytes: (Uint8Array | null)[] = new Array<Uint8Array | null>(SLOTS).fill(null);
  readonly #fields: (Field | null)[] = new Array<Field | null>(SLOTS).fill(null);

  /** The hash of `buffer[start, end)` (FNV-1a), never 0. */
  hash(buffer: Buffer, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ buffer[i]!, 0x01000193);
    return hash | 1;
  }

  /** The field of these bytes, or null. */
  find(hash: number, buffer: Buffer, start: number, end: number): Field | null {
    const slot = (hash >>> 1) % SLOTS;
    const bytes = this.#bytes[slot]!;
    if (bytes === null || bytes.length !== end - start) return null;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[start + i]) return null;
    return this.#fields[slot]!;
  }

  /** Tells that these bytes came, and what they are. */
  note(hash: number, buffer: Buffer, start: number, end: number, field: Field): void {
    const slot = (hash >>> 1) % SLOTS;
    if (this.#seen[slot] !== hash) {
      this.#seen[slot] = hash;
      return;
    }
    this.#bytes[slot] = Uint8Array.prototype.slice.call(buffer, start, end);
    this.#fields[slot] = field;
  }
}
