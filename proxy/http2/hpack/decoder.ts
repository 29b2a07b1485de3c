/**
 * HPACK decoder (RFC 7541): one per connection, for what the peer sends. HOT.
 *
 * A block is decoded whole and in one pass, because the dynamic table changes with every block, also with one that is
 * going to be refused. A field that the peer has indexed is one look-up and gives an object that is shared; texts are
 * made for literals only.
 *
 *   1.......  indexed field            001.....  size update, at the start of a block
 *   01......  literal, to be indexed   0000....  literal          0001....  literal, never to be indexed
 *
 * Bad input is a result, never an exception, and nothing is read beyond the end of the block.
 */
import { DynamicTable } from './dynamic-table.ts';
import type { Field } from './field.ts';
import type { FieldTable } from './field-table.ts';
import { LITERAL_BYTES_MAX } from './literal-cache.ts';
import { STATIC_COUNT } from './static-table.ts';

/** Size of both sides' tables until one says otherwise (RFC 9113 section 6.5.2). */
const DEFAULT_TABLE_BYTES = 4096;
/** Bytes behind an integer's first one that are read: values up to 2^28 and the prefix, far above every limit. */
const INTEGER_BYTES_MAX = 4;
/** Once for the smallest of several changes, once for the last (RFC 7541 section 4.2). */
const SIZE_UPDATES_MAX = 2;

const COMPRESSION_ERROR = -1;

/** See the head of this file. */
export class HpackDecoder {
  /** The fields of the last block are the first `count`; valid until the next call of `decode`. */
  readonly fields: Field[] = [];
  count = 0;
  /** The list was larger than allowed: the fields from the limit on are not stored. */
  overLimit = false;
  /** Size of the whole list, stored or not, in the sense of RFC 9113 section 6.5.2 (SETTINGS_MAX_HEADER_LIST_SIZE). */
  listBytes = 0;
  readonly #interned: FieldTable;
  readonly #table = new DynamicTable(DEFAULT_TABLE_BYTES);
  readonly #tableSizeMax: number;
  /** Where the next byte is read, within `decode`. */
  #at = 0;
  #listBytesMax = 0;
  #fieldsMax = 0;

  /**
   * `tableSizeMax` is the SETTINGS_HEADER_TABLE_SIZE that we announced. The table starts at the 4,096 bytes of the
   * protocol all the same, since the peer may send before it has seen our settings, and follows its size updates.
   */
  constructor(interned: FieldTable, tableSizeMax = DEFAULT_TABLE_BYTES) {
    this.#interned = interned;
    this.#tableSizeMax = tableSizeMax;
  }

  /** Bytes and entries of the dynamic table. */
  get tableBytes(): number {
    return this.#table.bytes;
  }
  get tableCount(): number {
    return this.#table.count;
  }

  /**
   * Decodes one whole header block, `buffer[start, end)`, its CONTINUATION frames put together. Returns 0 and leaves
   * the list in `fields` and `count`; or -1 when the block breaks RFC 7541, which ends the connection with
   * COMPRESSION_ERROR (RFC 9113 section 4.3): this decoder is of no use afterwards.
   *
   * A list of more than `listBytesMax` bytes or `fieldsMax` fields is decoded to its end, to keep the table in step
   * (RFC 9113 section 10.5.1), and sets `overLimit`. Each field counts at its full size however short its encoding is,
   * so a small block that refers to a large entry many times does not get far.
   */
  decode(buffer: Buffer, start: number, end: number, listBytesMax: number, fieldsMax: number): number {
    this.count = 0;
    this.overLimit = false;
    this.listBytes = 0;
    this.#at = start;
    this.#listBytesMax = listBytesMax;
    this.#fieldsMax = fieldsMax;
    const result = this.#sizeUpdates(buffer, end) ? this.#representations(buffer, end) : COMPRESSION_ERROR;
    if (result !== 0) this.count = 0;
    return result;
  }

  /** Everything behind the size updates (RFC 7541 section 6). 0 or COMPRESSION_ERROR. */
  #representations(buffer: Buffer, end: number): number {
    const { statics } = this.#interned;
    while (this.#at < end) {
      const byte = buffer[this.#at]!;
      let field: Field | null;
      if (byte >= 0x80) {
        const index = this.#integer(buffer, end, 0x7f);
        field = index > STATIC_COUNT ? this.#table.at(index - STATIC_COUNT) : index > 0 ? statics[index]! : null;
      } else if (byte >= 0x40) field = this.#indexedLiteral(buffer, end);
      else if (byte >= 0x20) return COMPRESSION_ERROR;
      else field = this.#knownLiteral(buffer, end, byte >= 0x10);
      if (field === null) return COMPRESSION_ERROR;
      this.#store(field);
    }
    return 0;
  }

  #store(field: Field): void {
    this.listBytes += field.size;
    if (this.listBytes > this.#listBytesMax || this.count >= this.#fieldsMax) this.overLimit = true;
    if (!this.overLimit) this.fields[this.count++] = field;
  }

  /** The size updates at the start of a block. False when one breaks the rules. */
  #sizeUpdates(buffer: Buffer, end: number): boolean {
    for (let seen = 0; this.#at < end && (buffer[this.#at]! & 0xe0) === 0x20; seen++) {
      const size = this.#integer(buffer, end, 0x1f);
      if (size < 0 || size > this.#tableSizeMax || seen === SIZE_UPDATES_MAX) return false;
      this.#table.limit = size;
      while (this.#table.isCrowded(0)) this.#table.shift();
    }
    return true;
  }

  /** RFC 7541 section 6.2.1. Null for an error. */
  #indexedLiteral(buffer: Buffer, end: number): Field | null {
    const name = this.#name(buffer, end, 0x3f);
    const value = name === null ? null : this.#text(buffer, end);
    if (name === null || value === null) return null;
    const field = this.#interned.intern(name, value);
    const table = this.#table;
    while (table.isCrowded(field.size)) table.shift();
    // One that is larger than the whole table empties it, and is no error (section 4.4).
    if (field.size <= table.limit) table.push(field);
    return field;
  }

  /** A literal that has come before in the same bytes, or else one that is decoded. Null for an error. */
  #knownLiteral(buffer: Buffer, end: number, neverIndexed: boolean): Field | null {
    const start = this.#at;
    const next = literalEnd(buffer, start, end);
    if (next < 0) return this.#literal(buffer, end, neverIndexed);
    const { literals } = this.#interned;
    const hash = literals.hash(buffer, start, next);
    const known = literals.find(hash, buffer, start, next);
    if (known !== null) {
      this.#at = next;
      return known;
    }
    const field = this.#literal(buffer, end, neverIndexed);
    if (field !== null) literals.note(hash, buffer, start, next, field);
    return field;
  }

  /** RFC 7541 sections 6.2.2 and 6.2.3. Null for an error. */
  #literal(buffer: Buffer, end: number, neverIndexed: boolean): Field | null {
    const name = this.#name(buffer, end, 0x0f);
    const value = name === null ? null : this.#text(buffer, end);
    if (name === null || value === null) return null;
    // nghttp2, and so Node and curl, never index a path. Those of gRPC repeat all the same.
    if (!neverIndexed && name === ':path') return this.#interned.intern(name, value);
    return this.#interned.fresh(name, value, neverIndexed);
  }

  /** The name of a literal, by its index or as a text. Null for an error. */
  #name(buffer: Buffer, end: number, prefix: number): string | null {
    const index = this.#integer(buffer, end, prefix);
    if (index === 0) return this.#text(buffer, end);
    if (index < 0) return null;
    const field = index > STATIC_COUNT ? this.#table.at(index - STATIC_COUNT) : this.#interned.statics[index]!;
    return field === null ? null : field.name;
  }

  /** A string (RFC 7541 section 5.2). Null for an error. */
  #text(buffer: Buffer, end: number): string | null {
    if (this.#at >= end) return null;
    const huffman = buffer[this.#at]! >= 0x80;
    const length = this.#integer(buffer, end, 0x7f);
    const start = this.#at;
    if (length < 0 || length > end - start) return null;
    this.#at = start + length;
    return huffman
      ? this.#interned.huffman.decode(buffer, start, start + length)
      : buffer.latin1Slice(start, start + length);
  }

  /** An integer (RFC 7541 section 5.1) in the low bits of the next byte, which exists. -1 when it is cut off or too long. */
  #integer(buffer: Buffer, end: number, prefix: number): number {
    const first = buffer[this.#at++]! & prefix;
    if (first < prefix) return first;
    let value = first;
    for (let i = 0; i < INTEGER_BYTES_MAX; i++) {
      if (this.#at >= end) return -1;
      const byte = buffer[this.#at++]!;
      value += (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    return -1;
  }
}

/**
 * Where a literal ends that begins at `start` and whose lengths are a byte each. -1 for all others: for one that is long,
 * cut off, or named by the dynamic table, so that its bytes alone do not say what it is.
 */
function literalEnd(buffer: Buffer, start: number, end: number): number {
  let at = start + 1;
  const index = buffer[start]! & 0x0f;
  // 15 says that the index goes on in the next byte; static ones end below 62.
  if (index === 0x0f) {
    const more = at < end ? buffer[at++]! : 0xff;
    if (more > STATIC_COUNT - 0x0f) return -1;
  } else if (index === 0) {
    const length = at < end ? buffer[at]! & 0x7f : 0x7f;
    if (length === 0x7f) return -1;
    at += 1 + length;
  }
  const length = at < end ? buffer[at]! & 0x7f : 0x7f;
  if (length === 0x7f) return -1;
  at += 1 + length;
  return at <= end && at - start <= LITERAL_BYTES_MAX ? at : -1;
}
