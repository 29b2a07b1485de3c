/**
 * Interns fields: one table per event loop. A field that both peers of the proxy index is then one object, so that an
 * encoder finds it by identity, and nothing about it is worked out again.
 *
 *   HTTP/2 in:  literal with indexing ──► intern ──► Field ──► dynamic table of the decoder ──► Map of the encoder
 *   HTTP/1 in:  header line ──► fromLine ──► the same Field
 *
 * What does not repeat is not kept, and what is kept is bounded: a map that is full starts anew. Fields live on where
 * dynamic tables hold them, and are met again as new objects, which costs a peer one literal each. So a peer that sends
 * nothing but new fields takes the advantage from its neighbours on the loop, and neither memory nor correctness.
 */
import { Field, isBlank } from './field.ts';
import { HuffmanDecoder } from './huffman.ts';
import { LiteralCache } from './literal-cache.ts';
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES, staticFieldIndex, staticNameIndex } from './static-table.ts';

/** Most that either map keeps: the sum of `Field.size` (and of the line's length), and how many. */
const BYTES_MAX = 1 << 20;
const COUNT_MAX = 8192;

/** See the head of this file. */
export class FieldTable {
  /** The static table as fields, by index 1 to 61; index 0 is null (RFC 7541 Appendix A). */
  readonly statics: readonly (Field | null)[];
  /** For the decoders of this loop: its scratch is used within one call only. */
  readonly huffman = new HuffmanDecoder();
  readonly literals = new LiteralCache();
  readonly #fields = new FieldsByText();
  /** By the whole line as it was received. */
  #lines = new Map<string, Field>();
  #lineBytes = 0;

  constructor() {
    const statics: (Field | null)[] = [null];
    for (let index = 1; index <= STATIC_COUNT; index++)
      statics.push(new Field(STATIC_NAMES[index]!, STATIC_VALUES[index]!, 'repeated'));
    this.statics = Object.freeze(statics);
  }

  /** Fields that are kept, and lines; each at most 8,192. */
  get kept(): { readonly fields: number; readonly lines: number } {
    return { fields: this.#fields.count, lines: this.#lines.size };
  }

  /**
   * The field with these texts (latin1, the name in lower case): the static one, or one that is the same object for the
   * same texts as long as it is kept. One that is not worth indexing is a new object each time.
   */
  intern(name: string, value: string): Field {
    const known = this.#fields.get(name, value);
    if (known !== undefined) return known;
    const index = staticFieldIndex(staticNameIndex(name), value);
    if (index !== 0) return this.statics[index]!;
    const field = new Field(name, value, 'repeated');
    if (!field.indexable) return field;
    // The texts may be slices, which would keep the whole text that they were cut from.
    const own = new Field(ownText(name), ownText(value), 'repeated');
    this.#fields.add(own);
    return own;
  }

  /**
   * A field that is taken not to come again: the static one where there is one, else a new one that is not indexable.
   * With `neverIndexed` it is a new one always, and stays a never-indexed literal (RFC 7541 section 6.2.3).
   */
  fresh(name: string, value: string, neverIndexed = false): Field {
    if (neverIndexed) return new Field(name, value, 'never');
    const field = new Field(name, value, 'once');
    return field.staticIndex === 0 ? field : this.statics[field.staticIndex]!;
  }

  /**
   * The field of an HTTP/1 header line, `Name: value` without its line end: interned, with the name in lower case and
   * the value without outer SP and HTAB. A line without a colon is a name without a value. A line that was seen before
   * costs one look-up.
   */
  fromLine(line: string): Field {
    const known = this.#lines.get(line);
    if (known !== undefined) return known;
    const colon = line.indexOf(':');
    const nameEnd = colon < 0 ? line.length : colon;
    const field = this.intern(line.slice(0, nameEnd).toLowerCase(), trimmed(line, nameEnd + 1));
    if (field.indexable || field.staticIndex !== 0) this.#keepLine(line, field);
    return field;
  }

  #keepLine(line: string, field: Field): void {
    const bytes = line.length + field.size;
    // White space makes a line longer than its field; more than a little of it is not usual.
    if (line.length > field.size) return;
    if (this.#lineBytes + bytes > BYTES_MAX || this.#lines.size >= COUNT_MAX) {
      this.#lines = new Map();
      this.#lineBytes = 0;
    }
    this.#lines.set(ownText(line), field);
    this.#lineBytes += bytes;
  }
}

/** Fields by name, then by value: two look-ups cost less than making one key of two texts. */
class FieldsByText {
  #names = new Map<string, Map<string, Field>>();
  #bytes = 0;
  count = 0;

  get(name: string, value: string): Field | undefined {
    return this.#names.get(name)?.get(value);
  }

  /** Adds a field that is not in it, and forgets all others first when there is no room. */
  add(field: Field): void {
    if (this.#bytes + field.size > BYTES_MAX || this.count >= COUNT_MAX) {
      this.#names = new Map();
      this.#bytes = 0;
      this.count = 0;
    }
    const values = this.#names.get(field.name);
    if (values === undefined) this.#names.set(field.name, new Map([[field.value, field]]));
    else values.set(field.value, field);
    this.#bytes += field.size;
    this.count++;
  }
}

/** A copy that shares no memory with the text it was cut from. */
function ownText(text: string): string {
  return Buffer.from(text, 'latin1').latin1Slice();
}

/** The text from `start` on without SP and HTAB around it; `trim` would take off more than RFC 9110 section 5.5 allows. */
function trimmed(text: string, start: number): string {
  let from = start;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}
