/**
 * HPACK encoder (RFC 7541): one per connection, for what we send. HOT.
 *
 * A field is found by identity, not by its texts: FieldTable gives one object for equal ones, and a Map from it to its
 * number in the dynamic table answers whether the peer has it. A field that is forwarded from one connection to the next
 * is thus a look-up and a byte or two. Strings are written plain (`huffman.ts` says why), and names are referred to in
 * the static table only.
 */
import { DynamicTable } from './dynamic-table.ts';
import type { Field } from './field.ts';
import { writeInteger } from './integer.ts';
import { STATIC_COUNT } from './static-table.ts';

/** Size of both sides' tables until one says otherwise (RFC 9113 section 6.5.2). */
const DEFAULT_TABLE_BYTES = 4096;

/** First bits of a representation (RFC 7541 section 6), and how many bits of its byte are left for the integer. */
const INDEXED = 0x80;
const INDEXED_BITS = 7;
const WITH_INDEXING = 0x40;
const WITH_INDEXING_BITS = 6;
const SIZE_UPDATE = 0x20;
const SIZE_UPDATE_BITS = 5;
const NEVER_INDEXED = 0x10;
const WITHOUT_INDEXING = 0;
const LITERAL_BITS = 4;
const STRING_BITS = 7;

/** Up to this length a loop over characters beats a call into Buffer, which costs 30 ns whatever the length. */
const LOOP_MAX = 12;

/** See the head of this file. */
export class HpackEncoder {
  readonly #useMax: number;
  readonly #table: DynamicTable;
  /** The number in the table of every field that is in it. */
  readonly #numbers = new Map<Field, number>();
  /** Smallest and last table size that the peer has to be told at the start of the next block; -1 for none. */
  #smallest = -1;
  #last = -1;

  /** `useMax`: most bytes of table to use, whatever the peer allows, 0 to 2^30. */
  constructor(useMax = DEFAULT_TABLE_BYTES) {
    this.#useMax = useMax;
    this.#table = new DynamicTable(DEFAULT_TABLE_BYTES);
    this.setTableSizeMax(DEFAULT_TABLE_BYTES);
  }

  /** Bytes and entries of the dynamic table. */
  get tableBytes(): number {
    return this.#table.bytes;
  }
  get tableCount(): number {
    return this.#table.count;
  }

  /**
   * The peer's SETTINGS_HEADER_TABLE_SIZE, 0 to 2^32 - 1, as soon as it is received. Takes effect with the next block:
   * `begin` announces the size that is used from there on, and before it a smaller one that was in force in between,
   * since the peer has evicted down to it (RFC 7541 section 4.2).
   */
  setTableSizeMax(bytes: number): void {
    const size = Math.min(bytes, this.#useMax);
    if (this.#last < 0) {
      if (size === this.#table.limit) return;
      this.#smallest = size;
    } else if (size < this.#smallest) this.#smallest = size;
    this.#last = size;
  }

  /** Begins a block: writes pending size updates, at most 12 bytes. Returns the position behind. */
  begin(out: Buffer, at: number): number {
    if (this.#last < 0) return at;
    let position = at;
    if (this.#smallest < this.#last) position = this.#resize(this.#smallest, out, position);
    position = this.#resize(this.#last, out, position);
    this.#smallest = -1;
    this.#last = -1;
    return position;
  }

  /** Writes one field; the caller has made room for `field.size` + 16 bytes. Returns the position behind. HOT. */
  put(field: Field, out: Buffer, at: number): number {
    if (field.staticIndex !== 0) {
      out[at] = INDEXED | field.staticIndex;
      return at + 1;
    }
    if (!field.indexable) return putLiteral(field, out, at);
    const number = this.#numbers.get(field);
    if (number !== undefined) {
      const index = STATIC_COUNT + this.#table.inserted - number;
      return writeInteger(out, at, INDEXED, INDEXED_BITS, index);
    }
    if (field.size > this.#table.limit) return putLiteral(field, out, at);
    this.#makeRoom(field.size);
    this.#numbers.set(field, this.#table.inserted);
    this.#table.push(field);
    return writeTexts(field, out, writeInteger(out, at, WITH_INDEXING, WITH_INDEXING_BITS, field.staticName));
  }

  #resize(limit: number, out: Buffer, at: number): number {
    this.#table.limit = limit;
    this.#makeRoom(0);
    return writeInteger(out, at, SIZE_UPDATE, SIZE_UPDATE_BITS, limit);
  }

  #makeRoom(size: number): void {
    while (this.#table.isCrowded(size)) this.#numbers.delete(this.#table.shift());
  }
}

/** A literal that stays out of the table. Its bytes do not depend on the connection. */
function putLiteral(field: Field, out: Buffer, at: number): number {
  const literal = field.literal;
  if (literal === null) {
    field.literal = UNKEPT;
    return writeLiteral(field, out, at);
  }
  if (literal.length > 0) {
    out.set(literal, at);
    return at + literal.length;
  }
  const end = writeLiteral(field, out, at);
  field.literal = Uint8Array.prototype.slice.call(out, at, end);
  return end;
}

/** Marks a literal that was written once: most are not written again, so it is the second time that its bytes are kept. */
const UNKEPT = new Uint8Array(0);

function writeLiteral(field: Field, out: Buffer, at: number): number {
  const flags = field.neverIndexed ? NEVER_INDEXED : WITHOUT_INDEXING;
  return writeTexts(field, out, writeInteger(out, at, flags, LITERAL_BITS, field.staticName));
}

/** The name, unless the byte before refers to it, and the value. */
function writeTexts(field: Field, out: Buffer, at: number): number {
  return writeText(field.value, out, field.staticName === 0 ? writeText(field.name, out, at) : at);
}

function writeText(text: string, out: Buffer, at: number): number {
  const length = text.length;
  const start = writeInteger(out, at, 0, STRING_BITS, length);
  if (length > LOOP_MAX) out.latin1Write(text, start);
  else for (let i = 0; i < length; i++) out[start + i] = text.charCodeAt(i);
  return start + length;
}
