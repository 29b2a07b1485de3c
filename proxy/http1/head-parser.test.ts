import fc from 'fast-check';
import t from 'tap';
import {
  TRAIT_CLIENT_CERT,
  TRAIT_CONNECT,
  TRAIT_ENVOY_HEADER,
  TRAIT_MAX_FORWARDS,
  TRAIT_TRACE,
  TRAIT_UNDERSCORE,
  TRAIT_UNKNOWN_EXPECTATION,
  TRAIT_UNUSUAL_PATH,
} from '../http/request-traits.ts';
import { HEADROOM_BYTES } from '../net/loop.ts';
import { parseRequestHead, parseResponseHead } from './head-parser.ts';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from './limits.ts';
import { MessageHead } from './message-head.ts';
import { COMPLETE, INCOMPLETE, PARSE_ERROR_TEXT, ParseError } from './parse-result.ts';

const SMALL: Http1Limits = { headBytes: 400, headerCount: 5, startLineBytes: 60 };

function bytesOf(text: string): Buffer {
  return Buffer.concat([Buffer.alloc(HEADROOM_BYTES), Buffer.from(text, 'latin1')]);
}

/** What a parse came to, in values that do not depend on where the bytes lay. Only `result` when it is not complete. */
interface Parsed {
  readonly result: number;
  readonly end?: number;
  /** Name, value, and 1 where the line is dropped. */
  readonly lines?: readonly (readonly [string, string, number])[];
  readonly framing?: string;
  readonly contentLength?: number;
  readonly close?: boolean;
  readonly minor?: number;
  readonly expectContinue?: boolean;
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly status?: number;
  readonly upgrade?: boolean;
  readonly traits?: number;
}

function parse(kind: 'request' | 'response', text: string, limits = DEFAULT_HTTP1_LIMITS): Parsed {
  const head = new MessageHead(limits.headerCount);
  const buffer = bytesOf(text);
  const parser = kind === 'request' ? parseRequestHead : parseResponseHead;
  const result = parser(head, buffer, HEADROOM_BYTES, buffer.length, limits);
  if (result !== COMPLETE) return { result };
  const lines = Array.from({ length: head.count }, (_, i) => [head.name(i), head.value(i), head.dropped[i]!] as const);
  const { framing, contentLength, close, minor, traits, upgrade, expectContinue, status } = head;
  const request = kind === 'request' ? { method: head.method, path: head.path, authority: head.authority } : { status };
  const end = head.end - HEADROOM_BYTES;
  return { result, end, lines, framing, contentLength, close, minor, traits, upgrade, expectContinue, ...request };
}

const get = (lines: string) => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

/** What is refused, and why. */
const REFUSED: readonly (readonly [string, keyof typeof ParseError, string])[] = [
  ['a space in front', 'startLine', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two spaces behind the method', 'target', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a tab behind the method', 'startLine', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two spaces behind the target', 'startLine', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a method of 25 characters', 'methodTooLong', `${'M'.repeat(25)} / HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['no version, as in HTTP/0.9', 'target', 'GET /x\r\n\r\n'],
  ['a fragment', 'target', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a byte above ASCII in the target', 'target', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a relative target', 'target', 'GET x HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an asterisk for GET', 'target', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an unknown scheme', 'target', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['user information in the target', 'target', 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['CONNECT to no authority', 'target', 'CONNECT a:99999 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HTTP/2', 'version', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.replace('PRI *', 'OPTIONS *')],
  ['lower-case http', 'startLine', 'GET / http/1.1\r\nHost: a\r\n\r\n'],
  ['a long version', 'version', 'GET / HTTP/11.1\r\nHost: a\r\n\r\n'],
  ['two digits of minor version', 'lineEnd', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n'],
  ['a bare LF behind the start line', 'lineEnd', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
  ['a bare LF behind a header line', 'lineEnd', get('X: 1\nY: 2\r\n')],
  ['a bare CR in a value', 'lineEnd', get('X: 1\rY: 2\r\n')],
  ['a bare CR as the empty line', 'lineEnd', 'GET / HTTP/1.1\r\nHost: a\r\n\rX'],
  ['a NUL in a value', 'fieldValue', get('X: a\0b\r\n')],
  ['a DEL in a value', 'fieldValue', get('X: a\x7fb\r\n')],
  ['a folded line', 'fieldName', get('X: a\r\n b\r\n')],
  ['a space in front of the colon', 'fieldName', get('X : a\r\n')],
  ['a line without a colon', 'fieldName', get('nonsense\r\n')],
  ['an empty name', 'fieldName', get(': a\r\n')],
  ['two lengths', 'contentLength', get('Content-Length: 3\r\nContent-Length: 3\r\n')],
  ['a list of lengths', 'contentLength', get('Content-Length: 3, 3\r\n')],
  ['a signed length', 'contentLength', get('Content-Length: +3\r\n')],
  ['an empty length', 'contentLength', get('Content-Length:\r\n')],
  ['a length of 16 digits', 'contentLength', get(`Content-Length: ${'9'.repeat(16)}\r\n`)],
  ['another coding', 'transferEncoding', get('Transfer-Encoding: gzip, chunked\r\n')],
  ['two codings', 'finalCoding', get('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n')],
  ['chunks below another coding', 'finalCoding', get('Transfer-Encoding: chunked, gzip\r\n')],
  ['chunks from HTTP/1.0', 'finalCoding', 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['length and chunks', 'framingConflict', get('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n')],
  ['no Host', 'host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', 'host', get('Host: a\r\n')],
  ['an empty Host', 'host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  ['a Host with user information', 'host', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n'],
  ['a Host with an open bracket', 'host', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n'],
  ['a Host with an escape', 'host', 'GET / HTTP/1.1\r\nHost: a%2e\r\n\r\n'],
  ['a Host with too many colons in brackets', 'host', 'GET / HTTP/1.1\r\nHost: [1:::1]\r\n\r\n'],
  ['a hop-by-hop Content-Length', 'hopByHop', get('Connection: content-length\r\nContent-Length: 3\r\n')],
  ['a hop-by-hop Authorization', 'hopByHop', get('Connection: keep-alive, Authorization\r\n')],
];

t.test('what two implementations could read differently is refused', (t) => {
  for (const [what, error, text] of REFUSED) t.equal(parse('request', text).result, ParseError[error], what);
  t.end();
});

t.test('what is over a limit is refused', (t) => {
  const over = (text: string) => parse('request', text, SMALL).result;
  t.equal(over(`GET /${'u'.repeat(60)} HTTP/1.1\r\nHost: a\r\n\r\n`), ParseError.startLineTooLong);
  t.equal(over(get('A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n')), COMPLETE);
  t.equal(over(get('A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n')), ParseError.tooManyHeaders);
  t.equal(over(get(`A: ${'1'.repeat(400)}\r\n`)), ParseError.headTooLarge, 'complete');
  t.equal(over(`GET / HTTP/1.1\r\nHost: a\r\nA: ${'1'.repeat(400)}`), ParseError.headTooLarge, 'still coming');
  t.end();
});

t.test('every refusal has a sentence, and every one can happen', (t) => {
  const reached = new Set<number>(REFUSED.map(([, error]) => ParseError[error]));
  reached.add(ParseError.emptyLines);
  reached.add(ParseError.startLineTooLong).add(ParseError.tooManyHeaders).add(ParseError.headTooLarge);
  reached.add(parse('response', 'HTTP/1.1 600 X\r\n\r\n').result);
  for (const [name, error] of Object.entries(ParseError)) {
    t.type(PARSE_ERROR_TEXT[error], 'string', name);
    t.ok(reached.has(error), `${name} is reached`);
  }
  t.end();
});

t.test('the four forms of a target are told apart', (t) => {
  t.match(parse('request', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'), { path: '*', authority: 'a' });
  t.match(parse('request', 'GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n'), { path: '/x?y', authority: 'b:81' });
  t.match(parse('request', 'GET https://[::1] HTTP/1.1\r\nHost: a\r\n\r\n'), { path: '/', authority: '[::1]' });
  t.match(parse('request', 'CONNECT b:22 HTTP/1.1\r\nHost: b:22\r\n\r\n'), { authority: 'b:22' });
  t.end();
});

t.test('the framing of a request is the one its head announces', (t) => {
  t.match(parse('request', get('')), { framing: 'none', contentLength: -1 });
  t.match(parse('request', get('Content-Length: 0\r\n')), { framing: 'none', contentLength: 0 });
  t.match(parse('request', get('Content-Length: \t12 \r\n')), { framing: 'length', contentLength: 12 });
  t.match(parse('request', get('transfer-encoding: CHUNKED\r\n')), { framing: 'chunked' });
  t.end();
});

t.test('the framing of an answer follows RFC 9112 section 6.3', (t) => {
  const answer = (status: number, lines: string) => parse('response', `HTTP/1.1 ${status} X\r\n${lines}\r\n`);
  t.match(answer(200, ''), { framing: 'close' });
  t.match(answer(200, 'Content-Length: 0\r\n'), { framing: 'none' });
  t.match(answer(200, 'Content-Length: 7\r\n'), { framing: 'length', contentLength: 7 });
  t.match(answer(200, 'Transfer-Encoding: chunked\r\n'), { framing: 'chunked' });
  t.match(answer(304, 'Content-Length: 7\r\n'), { framing: 'none', lines: [['Content-Length', '7', 0]] });
  t.match(answer(204, 'Content-Length: 7\r\n'), { framing: 'none', lines: [['Content-Length', '7', 1]] });
  t.match(answer(103, 'Transfer-Encoding: chunked\r\n'), {
    framing: 'none',
    lines: [['Transfer-Encoding', 'chunked', 1]],
  });
  t.equal(parse('response', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n').result, COMPLETE, 'no phrase and no space');
  t.equal(parse('response', 'HTTP/1.1 200OK\r\nContent-Length: 1\r\n\r\n').result, ParseError.status);
  t.equal(parse('response', 'HTTP/1.1 099 X\r\nContent-Length: 1\r\n\r\n').result, ParseError.status);
  t.equal(parse('response', 'SSH-2.0-x\r\n').result, ParseError.startLine, 'garbage is not waited for');
  t.end();
});

t.test('the connection closes when either version or field says so, whatever the order of fields', (t) => {
  const closes = (version: string, ...values: string[]) =>
    parse(
      'request',
      `GET / HTTP/${version}\r\nHost: a\r\n${values.map((each) => `Connection: ${each}\r\n`).join('')}\r\n`,
    ).close;
  t.equal(closes('1.1'), false);
  t.equal(closes('1.1', 'close'), true);
  t.equal(closes('1.1', 'close', 'keep-alive'), true);
  t.equal(closes('1.1', 'keep-alive', 'Close'), true);
  t.equal(closes('1.1', 'x-a, close, keep-alive'), true);
  t.equal(closes('1.0'), true);
  t.equal(closes('1.0', 'keep-alive'), false);
  t.equal(closes('1.0', 'Keep-Alive, x-a'), false);
  t.equal(closes('1.0', 'keep-alive', 'close'), true);
  t.end();
});

t.test('fields of the connection are dropped, and those that Connection names', (t) => {
  const dropped = [
    'Connection: x-a, Upgrade',
    'X-A: 1',
    'Upgrade: h2c',
    'HTTP2-Settings: AA',
    'Keep-Alive: 5',
    'Proxy-Connection: x',
    'TE: trailers',
    'Trailer: x',
    'Proxy-Authorization: x',
    'Proxy-Authenticate: x',
  ];
  const result = parse('request', get(`${[...dropped, 'X-B: 2'].join('\r\n')}\r\n`));
  t.equal(result.upgrade, true);
  t.same(
    result.lines!.filter(([, , gone]) => gone === 0).map(([name]) => name),
    ['Host', 'X-B'],
  );
  t.equal(parse('request', get('Upgrade: websocket\r\n')).upgrade, false, 'Connection does not name it');
  t.equal(parse('request', 'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n').upgrade, false);
  t.end();
});

t.test('traits are noticed, and a clean request has none', (t) => {
  const traits = (text: string) => parse('request', text).traits;
  const path = (target: string) => traits(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  t.equal(traits(get('User-Agent: x\r\nX-Request-Id: 1\r\nExpect: 100-continue\r\n')), 0);
  for (const usual of ['/', '/a/b.html?q=1', '/a.b/c..d', '/a/b/']) t.equal(path(usual), 0, usual);
  for (const unusual of ['//', '/a//b', '/.', '/a/../b', '/a/.b', '/%41', '/a\\b', 'http://a/'])
    t.equal(path(unusual), TRAIT_UNUSUAL_PATH, unusual);
  t.equal(traits(get('X_A: 1\r\n')), TRAIT_UNDERSCORE);
  t.equal(traits(get('X-Envoy-Retry-On: 5xx\r\n')), TRAIT_ENVOY_HEADER);
  t.equal(traits(get('X-Forwarded-Client-Cert: x\r\n')), TRAIT_CLIENT_CERT);
  t.equal(traits(get('Max-Forwards: 1\r\n')), TRAIT_MAX_FORWARDS);
  t.equal(traits(get('Expect: magic\r\n')), TRAIT_UNKNOWN_EXPECTATION);
  t.equal(traits('GET / HTTP/1.0\r\nExpect: magic\r\n\r\n'), 0, 'HTTP/1.0 has no expectations');
  t.equal(traits('TRACE / HTTP/1.1\r\nHost: a\r\n\r\n'), TRAIT_TRACE);
  t.equal(traits('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'), TRAIT_CONNECT);
  t.end();
});

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const value = fc.stringMatching(/^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]{0,20}[\x21-\x7e])?$/);
const target = fc.stringMatching(/^\/[\x21\x22\x24-\x7e]{0,30}$/);
const special = fc.constantFrom(
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'Connection: keep-alive, x-a',
  'Expect: 100-continue',
  'Te: trailers',
  ' folded',
  'no colon',
  'Bad : x',
);
const line = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(token, value).map(([name, text]) => `${name}: ${text}`) },
  { weight: 1, arbitrary: special },
);
const request = fc
  .tuple(token, target, fc.array(line, { maxLength: 7 }))
  .map(
    ([method, path, lines]) =>
      ['request', `${method} ${path} HTTP/1.1\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n`] as const,
  );
const answer = fc
  .tuple(fc.integer({ min: 90, max: 610 }), fc.array(line, { maxLength: 7 }))
  .map(
    ([status, lines]) =>
      ['response', `HTTP/1.1 ${status} OK\r\n${lines.map((each) => `${each}\r\n`).join('')}\r\n`] as const,
  );

t.test('a head in pieces gives the same result as in one piece, and nothing before', (t) => {
  const property = fc.property(fc.oneof(request, answer), ([kind, text]) => {
    const whole = parse(kind, text);
    for (let length = 1; length < text.length; length++) {
      const { result } = parse(kind, text.slice(0, length));
      // An error may show before the end, but then it is an error in one piece, too.
      if (result === INCOMPLETE) continue;
      if (result === COMPLETE || result !== whole.result) return false;
    }
    return whole.result !== INCOMPLETE;
  });
  fc.assert(property, { numRuns: 150 });
  t.end();
});

t.test('bytes behind a head change nothing', (t) => {
  const property = fc.property(fc.oneof(request, answer), fc.string({ unit: 'binary-ascii' }), ([kind, text], more) => {
    t.same(parse(kind, text + more), parse(kind, text));
  });
  fc.assert(property, { numRuns: 100 });
  t.end();
});

t.test('no bytes make the parser throw', (t) => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom('request' as const, 'response' as const),
    (bytes, kind) => {
      const { result } = parse(kind, Buffer.from(bytes).toString('latin1'));
      return result === COMPLETE || result === INCOMPLETE || PARSE_ERROR_TEXT[result] !== undefined;
    },
  );
  fc.assert(property, { numRuns: 500 });
  t.end();
});
