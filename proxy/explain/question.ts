/** A request that nobody has sent: what would become of it is asked on the admin port. */
import type { RequestHead } from '../http/message.ts';
import { parseRequestHead } from '../http1/head-parser.ts';
import { DEFAULT_HTTP1_LIMITS, FIXED_LIMITS } from '../http1/limits.ts';
import { MessageHead } from '../http1/message-head.ts';
import { COMPLETE, PARSE_ERROR_TEXT } from '../http1/parse-result.ts';
import { HEADROOM_BYTES } from '../net/loop.ts';

/** What is asked about. */
export interface Question {
  /** Lower case, with its port if it has one. */
  readonly authority: string;
  readonly head: RequestHead;
}

/**
 * Makes the request out of `method` (default GET), `host`, `path` (default /) and any number of `header=NAME: VALUE`, by
 * the parser that real requests pass.
 *
 * @returns one sentence when it is no request.
 */
export function readQuestion(query: URLSearchParams): Question | string {
  const host = query.get('host') ?? '';
  if (host === '') return 'host is missing: /explain?host=catalog&path=/products&method=GET&header=x-team: blue';
  const method = query.get('method') ?? 'GET';
  const path = query.get('path') ?? '/';
  const headers = query.getAll('header');
  for (const [name, value] of [
    ['host', host],
    ['method', method],
    ['path', path],
  ] as const)
    if (/[\r\n]/.test(value)) return `${name} holds a line end`;
  for (const header of headers)
    if (!/^[^:\r\n]+:[^\r\n]*$/.test(header)) return `header=${header} is no header: name: value is one`;
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, ...headers];
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const buffer = Buffer.concat([Buffer.alloc(HEADROOM_BYTES), bytes]);
  const head = new MessageHead(FIXED_LIMITS.headerCountMax);
  const result = parseRequestHead(head, buffer, HEADROOM_BYTES, buffer.length, DEFAULT_HTTP1_LIMITS);
  if (result !== COMPLETE) return `this is no request: ${PARSE_ERROR_TEXT[result] ?? 'it is not complete'}`;
  return { authority: host.toLowerCase(), head };
}
