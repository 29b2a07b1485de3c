/** The regular fields of an HTTP/2 head, as filters and routes read and edit them. A dropped line leaves a gap. */
import { HeaderLine } from '../../http/header-line.ts';
import type { HeaderName } from '../../http/header-name.ts';
import type { HeaderFields, LineSink } from '../../http/message.ts';
import type { Field } from '../hpack/field.ts';

export class FieldList implements HeaderFields {
  readonly lines: (Field | null)[];
  /** Null while there is none. */
  added: HeaderLine[] | null = null;

  /** Takes the array over. */
  constructor(lines: (Field | null)[]) {
    this.lines = lines;
  }

  find(name: HeaderName, from: number): number {
    const { lines } = this;
    for (let line = from; line < lines.length; line++) {
      const field = lines[line]!;
      if (field !== null && field.name === name.name) return line;
    }
    return -1;
  }

  value(line: number): string {
    return this.lines[line]!.value;
  }

  first(name: HeaderName): string | null {
    const line = this.find(name, 0);
    if (line >= 0) return this.value(line);
    return this.added?.find((each) => each.isNamed(name))?.value ?? null;
  }

  remove(name: HeaderName): void {
    for (let line = this.find(name, 0); line >= 0; line = this.find(name, line + 1)) this.lines[line] = null;
    if (this.added?.some((each) => each.isNamed(name))) this.added = this.added.filter((each) => !each.isNamed(name));
  }

  add(name: string, value: string): void {
    this.append(new HeaderLine(name, value));
  }

  append(line: HeaderLine): void {
    if (this.added === null) this.added = [line];
    else this.added.push(line);
  }

  /** Where nothing was added yet, a list of just two: one that grows takes room for seventeen more. */
  appendBoth(first: HeaderLine, second: HeaderLine): void {
    if (this.added === null) this.added = [first, second];
    else this.added.push(first, second);
  }

  dropWhere(fits: (name: string) => boolean): void {
    const { lines } = this;
    for (let line = 0; line < lines.length; line++) {
      const field = lines[line]!;
      if (field !== null && fits(field.name)) lines[line] = null;
    }
  }

  eachLine(sink: LineSink): void {
    for (const field of this.lines) if (field !== null) sink.raw(`${field.name}: ${field.value}`);
    if (this.added !== null) for (const line of this.added) sink.line(line);
  }

  /** The lines as HTTP/1.1, those of `skipKind` left out. */
  textWithout(skipKind: number): string {
    let text = '';
    for (const field of this.lines) if (field !== null && field.kind !== skipKind) text += field.line;
    if (this.added !== null) for (const line of this.added) text += line.text;
    return text;
  }
}
