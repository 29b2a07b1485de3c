/**
 * The compiled route table: virtual host by domain, then the first route that matches (envoy.config.route.v3).
 *
 *   authority ──► exact ──► longest "*.suffix" ──► longest "prefix.*" ──► "*"      (a wildcard stands for at least one byte)
 *   routes    ──► in order: path, headers, query, share of requests
 *
 * Nothing is built at run time: a request costs one map look-up and the tests of the routes before its own. HOT.
 */
import type { Random } from '../../kernel/random.ts';
import type { RouteConfig, RouteTableConfig, VirtualHostConfig } from '../config/model/route.ts';
import { isGrpcRequest } from '../http/grpc-request.ts';
import type { RequestHead } from '../http/message.ts';
import { TRAIT_CONNECT } from '../http/request-traits.ts';
import { HeaderMatcher, PathTest, QueryMatcher } from './matchers.ts';
import { drawFraction, type Runtime } from './runtime.ts';

/** What a request must have to be routed. `authority` is lower case. */
export interface RoutedRequest {
  readonly authority: string;
  readonly head: RequestHead;
}

/** One compiled route, with the levels above it. */
export class Route {
  /** Its place among the routes of its table, for whoever keeps something for each. */
  readonly index: number;
  readonly config: RouteConfig;
  readonly virtualHost: VirtualHostConfig;
  readonly table: RouteTableConfig;
  readonly #path: PathTest;
  readonly #connect: boolean;
  readonly #headers: readonly HeaderMatcher[];
  readonly #query: readonly QueryMatcher[];

  constructor(index: number, config: RouteConfig, virtualHost: VirtualHostConfig, table: RouteTableConfig) {
    this.index = index;
    this.config = config;
    this.virtualHost = virtualHost;
    this.table = table;
    this.#path = new PathTest(config.match.path);
    this.#connect = config.match.path.kind === 'connect';
    this.#headers = config.match.headers.map((each) => new HeaderMatcher(each));
    this.#query = config.match.query.map((each) => new QueryMatcher(each));
  }

  matches(path: string, query: string, head: RequestHead, runtime: Runtime, draw: Pick<Random, 'next'>): boolean {
    if (((head.traits & TRAIT_CONNECT) !== 0) !== this.#connect || !this.#path.fits(path)) return false;
    for (const matcher of this.#headers) if (!matcher.matches(head)) return false;
    for (const matcher of this.#query) if (!matcher.matches(query)) return false;
    const { runtimeFraction, grpcOnly } = this.config.match;
    if (grpcOnly && !isGrpcRequest(head)) return false;
    return runtimeFraction === null || drawFraction(runtimeFraction, runtime, draw);
  }
}

/** One number for all the shares of one request, as in Envoy: whom a route of 30 % leaves out, one of 20 % leaves out, too. */
class OneDraw {
  readonly #random: Random;
  #drawn = -1;

  constructor(random: Random) {
    this.#random = random;
  }

  reset(): void {
    this.#drawn = -1;
  }

  next(): number {
    if (this.#drawn < 0) this.#drawn = this.#random.next();
    return this.#drawn;
  }
}

interface Wildcard {
  readonly text: string;
  readonly routes: readonly Route[];
}

export class RouteTable {
  readonly config: RouteTableConfig;
  readonly #runtime: Runtime;
  readonly #draw: OneDraw;
  readonly #exact = new Map<string, readonly Route[]>();
  /** Longest first. */
  readonly #suffixes: readonly Wildcard[];
  readonly #prefixes: readonly Wildcard[];
  readonly #any: readonly Route[] | null;
  /** The target of the last request, and its two parts. */
  #target = '';
  #path = '';
  #query = '';
  /** Some route takes CONNECT. */
  readonly takesConnect: boolean;
  /** Some route matches on a header that the connection manager generates. */
  readonly readsGeneratedHeaders: boolean;

  constructor(config: RouteTableConfig, runtime: Runtime, random: Random) {
    this.config = config;
    this.#runtime = runtime;
    this.#draw = new OneDraw(random);
    const suffixes: Wildcard[] = [];
    const prefixes: Wildcard[] = [];
    let any: readonly Route[] | null = null;
    let count = 0;
    for (const virtualHost of config.virtualHosts) {
      const routes = virtualHost.routes.map((each) => new Route(count++, each, virtualHost, config));
      for (const domain of virtualHost.domains) {
        if (domain === '*') any = routes;
        else if (domain.startsWith('*')) suffixes.push({ text: domain.slice(1), routes });
        else if (domain.endsWith('*')) prefixes.push({ text: domain.slice(0, -1), routes });
        else this.#exact.set(domain, routes);
      }
    }
    this.#suffixes = suffixes.sort(longestFirst);
    this.#prefixes = prefixes.sort(longestFirst);
    this.#any = any;
    const matches = config.virtualHosts.flatMap((each) => each.routes).map((each) => each.match);
    this.takesConnect = matches.some((each) => each.path.kind === 'connect');
    this.readsGeneratedHeaders = matches
      .flatMap((each) => each.headers)
      .some((each) => each.name === 'x-request-id' || each.name === 'x-forwarded-proto');
  }

  /** Every compiled route once. */
  routes(): ReadonlySet<Route> {
    const lists = [...this.#exact.values(), ...[...this.#suffixes, ...this.#prefixes].map((each) => each.routes)];
    return new Set([...lists.flat(), ...(this.#any ?? [])]);
  }

  /** The route of a request, or null when no virtual host or no route matches. HOT. */
  match(request: RoutedRequest): Route | null {
    const routes = this.#routesOf(request.authority);
    if (routes === null) return null;
    this.#split(request.head.path);
    this.#draw.reset();
    for (const route of routes) {
      if (route.matches(this.#path, this.#query, request.head, this.#runtime, this.#draw)) return route;
    }
    return null;
  }

  /** Clients ask for the same again and again. */
  #split(target: string): void {
    if (target === this.#target) return;
    const mark = target.indexOf('?');
    this.#target = target;
    this.#path = mark < 0 ? target : target.slice(0, mark);
    this.#query = mark < 0 ? '' : target.slice(mark + 1);
  }

  /** The virtual host of a request, or null when none matches. */
  virtualHostOf(request: Pick<RoutedRequest, 'authority'>): VirtualHostConfig | null {
    return this.#routesOf(request.authority)?.[0]?.virtualHost ?? null;
  }

  #routesOf(authority: string): readonly Route[] | null {
    const host = this.config.ignorePortInHostMatching ? withoutPort(authority) : authority;
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    for (const { text, routes } of this.#suffixes) if (host.length > text.length && host.endsWith(text)) return routes;
    for (const { text, routes } of this.#prefixes)
      if (host.length > text.length && host.startsWith(text)) return routes;
    return this.#any;
  }
}

function longestFirst(a: Wildcard, b: Wildcard): number {
  return b.text.length - a.text.length;
}

/** Cuts `:port` off a host; an IPv6 literal keeps its brackets. */
export function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.indexOf(']', colon) >= 0) return authority;
  return authority.slice(0, colon);
}
