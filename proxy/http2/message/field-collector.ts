/**
 * Puts together the fields of a message that goes out over HTTP/2, whatever kind of head it has. One per event loop: what
 * it holds is valid until it is started anew.
 */

import type { Trailers } from '../../http/header-field.ts';
import type { HeaderLine } from '../../http/header-line.ts';
import type { GeneratedSink, LineSink } from '../../http/message.ts';
import { Field, KIND } from '../hpack/field.ts';
import type { FieldTable } from '../hpack/field-table.ts';
import { FieldList } from './field-list.ts';

export class FieldCollector implements GeneratedSink {
  readonly table: FieldTable;
  /** The first `count` of them. */
  readonly fields: Field[] = [];
  count = 0;
  readonly #statuses: Field[] = [];

  constructor(table: FieldTable) {
    this.table = table;
  }

  start(): void {
    this.count = 0;
  }

  startAnswer(status: number): void {
    this.count = 0;
    let field = this.#statuses[status];
    if (field === undefined) {
      field = this.table.intern(':status', String(status));
      this.#statuses[status] = field;
    }
    this.push(field);
  }

  push(field: Field): void {
    this.fields[this.count++] = field;
  }

  /** Adds the lines of a head. HOT. */
  head(head: { eachLine(sink: LineSink): void }): void {
    if (!(head instanceof FieldList)) {
      head.eachLine(this);
      return;
    }
    const { lines, added } = head;
    for (let i = 0; i < lines.length; i++) {
      const field = lines[i]!;
      if (field !== null) this.push(field);
    }
    if (added !== null) for (const line of added) this.line(line);
  }

  /** A line of HTTP/1.1: those that concern one connection, and the host, which has a field of its own, stay behind. */
  raw(text: string): void {
    this.#regular(this.table.fromLine(text));
  }

  line(line: HeaderLine): void {
    const known = line.compiled;
    if (known instanceof Field) {
      this.#regular(known);
      return;
    }
    const field = this.table.intern(line.name.toLowerCase(), line.value);
    line.compiled = field;
    this.#regular(field);
  }

  once(name: string, value: string): void {
    this.#regular(this.table.fresh(name, value));
  }

  /** Whole lines, each ending in CRLF. */
  text(lines: string): void {
    for (let at = 0; at < lines.length; ) {
      const end = lines.indexOf('\r\n', at);
      this.raw(lines.slice(at, end));
      at = end + 2;
    }
  }

  trailers(trailers: Trailers): void {
    for (const each of trailers) this.#regular(each instanceof Field ? each : this.table.fresh(each.name, each.value));
  }

  /** What was collected, as a list of its own. */
  take(): Field[] {
    return this.fields.slice(0, this.count);
  }

  #regular(field: Field): void {
    const { kind, valid } = field;
    if (kind !== KIND.hopByHop && kind !== KIND.host && valid) this.push(field);
  }
}
