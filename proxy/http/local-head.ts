/**
 * The header fields of an answer made here, as far as filters and routes may edit them: the same interface as an
 * endpoint's head, so that an edit of a route applies to every answer alike.
 */
import type { HeaderLine } from './header-line.ts';
import type { HeaderName } from './header-name.ts';
import type { HeaderFields, LineSink } from './message.ts';

/** What response filters see of an answer: its status and its fields. */
export interface ResponseFields extends HeaderFields {
  readonly status: number;
}

interface Field {
  readonly name: string;
  readonly value: string;
}

export class LocalHead implements ResponseFields {
  readonly status: number;
  #fields: Field[] = [];

  /** `lines` are whole header lines, each ending in CRLF. */
  constructor(status: number, lines: string) {
    this.status = status;
    this.addLines(lines);
  }

  addLines(lines: string): void {
    for (const line of lines.split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) this.add(line.slice(0, colon), line.slice(colon + 1).trim());
    }
  }

  find(name: HeaderName, from: number): number {
    for (let line = from; line < this.#fields.length; line++) {
      if (this.#fields[line]!.name.toLowerCase() === name.name) return line;
    }
    return -1;
  }

  value(line: number): string {
    return this.#fields[line]!.value;
  }

  first(name: HeaderName): string | null {
    const line = this.find(name, 0);
    return line < 0 ? null : this.value(line);
  }

  remove(name: HeaderName): void {
    this.#fields = this.#fields.filter((each) => each.name.toLowerCase() !== name.name);
  }

  add(name: string, value: string): void {
    this.#fields.push({ name, value });
  }

  append({ name, value }: HeaderLine): void {
    this.add(name, value);
  }

  appendBoth(first: HeaderLine, second: HeaderLine): void {
    this.append(first);
    this.append(second);
  }

  eachLine(sink: LineSink): void {
    for (const { name, value } of this.#fields) sink.raw(`${name}: ${value}`);
  }

  /** All fields as whole lines. */
  lines(): string {
    let text = '';
    for (const { name, value } of this.#fields) text += `${name}: ${value}\r\n`;
    return text;
  }
}
