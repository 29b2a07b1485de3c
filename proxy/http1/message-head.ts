/**
 * The head of one HTTP/1.1 message: bytes where they were read, offsets into them, and the edits to make on the way out.
 *
 * A parser fills it in one pass. Nothing is copied: until `detach()` the bytes are those of the shared read buffer, valid
 * only within the turn in which they were read. Edits (drop a line, add a line, another path or host) are kept aside and
 * applied when the head is written, so that an unedited head is forwarded with a single copy.
 *
 *   index:  [nameStart nameEnd valueStart valueEnd] per line      dropped: 1 where the line is not forwarded
 *   added:  lines to be written behind the last one
 */

import { equalsIgnoreCase } from '../http/bytes.ts';
import { HeaderLine } from '../http/header-line.ts';
import type { HeaderName } from '../http/header-name.ts';
import type { LineSink, RequestHead, ResponseHead } from '../http/message.ts';
import { TRAIT_CONNECT } from '../http/request-traits.ts';
import type { ByteWriter } from '../net/byte-writer.ts';
import { FIELDS, HeadFacts } from './head-facts.ts';
import { RecentTexts } from './recent-texts.ts';

export class MessageHead extends HeadFacts implements RequestHead, ResponseHead {
  #path: string | null = null;
  #authority: string | null = null;
  #method: string | null = null;
  #newPath: string | null = null;
  #newAuthority: string | null = null;
  /** Shared with the copies of this head. */
  readonly #recent: RecentTexts;

  constructor(headerCountMax: number, recent = new RecentTexts()) {
    super(headerCountMax);
    this.#recent = recent;
  }

  /** Makes ready for the next parse. Called by the parser. */
  reset(buffer: Buffer, start: number): void {
    this.buffer = buffer;
    this.start = start;
    // Few lines: `fill` would leave JavaScript for them.
    if (this.droppedCount > 0) for (let line = 0; line < this.count; line++) this.dropped[line] = 0;
    this.count = 0;
    this.droppedCount = 0;
    this.addedCount = 0;
    this.framing = 'none';
    this.contentLength = -1;
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.nominated = null;
    this.upgradeLine = -1;
    this.tunnel = false;
    this.traits = 0;
    this.expectContinue = false;
    this.expectLine = -1;
    this.authorityStart = 0;
    this.authorityEnd = 0;
    this.hostLine = -1;
    this.asterisk = false;
    this.keepAliveLine = -1;
    this.#path = null;
    this.#authority = null;
    this.#method = null;
    this.#newPath = null;
    this.#newAuthority = null;
  }

  /** Records one header line. Called by the parser, which has checked the count. */
  addLine(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.count * FIELDS;
    this.index[at] = nameStart;
    this.index[at + 1] = nameEnd;
    this.index[at + 2] = valueStart;
    this.index[at + 3] = valueEnd;
    this.count++;
  }

  /** A copy that owns its bytes and stays valid after this turn: for whatever has to wait. */
  detach(): MessageHead {
    const copy = new MessageHead(this.count, this.#recent);
    copy.copyFacts(this);
    copy.#newPath = this.#newPath;
    copy.#newAuthority = this.#newAuthority;
    return copy;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Reading

  get method(): string {
    this.#method ??= this.#readMethod();
    return this.#method;
  }

  /** Most are GET: a slice of the buffer costs as much as the rest of a route's work. */
  #readMethod(): string {
    const { buffer, start } = this;
    const isGet =
      this.methodEnd - start === 3 && buffer[start] === 71 && buffer[start + 1] === 69 && buffer[start + 2] === 84;
    return isGet ? 'GET' : buffer.latin1Slice(start, this.methodEnd);
  }

  get isHead(): boolean {
    const { buffer, start } = this;
    return (
      this.methodEnd - start === 4 &&
      buffer[start] === 72 &&
      buffer[start + 1] === 69 &&
      buffer[start + 2] === 65 &&
      buffer[start + 3] === 68
    );
  }

  /** Path and query as it will be sent; `*` for the asterisk form. */
  get path(): string {
    if (this.#newPath !== null) return this.#newPath;
    this.#path ??=
      this.pathStart === this.targetEnd ? '/' : this.#recent.of(this.buffer, this.pathStart, this.targetEnd);
    return this.#path;
  }

  /** Host and port as the client wrote them; empty when there is no Host field. */
  get authority(): string {
    if (this.#newAuthority !== null) return this.#newAuthority;
    this.#authority ??=
      this.authorityStart !== 0
        ? this.#recent.of(this.buffer, this.authorityStart, this.authorityEnd)
        : this.hostLine >= 0
          ? this.#recent.of(this.buffer, this.valueStart(this.hostLine), this.valueEnd(this.hostLine))
          : '';
    return this.#authority;
  }

  /** The first line at or after `from` with that name that is not dropped, or -1. */
  find(name: HeaderName, from: number): number {
    const length = name.bytes.length;
    for (let line = from; line < this.count; line++) {
      const at = line * FIELDS;
      const nameStart = this.index[at]!;
      const nameEnd = this.index[at + 1]!;
      if (nameEnd - nameStart !== length || this.dropped[line] === 1) continue;
      if (equalsIgnoreCase(this.buffer, nameStart, nameEnd, name.bytes)) return line;
    }
    return -1;
  }

  /** The value of a line, without outer white space. */
  value(line: number): string {
    const at = line * FIELDS;
    return this.buffer.latin1Slice(this.index[at + 2], this.index[at + 3]);
  }

  /** The name of a line as it was written. */
  name(line: number): string {
    const at = line * FIELDS;
    return this.buffer.latin1Slice(this.index[at], this.index[at + 1]);
  }

  get upgradeValue(): string {
    return this.upgradeLine < 0 ? '' : this.value(this.upgradeLine);
  }

  valueStart(line: number): number {
    return this.index[line * FIELDS + 2]!;
  }

  valueEnd(line: number): number {
    return this.index[line * FIELDS + 3]!;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Edits

  drop(line: number): void {
    if (this.dropped[line] === 1) return;
    this.dropped[line] = 1;
    this.droppedCount++;
  }

  remove(name: HeaderName): void {
    for (let line = this.find(name, 0); line >= 0; line = this.find(name, line + 1)) this.drop(line);
    const { added, addedCount } = this;
    let kept = 0;
    for (let i = 0; i < addedCount; i++) if (!added[i]!.isNamed(name)) added[kept++] = added[i]!;
    this.addedCount = kept;
  }

  dropWhere(fits: (name: string) => boolean): void {
    for (let line = 0; line < this.count; line++) if (fits(this.name(line).toLowerCase())) this.drop(line);
  }

  restore(name: string): void {
    if (this.nominated?.includes(name) === true) return;
    for (let line = 0; line < this.count; line++) {
      if (this.dropped[line] === 0 || this.name(line).toLowerCase() !== name) continue;
      this.droppedCount -= this.dropped[line]!;
      this.dropped[line] = 0;
    }
  }

  add(name: string, value: string): void {
    this.append(new HeaderLine(name, value));
  }

  append(line: HeaderLine): void {
    this.added[this.addedCount++] = line;
  }

  appendBoth(first: HeaderLine, second: HeaderLine): void {
    this.append(first);
    this.append(second);
  }

  first(name: HeaderName): string | null {
    const line = this.find(name, 0);
    if (line >= 0) return this.value(line);
    for (let i = 0; i < this.addedCount; i++) if (this.added[i]!.isNamed(name)) return this.added[i]!.value;
    return null;
  }

  setPath(path: string): void {
    this.#newPath = path;
  }

  setAuthority(authority: string): void {
    this.#newAuthority = authority;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Writing

  /**
   * The request as it goes out: this head with its edits, then `generated` and the empty line, then the body bytes
   * given. `out` is scratch. HOT. The head's offsets mean nothing afterwards.
   */
  composeRequest(out: ByteWriter, generated: Uint8Array, body: Buffer, bodyStart: number, bodyEnd: number): string {
    const sameLine = this.#newPath === null && this.#newAuthority === null && this.authorityStart === 0;
    if (sameLine && this.minor === 1 && this.#isInFrontOf(body, bodyStart, bodyEnd)) {
      const at = this.#makeRoom(this.#addedLength() + generated.length);
      if (at >= 0) {
        const behind = this.#writeAdded(at);
        this.buffer.set(generated, behind);
        return this.buffer.latin1Slice(this.start, this.end + bodyEnd - bodyStart);
      }
    }
    out.reset();
    if (sameLine && this.minor === 1) out.copy(this.buffer, this.start, this.linesStart);
    else this.#writeRequestLine(out);
    this.#writeLines(out);
    out.bytes(generated);
    out.latin1('\r\n');
    out.copy(body, bodyStart, bodyEnd);
    return out.take();
  }

  /** The response as it goes out, likewise; `lines` are whole header lines to add. HOT. */
  composeResponse(out: ByteWriter, lines: string, body: Buffer, bodyStart: number, bodyEnd: number): void {
    if (this.minor === 1 && !this.bareStatus && this.#isInFrontOf(body, bodyStart, bodyEnd)) {
      const at = this.#makeRoom(this.#addedLength() + lines.length);
      if (at >= 0) {
        const behind = this.#writeAdded(at);
        if (lines !== '') this.buffer.latin1Write(lines, behind);
        out.finishElsewhere(this.buffer, this.start, this.end + bodyEnd - bodyStart);
        return;
      }
    }
    out.reset();
    // The version has eight bytes; the rest of the status line is kept, reason phrase included.
    out.latin1('HTTP/1.1');
    if (this.bareStatus) out.latin1(` ${this.status} \r\n`);
    else out.copy(this.buffer, this.start + 8, this.linesStart);
    this.#writeLines(out);
    out.latin1(lines);
    out.latin1('\r\n');
    out.copy(body, bodyStart, bodyEnd);
    out.finish();
  }

  /** Head and body are one stretch of bytes, or there is no body. */
  #isInFrontOf(body: Buffer, bodyStart: number, bodyEnd: number): boolean {
    return bodyStart === bodyEnd || (body === this.buffer && bodyStart === this.end);
  }

  /**
   * Makes room in front of the final empty line by moving what is kept of the head towards the headroom, so that head and
   * body stay one stretch of bytes. Returns where the room begins, or -1 when there is none, or when more is dropped than
   * is added: then something would have to move to the other side. Measured against copying into scratch: see bench/micro.
   */
  #makeRoom(length: number): number {
    const { buffer, start } = this;
    const last = this.end - 2;
    const growth = length - this.#droppedLength();
    if (growth < 0 || growth > start) return -1;
    let to = start - growth;
    let from = start;
    this.start = to;
    for (let line = 0, left = this.droppedCount; left > 0; line++) {
      if (this.dropped[line] === 0) continue;
      const lineStart = this.index[line * FIELDS]!;
      move(buffer, to, from, lineStart);
      to += lineStart - from;
      from = this.#lineEnd(line);
      left--;
    }
    if (from !== to) move(buffer, to, from, last);
    return last - length;
  }

  /** Where the next line begins, or the empty one behind the last. */
  #lineEnd(line: number): number {
    return line + 1 < this.count ? this.index[(line + 1) * FIELDS]! : this.end - 2;
  }

  #droppedLength(): number {
    let length = 0;
    for (let line = 0, left = this.droppedCount; left > 0; line++) {
      if (this.dropped[line] === 0) continue;
      length += this.#lineEnd(line) - this.index[line * FIELDS]!;
      left--;
    }
    return length;
  }

  #addedLength(): number {
    let length = 0;
    for (let i = 0; i < this.addedCount; i++) length += this.added[i]!.text.length;
    return length;
  }

  /** Writes what was added to where there is room for it, and returns where it ends. */
  #writeAdded(at: number): number {
    const { added, addedCount, buffer } = this;
    let to = at;
    for (let i = 0; i < addedCount; i++) {
      added[i]!.writeTo(buffer, to);
      to += added[i]!.text.length;
    }
    return to;
  }

  #addedText(): string {
    let text = '';
    for (let i = 0; i < this.addedCount; i++) text += this.added[i]!.text;
    return text;
  }

  #writeRequestLine(out: ByteWriter): void {
    out.copy(this.buffer, this.start, this.methodEnd + 1);
    if (this.#newPath !== null) out.latin1(this.#newPath);
    else if ((this.traits & TRAIT_CONNECT) !== 0) out.copy(this.buffer, this.targetStart, this.targetEnd);
    else if (this.pathStart === this.targetEnd) out.latin1(this.asterisk ? '*' : '/');
    else out.copy(this.buffer, this.pathStart, this.targetEnd);
    out.latin1(' HTTP/1.1\r\n');
    if (this.#newAuthority === null && this.authorityStart === 0) return;
    // A target in absolute form replaces the Host field (RFC 9112 section 3.2.2).
    out.latin1(`Host: ${this.authority}\r\n`);
    if (this.hostLine >= 0) this.drop(this.hostLine);
  }

  eachLine(sink: LineSink): void {
    const { buffer, index } = this;
    for (let line = 0, at = 0; line < this.count; line++, at += FIELDS)
      if (this.dropped[line] === 0) sink.raw(buffer.latin1Slice(index[at], index[at + 3]));
    for (let i = 0; i < this.addedCount; i++) sink.line(this.added[i]!);
  }

  /** Copies runs of kept lines, then what was added. */
  #writeLines(out: ByteWriter): void {
    let from = this.linesStart;
    for (let line = 0; line < this.count && this.droppedCount > 0; line++) {
      if (this.dropped[line] === 0) continue;
      const lineStart = this.index[line * FIELDS]!;
      if (lineStart > from) out.copy(this.buffer, from, lineStart);
      from = this.#lineEnd(line);
    }
    if (this.end - 2 > from) out.copy(this.buffer, from, this.end - 2);
    out.latin1(this.#addedText());
  }
}

/** Up to here a loop takes less time than the call of `copyWithin`. */
const FEW_BYTES = 48;

/** Moves `buffer[from, end)` to `to`, which lies in front of it. */
function move(buffer: Buffer, to: number, from: number, end: number): void {
  if (end - from > FEW_BYTES) buffer.copyWithin(to, from, end);
  else for (let i = from, j = to; i < end; i++, j++) buffer[j] = buffer[i]!;
}
