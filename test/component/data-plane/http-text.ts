/**
 * A strict reader of HTTP/1.1 messages in latin1 text, for tests: written from RFC 9112 alone and independent of the code
 * under test, so that both can disagree.
 */

/** One message, read to its end. */
export interface Message {
  /** The first line without its CRLF. */
  readonly startLine: string;
  /** Head with start line and empty line, as it came. */
  readonly head: string;
  /** In order; names in lower case. */
  readonly fields: readonly (readonly [string, string])[];
  /** Content, decoded from chunks. */
  readonly body: string;
  readonly chunked: boolean;
  /** Where the next message begins. */
  readonly end: number;
}

/** What a stretch of text holds. `rest` is where the first message begins that is not complete. */
export interface Messages<T extends Message> {
  readonly messages: readonly T[];
  readonly rest: number;
  /** Why what is behind the messages can never become one, or null. */
  readonly problem: string | null;
}

export interface RequestMessage extends Message {
  readonly method: string;
  readonly target: string;
}

export interface ResponseMessage extends Message {
  readonly status: number;
}

class Invalid extends Error {}

const FIELD =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[ \t\x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21\x22\x24-\x7e]+) HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9][0-9]) [\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_LINE = /^([0-9a-fA-F]{1,15})(;[\t\x20-\x7e\x80-\xff]*)?$/;

/** The values of a field, in order. */
export function valuesOf(message: Message, name: string): string[] {
  return message.fields.filter(([each]) => each === name).map(([, value]) => value);
}

/** Reads requests as a strict HTTP/1.1 server would. */
export function readRequests(text: string): Messages<RequestMessage> {
  return readAll(text, (at) => {
    const message = readHead(text, at);
    if (message === null) return null;
    const line = REQUEST_LINE.exec(message.startLine);
    if (line === null) throw new Invalid(`request line ${JSON.stringify(message.startLine)}`);
    if (valuesOf(message, 'host').length !== 1) throw new Invalid('not exactly one Host');
    const whole = readBody(text, message, 'none');
    return whole && { ...whole, method: line[1]!, target: line[2]! };
  });
}

/**
 * Reads answers as a client would. `methods` are those of the requests, in order; without more of them GET is assumed.
 * `closed`: the connection has ended, which ends a body without length.
 */
export function readResponses(
  text: string,
  options: { readonly methods?: readonly string[]; readonly closed?: boolean } = {},
): Messages<ResponseMessage> {
  let answered = 0;
  return readAll(text, (at) => {
    const message = readHead(text, at);
    if (message === null) return null;
    const line = STATUS_LINE.exec(message.startLine);
    if (line === null) throw new Invalid(`status line ${JSON.stringify(message.startLine)}`);
    const status = Number(line[1]);
    const method = options.methods?.[answered] ?? 'GET';
    if (status >= 200) answered++;
    const bodyless = status < 200 || status === 204 || status === 304 || method === 'HEAD';
    const whole = bodyless ? message : readBody(text, message, options.closed === true ? 'close' : 'wait');
    return whole && { ...whole, status };
  });
}

function readAll<T extends Message>(text: string, readOne: (at: number) => T | null): Messages<T> {
  const messages: T[] = [];
  let rest = 0;
  try {
    while (rest < text.length) {
      const message = readOne(rest);
      if (message === null) break;
      messages.push(message);
      rest = message.end;
    }
    return { messages, rest, problem: null };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return { messages, rest, problem: error.message };
  }
}

function readHead(text: string, at: number): Message | null {
  const end = text.indexOf('\r\n\r\n', at);
  const lines = text.slice(at, end < 0 ? text.length : end).split('\r\n');
  if (end < 0) lines.pop();
  const [startLine, ...rest] = lines;
  const fields = rest.map((line) => {
    const field = FIELD.exec(line);
    if (field === null) throw new Invalid(`field line ${JSON.stringify(line)}`);
    return [field[1]!.toLowerCase(), field[2]!] as const;
  });
  if (end < 0 || startLine === undefined) return null;
  return { startLine, head: text.slice(at, end + 4), fields, body: '', chunked: false, end: end + 4 };
}

/** `without`: what it means when the head announces no length. */
function readBody(text: string, message: Message, without: 'none' | 'close' | 'wait'): Message | null {
  const lengths = valuesOf(message, 'content-length');
  const codings = valuesOf(message, 'transfer-encoding');
  if (lengths.length > 1 || (lengths.length === 1 && !/^[0-9]{1,15}$/.test(lengths[0]!)))
    throw new Invalid(`content-length ${lengths.join(' and ')}`);
  if (codings.length > 1 || (codings.length === 1 && codings[0]!.toLowerCase() !== 'chunked'))
    throw new Invalid(`transfer-encoding ${codings.join(' and ')}`);
  if (lengths.length === 1 && codings.length === 1) throw new Invalid('content-length and transfer-encoding');
  if (codings.length === 1) return readChunks(text, message);
  if (lengths.length === 0) {
    if (without === 'none') return message;
    return without === 'wait' ? null : { ...message, body: text.slice(message.end), end: text.length };
  }
  const end = message.end + Number(lengths[0]);
  return end > text.length ? null : { ...message, body: text.slice(message.end, end), end };
}

function readChunks(text: string, message: Message): Message | null {
  const parts: string[] = [];
  let at = message.end;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = CHUNK_LINE.exec(text.slice(at, lineEnd));
    if (size === null) throw new Invalid(`chunk line ${JSON.stringify(text.slice(at, lineEnd))}`);
    const start = lineEnd + 2;
    const length = Number.parseInt(size[1]!, 16);
    if (length === 0) return readTrailers(text, { ...message, body: parts.join(''), chunked: true, end: start });
    if (start + length + 2 > text.length) return null;
    if (text.slice(start + length, start + length + 2) !== '\r\n') throw new Invalid('no CRLF behind a chunk');
    parts.push(text.slice(start, start + length));
    at = start + length + 2;
  }
}

function readTrailers(text: string, message: Message): Message | null {
  let at = message.end;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    if (lineEnd === at) return { ...message, end: at + 2 };
    if (!FIELD.test(text.slice(at, lineEnd))) throw new Invalid(`trailer ${JSON.stringify(text.slice(at, lineEnd))}`);
    at = lineEnd + 2;
  }
}
