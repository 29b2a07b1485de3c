/** Exchanges without sockets: a request head parsed from text, and sides that only write down what they are told. */
import { type Downstream, Exchange, type ExchangeManager } from '../../proxy/http/exchange.ts';
import { FilterChain } from '../../proxy/http/filter.ts';
import type { LocalHead } from '../../proxy/http/local-head.ts';
import { ManagerStats } from '../../proxy/http/manager-stats.ts';
import { parseRequestHead, parseResponseHead } from '../../proxy/http1/head-parser.ts';
import { DEFAULT_HTTP1_LIMITS } from '../../proxy/http1/limits.ts';
import { MessageHead } from '../../proxy/http1/message-head.ts';
import { COMPLETE } from '../../proxy/http1/parse-result.ts';
import type { ConnectionInfo } from '../../proxy/net/connection-info.ts';
import { HEADROOM_BYTES } from '../../proxy/net/loop.ts';
import type { FakeClock } from './fake-clock.ts';

/** A request head. `lines` are whole header lines without their CRLF; there is always `Host: a.test`. */
export function requestHead(startLine: string, ...lines: readonly string[]): MessageHead {
  return parsed(parseRequestHead, [`${startLine} HTTP/1.1`, 'Host: a.test', ...lines]);
}

/** The head of an endpoint's answer. */
export function responseHead(status: number, ...lines: readonly string[]): MessageHead {
  return parsed(parseResponseHead, [`HTTP/1.1 ${status} Fine`, ...lines]);
}

function parsed(parse: typeof parseRequestHead, lines: readonly string[]): MessageHead {
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const buffer = Buffer.concat([Buffer.alloc(HEADROOM_BYTES), bytes]);
  const head = new MessageHead(100);
  const result = parse(head, buffer, HEADROOM_BYTES, buffer.length, DEFAULT_HTTP1_LIMITS);
  if (result !== COMPLETE) throw new Error(`${JSON.stringify(lines)} is not a head: ${result}`);
  return head;
}

const CLIENT = { host: '10.0.0.7', port: 4711 };

/** A connection in the clear. */
export const CONNECTION: ConnectionInfo = {
  id: 0,
  remote: CLIENT,
  directRemote: CLIENT,
  local: { host: '10.0.0.1', port: 80 },
  restored: false,
  source: null,
  serverName: null,
  tls: null,
};

/** A client that keeps nothing. */
export class FakeDownstream implements Downstream {
  readonly connection = CONNECTION;
  readonly protocol = 'HTTP/1.1';
  readonly acceptsChunked = true;
  readonly acceptsTrailers = false;
  sendHead(): void {}
  sendBody(): void {}
  sendTrailers(): void {}
  sendLocal(): void {}
  sendInterim(): void {}
  abort(): void {}
  pauseRequest(): void {}
  resumeRequest(): void {}
  armTimeout(): void {}
}

/** A complete exchange at the clock's time, without filters. What the manager answers by itself is dropped. */
export function fakeExchange(clock: FakeClock, head: MessageHead): Exchange {
  const manager: ExchangeManager = {
    active: { chain: new FilterChain([]), table: null },
    stats: new ManagerStats('fake'),
    scheme: 'http',
    hostname: 'here',
    upgrades: {},
    clientHop: -1,
    nowMs: () => clock.nowMs(),
    wallTimeOf: (ms) => new Date(clock.wallMs() - (clock.nowMs() - ms)),
    generatedLines: () => new Uint8Array(),
    eachGenerated: () => undefined,
    prepareResponse: () => undefined,
    sendLocal: (_exchange: Exchange, _head: LocalHead) => undefined,
    complete: () => undefined,
  };
  return new Exchange(manager, new FakeDownstream(), head, Buffer.alloc(0), 0, 0, true, clock.nowMs());
}
