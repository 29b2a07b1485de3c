import type { HeaderField } from './header-field.ts';

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

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.text = `${name}: ${value}\r\n`;
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
