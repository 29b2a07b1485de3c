/**
 * Micro-benchmarks of the HTTP/1.1 path: what one request asks of the parser, of the writer, of the route table, and of
 * all of them together between the read of a client's bytes and the write of the answer, without sockets.
 */
import { SystemClock } from '../../kernel/clock.ts';
import { SeededRandom } from '../../kernel/random.ts';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { SystemTimers } from '../../kernel/timers.ts';
import { HeaderName } from '../../proxy/http/header-name.ts';
import { RESPONDED } from '../../proxy/http/verdict.ts';
import { parseRequestHead, parseResponseHead } from '../../proxy/http1/head-parser.ts';
import { DEFAULT_HTTP1_LIMITS, FIXED_LIMITS } from '../../proxy/http1/limits.ts';
import { MessageHead } from '../../proxy/http1/message-head.ts';
import { Http1Outgoing } from '../../proxy/http1/outgoing.ts';
import { COMPLETE } from '../../proxy/http1/parse-result.ts';
import { Http1ServerConnection } from '../../proxy/http1/server-connection.ts';
import { HEADROOM_BYTES, Loop } from '../../proxy/net/loop.ts';
import { Transport } from '../../proxy/net/transport.ts';
import { CONNECTION, managerOf, OWNER, sinkSocket, tableEndingIn } from './http-fixtures.ts';
import type { MicroBenchmark } from './runner.ts';

const SMALL = 'GET /api/orders HTTP/1.1\r\nHost: shop.test\r\nConnection: keep-alive\r\n\r\n';

/** 624 bytes, as a browser behind a load balancer sends them. */
const REAL = [
  'GET /api/v1/orders?customer=4711&page=2 HTTP/1.1',
  'Host: shop.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.9,de;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Referer: https://shop.example.com/account/orders',
  'Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=1',
  'Cache-Control: no-cache',
  'Sec-Fetch-Site: same-origin',
  'X-Request-Start: t=1893456000123',
  'X-Trace: 4bf92f3577b34da6a3ce929d0e0e4736',
  '',
  '',
].join('\r\n');

const RESPONSE =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n' +
  'Date: Tue, 01 Jan 2030 00:00:00 GMT\r\n\r\n{"ok":"true"}';

const GENERATED = Buffer.from('x-request-id: 00000000-0000-4000-8000-000000000000\r\nx-forwarded-proto: http\r\n');
const ABSENT = new HeaderName('x-absent');

interface Message {
  readonly buffer: Buffer;
  readonly bytes: Buffer;
  readonly end: number;
}

/** The message as a read leaves it: behind the headroom. */
function message(text: string): Message {
  const bytes = Buffer.from(text, 'latin1');
  const buffer = Buffer.alloc(HEADROOM_BYTES + 65_536);
  bytes.copy(buffer, HEADROOM_BYTES);
  return { buffer, bytes, end: HEADROOM_BYTES + bytes.length };
}

function newHead(): MessageHead {
  return new MessageHead(FIXED_LIMITS.headerCountMax);
}

function newLoop(): Loop {
  const clock = new SystemClock();
  return new Loop(clock, new TimerWheel(clock, new SystemTimers({ unref: true })), new SeededRandom(1));
}

function parseRequest(text: string): (iterations: number) => unknown {
  const { buffer, end } = message(text);
  const head = newHead();
  return (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) {
      sum += parseRequestHead(head, buffer, HEADROOM_BYTES, end, DEFAULT_HTTP1_LIMITS);
    }
    if (sum !== iterations * COMPLETE) throw new Error('the request is not valid');
    return head.end;
  };
}

function parseResponse(iterations: number): unknown {
  const { buffer, end } = message(RESPONSE);
  const head = newHead();
  let sum = 0;
  for (let i = 0; i < iterations; i++) {
    sum += parseResponseHead(head, buffer, HEADROOM_BYTES, end, DEFAULT_HTTP1_LIMITS);
  }
  return sum;
}

/** With the parse and the copy that puts the bytes back; `inPlace: false` drops a line first, which needs the scratch. */
function composeRequest(inPlace: boolean): (iterations: number) => unknown {
  const { buffer, bytes, end } = message(REAL);
  const { out } = newLoop();
  const head = newHead();
  return (iterations) => {
    let length = 0;
    for (let i = 0; i < iterations; i++) {
      bytes.copy(buffer, HEADROOM_BYTES);
      parseRequestHead(head, buffer, HEADROOM_BYTES, end, DEFAULT_HTTP1_LIMITS);
      if (!inPlace) head.drop(head.count - 1);
      length += head.composeRequest(out, GENERATED, buffer, end, end).length;
    }
    return length;
  };
}

function matchRoute(iterations: number): unknown {
  const { buffer, end } = message(REAL);
  const head = newHead();
  const routes = tableEndingIn('/api/');
  parseRequestHead(head, buffer, HEADROOM_BYTES, end, DEFAULT_HTTP1_LIMITS);
  const request = { authority: 'shop.example.com', head };
  let found = 0;
  for (let i = 0; i < iterations; i++) if (routes.match(request) !== null) found++;
  return found;
}

function findAbsent(iterations: number): unknown {
  const { buffer, end } = message(REAL);
  const head = newHead();
  parseRequestHead(head, buffer, HEADROOM_BYTES, end, DEFAULT_HTTP1_LIMITS);
  let sum = 0;
  for (let i = 0; i < iterations; i++) sum += head.find(ABSENT, 0);
  return sum;
}

/**
 * From the client's bytes to the written answer: server connection, manager, route table, request and response writer.
 * The endpoint's side is a response that is parsed at once.
 */
function exchange(iterations: number): unknown {
  const loop = newLoop();
  const routes = tableEndingIn('/api/');
  const endpoint = message(RESPONSE);
  const responseHead = newHead();
  const manager = managerOf(loop, routes, (each) => {
    if (routes.match(each) === null) throw new Error('no route');
    each.sent = Http1Outgoing.of(loop, each);
    endpoint.bytes.copy(endpoint.buffer, HEADROOM_BYTES);
    parseResponseHead(responseHead, endpoint.buffer, HEADROOM_BYTES, endpoint.end, DEFAULT_HTTP1_LIMITS);
    each.respond(responseHead, endpoint.buffer, responseHead.end, endpoint.end, true);
    return RESPONDED;
  });
  const connection = new Http1ServerConnection(loop, manager, DEFAULT_HTTP1_LIMITS, newHead(), CONNECTION, OWNER);
  const { socket, written } = sinkSocket();
  connection.attach(new Transport(loop, socket, connection));
  const { buffer, bytes, end } = message(REAL);
  for (let i = 0; i < iterations; i++) {
    bytes.copy(buffer, HEADROOM_BYTES);
    connection.onBytes(buffer, HEADROOM_BYTES, end);
  }
  loop.wheel.destroy();
  return written();
}

/** One operation is one message. */
export const benchmarks: readonly MicroBenchmark[] = [
  { name: 'http1/parse request small', run: parseRequest(SMALL) },
  { name: 'http1/parse request real', run: parseRequest(REAL) },
  { name: 'http1/parse response', run: parseResponse },
  { name: 'http1/parse and compose request in place', run: composeRequest(true) },
  { name: 'http1/parse and compose request through scratch', run: composeRequest(false) },
  { name: 'http1/find absent header', run: findAbsent },
  { name: 'routing/match the last of 31 routes', run: matchRoute },
  { name: 'http1/exchange without sockets', run: exchange },
];
