/**
 * The dynamic table of one direction of a connection (RFC 7541 section 2.3.2): a queue of fields in a ring. The encoder
 * of one side and the decoder of the other each hold one, and stay alike because both change it by the same rules.
 *
 * Every field gets a number as it comes in, counted from 0 and never used again, so that a field's place is found
 * without moving anything:
 *
 *   index 1 (newest) = number `inserted - 1`   ...   index `count` (oldest) = number `inserted - count`
 */
import type { Field } from './field.ts';

/** Slots to begin with: a table of the default 4,096 bytes with usual fields holds fewer, and at most 128. */
const SLOTS = 64;

/** See the head of this file. */
export class DynamicTable {
  /** Most bytes that the entries may come to, by `Field.size`. */
  limit: number;
  /** Fields that ever came in. */
  inserted = 0;
  count = 0;
  /** Sum of `Field.size`, at most `limit` between calls. */
  bytes = 0;
  /** A power of two of slots; null where nothing is. */
  #ring: (Field | null)[] = new Array<Field | null>(SLOTS).fill(null);
  #mask = SLOTS - 1;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The field at a dynamic index, 1 for the newest; null beyond the oldest. `index` is at least 1. HOT. */
  at(index: number): Field | null {
    return index > this.count ? null : this.#ring[(this.inserted - index) & this.#mask]!;
  }

  /** Whether the oldest has to go before `size` more bytes fit. False when the table is empty. */
  isCrowded(size: number): boolean {
    return this.bytes + size > this.limit && this.count > 0;
  }

  /** Takes the oldest out. The table is not empty. */
  shift(): Field {
    const slot = (this.inserted - this.count) & this.#mask;
    const oldest = this.#ring[slot]!;
    this.#ring[slot] = null;
    this.count--;
    this.bytes -= oldest.size;
    return oldest;
  }

  /** Puts a field in as the newest. It fits: `isCrowded` is false for it, and it is not larger than the limit. */
  push(field: Field): void {
    if (this.count > this.#mask) this.#grow();
    this.#ring[this.inserted & this.#mask] = field;
    this.inserted++;
    this.count++;
    this.bytes += field.size;
  }

  /** A field's slot is its number, modulo the slots. An entry counts 32 bytes at least, so there are limit / 16 at most. */
  #grow(): void {
    const slots = (this.#mask + 1) * 2;
    const ring = new Array<Field | null>(slots).fill(null);
    for (let index = 1; index <= this.count; index++) ring[(this.inserted - index) & (slots - 1)] = this.at(index);
    this.#ring = ring;
    this.#mask = slots - 1;
  }
}
