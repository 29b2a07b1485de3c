import type { HeaderField } from './header-field.ts';
import type { HeaderName } from './header-name.ts';

/**
 * One header line that is added to a head. Lines that are added again and again are made once: putting name, value and
 * line end together for every answer costs half a microsecond each.
 */
export class HeaderLine {
  /** What a codec has made of it, kept for the next time. It belongs to that codec. */
  compiled: HeaderField | null = null;
  readonly name: string;
  readonly value: string;
  /** As it goes out, line end included. */
  readonly text: string;
  /** The same in bytes, from the second time on that they are wanted; null before. */
  #bytes: Uint8Array | null = null;
  #written = false;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.text = `${name}: ${value}\r\n`;
  }

  isNamed({ name }: HeaderName): boolean {
    return this.name === name || (this.name.length === name.length && this.name.toLowerCase() === name);
  }

  /** Writes it to where `text.length` bytes are free. HOT. */
  writeTo(buffer: Buffer, at: number): void {
    const bytes = this.#bytes;
    if (bytes !== null) buffer.set(bytes, at);
    else if (this.#written) {
      this.#bytes = Uint8Array.from(Buffer.from(this.text, 'latin1'));
      buffer.set(this.#bytes, at);
    } else {
      this.#written = true;
      buffer.latin1Write(this.text, at);
    }
  }
}

/** A line with a small number as its value, made when it is first needed. HOT. */
export class NumberLines {
  readonly #name: string;
  readonly #lines: HeaderLine[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  of(value: number): HeaderLine {
    if (value >= KEPT) return new HeaderLine(this.#name, String(value));
    const line = this.#lines[value] ?? new HeaderLine(this.#name, String(value));
    this.#lines[value] = line;
    return line;
  }
}

const KEPT = 256;

/** Lines with one of few values, such as addresses of clients: each is made once, until there are too many. HOT. */
export class TextLines {
  readonly #name: string;
  #lines = new Map<string, HeaderLine>();

  constructor(name: string) {
    this.#name = name;
  }

  of(value: string): HeaderLine {
    return this.#lines.get(value) ?? this.#make(value);
  }

  #make(value: string): HeaderLine {
    // Another map: an emptied one would keep the room that it had.
    if (this.#lines.size >= KEPT) this.#lines = new Map();
    const line = new HeaderLine(this.#name, value);
    this.#lines.set(value, line);
    return line;
  }
}

/** The line with the number that was told last: most requests have the same. HOT. */
export class LastNumberLine {
  #line: HeaderLine;
  #value = -1;

  constructor(name: string) {
    this.#line = new HeaderLine(name, '');
  }

  of(value: number): HeaderLine {
    if (value === this.#value) return this.#line;
    this.#value = value;
    this.#line = new HeaderLine(this.#line.name, String(value));
    return this.#line;
  }
}
