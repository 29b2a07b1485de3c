/** A filter chain without sockets: filters under test between the search for a route and an endpoint that keeps requests. */
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import type { NamedHttpFilter } from '../../proxy/config/model/http-filter.ts';
import type { RouteTableConfig } from '../../proxy/config/model/route.ts';
import { Exchange, type ExchangeManager } from '../../proxy/http/exchange.ts';
import { FilterChain, type HttpFilter } from '../../proxy/http/filter.ts';
import type { BoundFilter, FilterPart } from '../../proxy/http/filters/filter-part.ts';
import { RouteFinder } from '../../proxy/http/filters/route-finder.ts';
import type { LocalHead } from '../../proxy/http/local-head.ts';
import { ManagerStats } from '../../proxy/http/manager-stats.ts';
import { CONTINUE, RESPONDED } from '../../proxy/http/verdict.ts';
import type { MessageHead } from '../../proxy/http1/message-head.ts';
import type { ConnectionInfo } from '../../proxy/net/connection-info.ts';
import { Loop } from '../../proxy/net/loop.ts';
import { RouteTable } from '../../proxy/routing/route-table.ts';
import { Runtime } from '../../proxy/routing/runtime.ts';
import { FakeClock } from './fake-clock.ts';
import { CONNECTION, FakeDownstream, requestHead, responseHead } from './fake-exchange.ts';
import { seededRandom } from './fake-random.ts';
import { FakeTimers } from './fake-timers.ts';

/** Everything around filters. Time stands still until the test moves it. */
export class FakeSurroundings {
  readonly clock = new FakeClock();
  readonly loop = new Loop(this.clock, new TimerWheel(this.clock, new FakeTimers(this.clock)), seededRandom());
  readonly runtime = new Runtime();

  /** Moves the clock, and what the loop knows of it. */
  advance(ms: number): void {
    this.clock.advance({ ms });
    this.loop.refresh();
  }
}

/** A filter under the name by which routes address it. */
export function named<C extends NamedHttpFilter['config']>(
  config: C,
  change: Partial<NamedHttpFilter> = {},
): NamedHttpFilter {
  return { name: 'tested', config, disabled: false, ...change };
}

/** A client that writes down how it is held back. */
class HeldDownstream extends FakeDownstream {
  override readonly connection: ConnectionInfo;
  paused = false;

  constructor(connection: ConnectionInfo) {
    super();
    this.connection = connection;
  }

  override pauseRequest(): void {
    this.paused = true;
  }

  override resumeRequest(): void {
    this.paused = false;
  }
}

/** A request on its way, and what became of it. */
export interface SentRequest {
  readonly exchange: Exchange;
  readonly downstream: HeldDownstream;
  /** It has come to the endpoint. */
  readonly passed: boolean;
  /** Answered in front of it: the head's lines in one text, lower case; empty while it is not. */
  readonly answer: string;
}

export class FakeChain {
  readonly #chain: FilterChain;
  readonly #table: RouteTable;
  readonly #around: FakeSurroundings;
  readonly #passed = new Set<Exchange>();
  readonly #answers = new Map<Exchange, string>();
  readonly bound: readonly BoundFilter[];

  constructor(around: FakeSurroundings, table: RouteTableConfig, parts: readonly FilterPart[]) {
    this.#around = around;
    this.#table = new RouteTable(table, around.runtime, around.loop.random);
    const finder = new RouteFinder(this.#table, around.loop.random);
    this.bound = parts.map((part) => part.bind(this.#table)).filter((filter) => filter !== null);
    const first = this.#hook(CONTINUE, (exchange) => finder.find(exchange));
    this.#chain = new FilterChain([first, ...this.bound, this.#hook(RESPONDED, (each) => this.#passed.add(each))]);
  }

  #hook(verdict: typeof CONTINUE | typeof RESPONDED, run: (exchange: Exchange) => void): HttpFilter {
    const onRequest: HttpFilter['onRequest'] = (exchange) => {
      run(exchange);
      return verdict;
    };
    return { name: 'fake', onRequest, onResponse: null, onComplete: null };
  }

  /** Sends a complete request for `a.test`. */
  send(startLine: string, ...lines: readonly string[]): SentRequest {
    return this.sendHead(requestHead(startLine, ...lines));
  }

  /** `body` is what has come of it. */
  sendHead(
    head: MessageHead,
    { body = '', done = true, connection = CONNECTION, hop = -1 }: Partial<SendOptions> = {},
  ): SentRequest {
    const bytes = Buffer.from(body);
    const downstream = new HeldDownstream(connection);
    const nowMs = this.#around.loop.nowMs;
    const exchange = new Exchange(this.#manager(hop), downstream, head, bytes, 0, bytes.length, done, nowMs);
    exchange.authority = head.authority;
    exchange.runFilters();
    const [passed, answers] = [this.#passed, this.#answers];
    return {
      exchange,
      downstream,
      get passed() {
        return passed.has(exchange);
      },
      get answer() {
        return answers.get(exchange) ?? '';
      },
    };
  }

  /** Lets the endpoint answer; gives the lines of the answer in one text, lower case. */
  answer({ exchange }: SentRequest, status: number, ...lines: readonly string[]): string {
    const head = responseHead(status, ...lines);
    exchange.respond(head, Buffer.alloc(0), 0, 0, true);
    let text = '';
    head.eachLine({
      raw: (line) => {
        text += `${line}\r\n`;
      },
      line: (line) => {
        text += line.text;
      },
    });
    return text.toLowerCase();
  }

  #manager(clientHop: number): ExchangeManager {
    const { clock } = this.#around;
    return {
      active: { chain: this.#chain, table: this.#table },
      stats: new ManagerStats('fake'),
      scheme: 'http',
      hostname: 'here',
      upgrades: {},
      clientHop,
      nowMs: () => clock.nowMs(),
      wallTimeOf: (ms) => new Date(clock.wallMs() - (clock.nowMs() - ms)),
      generatedLines: () => new Uint8Array(),
      eachGenerated: () => undefined,
      prepareResponse: () => undefined,
      sendLocal: (exchange: Exchange, head: LocalHead) => {
        this.#answers.set(exchange, `${exchange.status}\r\n${head.lines()}`.toLowerCase());
      },
      complete: () => undefined,
    };
  }
}

interface SendOptions {
  readonly body: string;
  readonly done: boolean;
  readonly connection: ConnectionInfo;
  /** Of x-forwarded-for, counted from its end; -1 for the connection's own address. */
  readonly hop: number;
}
