/**
 * envoy.filters.http.cors: lets pages of other origins read answers (Fetch standard, "CORS protocol"). Policies stand in
 * the route table; without one for its route a request passes as it is.
 *
 *   preflight (OPTIONS with origin and access-control-request-method)  ─► answered here, or forwarded if nothing fits
 *   any other request with an origin that is allowed                   ─► its answer says so
 */

import type { Random } from '../../../../kernel/random.ts';
import type { CorsPolicyConfig, NamedHttpFilter } from '../../../config/model/http-filter.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { Runtime } from '../../../routing/runtime.ts';
import type { Exchange } from '../../exchange.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import { HeaderName } from '../../header-name.ts';
import type { ResponseFields } from '../../local-head.ts';
import type { RequestHead } from '../../message.ts';
import { CONTINUE, RESPONDED, type Verdict } from '../../verdict.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import { CorsPolicy } from './cors-policy.ts';
import type { CorsStats } from './cors-stats.ts';

const ORIGIN = new HeaderName('origin');
const REQUEST_METHOD = new HeaderName('access-control-request-method');
const REQUEST_HEADERS = new HeaderName('access-control-request-headers');
const REQUEST_PRIVATE = new HeaderName('access-control-request-private-network');
const ALLOW_ORIGIN = new HeaderName('access-control-allow-origin');
const ALLOW_CREDENTIALS = new HeaderName('access-control-allow-credentials');
const EXPOSE_HEADERS = new HeaderName('access-control-expose-headers');

/** A request of an origin that is allowed. */
export interface AllowedOrigin {
  readonly origin: string;
  readonly policy: CorsPolicy;
}

/** What the filter is made with. */
export interface CorsDeps {
  readonly runtime: Runtime;
  readonly random: Random;
  readonly stats: CorsStats;
  readonly slot: FilterSlot<AllowedOrigin>;
}

export class CorsFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #deps: CorsDeps;

  constructor(filter: NamedHttpFilter, deps: CorsDeps) {
    this.#filter = filter;
    this.#deps = deps;
  }

  bind(table: RouteTable): BoundFilter | null {
    const { runtime, random, slot } = this.#deps;
    const settings = RouteSettings.compile<CorsPolicyConfig, CorsPolicy>(table, {
      filter: this.#filter,
      own: null,
      kind: 'cors-policy',
      compile: (levels) => new CorsPolicy(levels, runtime, random),
    });
    if (!settings.active) return null;
    return {
      name: this.#filter.name,
      headersRead: new Set(),
      onRequest: (exchange) => {
        const policy = settings.of(exchange);
        return policy === null ? CONTINUE : this.#apply(exchange, policy);
      },
      onResponse: (exchange, head) => {
        const allowed = slot.get(exchange);
        if (allowed !== null) tellAllowed(allowed, head);
      },
      onComplete: null,
    };
  }

  #apply(exchange: Exchange, policy: CorsPolicy): Verdict {
    const { head, route } = exchange;
    // What a route answers by itself is not read from another origin's point of view.
    if (route?.config.action.kind !== 'forward') return CONTINUE;
    const origin = head.first(ORIGIN) ?? '';
    const force = origin === '' ? 'off' : policy.draw();
    if (force === 'off') return CONTINUE;
    const { stats, slot } = this.#deps;
    const allowed = policy.allowsOrigin(origin);
    if (allowed) stats.originValid++;
    else stats.originInvalid++;
    if (force === 'shadow') return CONTINUE;
    if (allowed) slot.put(exchange, { origin, policy });
    if (!isPreflight(head) || (!allowed && policy.forwardNotMatchingPreflights)) return CONTINUE;
    if (exchange.record !== null) exchange.record.localDetails = 'cors_response';
    // It tells what the route allows, and is no answer of the route.
    exchange.unedited = true;
    exchange.answer(200, preflightLines(head, policy), '');
    return RESPONDED;
  }
}

function isPreflight(head: RequestHead): boolean {
  return head.method === 'OPTIONS' && (head.first(REQUEST_METHOD) ?? '') !== '';
}

/** Whole header lines; those that every answer to the origin gets are added to it later. */
function preflightLines(head: RequestHead, policy: CorsPolicy): string {
  const methods = policy.allowMethods === '*' ? head.first(REQUEST_METHOD) : policy.allowMethods;
  const headers = policy.allowHeaders === '*' ? head.first(REQUEST_HEADERS) : policy.allowHeaders;
  let lines = '';
  if (policy.allowCredentials) lines += 'access-control-allow-credentials: true\r\n';
  if (methods) lines += `access-control-allow-methods: ${methods}\r\n`;
  if (headers) lines += `access-control-allow-headers: ${headers}\r\n`;
  if (policy.maxAge !== '') lines += `access-control-max-age: ${policy.maxAge}\r\n`;
  if (policy.allowPrivateNetworkAccess && head.first(REQUEST_PRIVATE) === 'true')
    lines += 'access-control-allow-private-network: true\r\n';
  return lines;
}

/** In place of what the endpoint says about it. */
function tellAllowed({ origin, policy }: AllowedOrigin, head: ResponseFields): void {
  set(head, ALLOW_ORIGIN, origin);
  if (policy.allowCredentials) set(head, ALLOW_CREDENTIALS, 'true');
  if (policy.exposeHeaders !== '') set(head, EXPOSE_HEADERS, policy.exposeHeaders);
}

function set(head: ResponseFields, name: HeaderName, value: string): void {
  head.remove(name);
  head.add(name.name, value);
}
