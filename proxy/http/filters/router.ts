/**
 * The router: the last filter, and the only place where HTTP crosses into the upstream side. It finds the route, unless
 * that was done for the filters in front, then redirects, answers, or forwards to the route's cluster. Everything that depends on the route alone is compiled into a
 * plan when the table is.
 */
import type { RouterFilterConfig } from '../../config/model/http-filter.ts';
import type { RedirectAction, RouteActionConfig } from '../../config/model/route.ts';
import type { Route, RouteTable } from '../../routing/route-table.ts';
import { Forwarding } from '../../upstream/attempt/forwarding.ts';
import type { Cluster } from '../../upstream/cluster.ts';
import type { Exchange } from '../exchange.ts';
import { NO_ROUTE, NOT_FORWARDED, UPGRADE_REFUSED } from '../failure.ts';
import type { HttpFilter } from '../filter.ts';
import { rewriteHost, rewritePath } from '../host-rewrite.ts';
import type { ResponseFields } from '../local-head.ts';
import type { RequestHead } from '../message.ts';
import { redirectLocation } from '../redirect.ts';
import { RESPONDED, type Verdict } from '../verdict.ts';
import { steer } from './request-steering.ts';
import { type RouteFinder, schemeOf } from './route-finder.ts';
import { compilePlan, type ForwardPlan, type Plan, type PlanDeps } from './route-plan.ts';

/** How a CONNECT is called in upgrade_configs. */
const CONNECT = 'connect';

export class RouterFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.router';
  readonly onComplete = null;
  readonly onRequest: (exchange: Exchange) => Verdict;
  readonly onResponse: (exchange: Exchange, head: ResponseFields) => void;
  /** Null when routes are found in front of the filters. */
  readonly #finder: RouteFinder | null;
  readonly #deps: PlanDeps;
  readonly #tellOriginals: boolean;
  /** By the routes' index. */
  readonly #plans: Plan[] = [];

  /** `routed`: the finder has been asked when a request comes here. */
  constructor(config: RouterFilterConfig, table: RouteTable, finder: RouteFinder, routed: boolean, deps: PlanDeps) {
    this.#finder = routed ? null : finder;
    this.#deps = deps;
    this.#tellOriginals = !config.suppressEnvoyHeaders;
    for (const route of table.routes()) this.#plans[route.index] = compilePlan(route, config, deps);
    this.onRequest = (exchange) => this.#route(exchange, finder);
    this.onResponse = (exchange, head) => this.#editResponse(exchange, head);
  }

  #route(exchange: Exchange, finder: RouteFinder): Verdict {
    this.#finder?.find(exchange);
    const { route } = exchange;
    if (route === null) {
      if (finder.wantsTls(exchange)) this.#sendToTls(exchange);
      else {
        exchange.manager.stats.noRoute++;
        exchange.fail(NO_ROUTE);
      }
      return RESPONDED;
    }
    const { action } = route.config;
    if (exchange.upgrade !== '' && !this.#mayUpgrade(exchange, action)) {
      exchange.fail(UPGRADE_REFUSED);
      return RESPONDED;
    }
    switch (action.kind) {
      case 'forward':
        this.#forward(exchange, this.#plans[route.index]!);
        return RESPONDED;
      case 'redirect':
        exchange.manager.stats.redirect++;
        this.#redirect(exchange, route, action);
        return RESPONDED;
      case 'direct-response':
        exchange.manager.stats.directResponse++;
        exchange.answer(action.status, '', action.body);
        return RESPONDED;
      case 'non-forwarding':
        exchange.fail(NOT_FORWARDED);
        return RESPONDED;
    }
  }

  /** A route's own word counts more than that of the connection manager. */
  #mayUpgrade({ upgrade, manager }: Exchange, action: RouteActionConfig): boolean {
    const byRoute = action.kind === 'forward' ? action.upgrades[upgrade] : undefined;
    return byRoute ?? manager.upgrades[upgrade] ?? false;
  }

  /** require_tls: a client that came in the clear is sent to https. */
  #sendToTls(exchange: Exchange): void {
    const { authority, path } = exchange.head;
    exchange.manager.stats.redirect++;
    exchange.answer(301, `location: https://${authority}${path}\r\n`, '');
  }

  #forward(exchange: Exchange, plan: Plan): void {
    const forward = plan.forward!;
    const cluster = this.#cluster(exchange, forward);
    if (cluster === undefined) {
      exchange.manager.stats.noCluster++;
      exchange.fail(forward.notFound);
      return;
    }
    const { head, weighted } = exchange;
    exchange.clusterName = cluster.name;
    // Before any edit, as in Envoy: what the client sent decides.
    if (forward.hashPolicy !== null && cluster.hashes) exchange.hash = forward.hashPolicy.hash(exchange);
    exchange.subset = weighted?.subset ?? forward.action.subset;
    exchange.expectedTimeoutMs = forward.expectedTimeoutMs;
    exchange.ownIdleTimeout = forward.action.idleTimeoutMs !== null;
    if (weighted !== null) {
      const edits = forward.weighted!.get(weighted)!.requestEdits;
      if (edits !== null) for (const each of edits) each.apply(head, exchange);
    }
    if (plan.requestEdits !== null) for (const each of plan.requestEdits) each.apply(head, exchange);
    if (forward.rewriteHost !== null || weighted?.hostRewrite) this.#rewriteHost(exchange, forward, head);
    exchange.connectsTcp = exchange.upgrade === CONNECT && forward.action.terminatesConnect;
    if (exchange.upgrade !== '' && exchange.upgrade !== CONNECT) {
      head.add('connection', 'upgrade');
      head.add('upgrade', head.upgradeValue);
    }
    if (forward.rewritePath !== null) rewritePath(head, forward.rewritePath(head.path), this.#tellOriginals);
    const { options } = forward;
    const steered = exchange.internal ? steer(head, options) : null;
    if (steered !== null) exchange.expectedTimeoutMs = steered.limits?.perTryMs || steered.timeoutMs;
    new Forwarding(exchange, cluster, steered ?? options).start();
  }

  #rewriteHost(exchange: Exchange, forward: ForwardPlan, head: RequestHead): void {
    const host = exchange.weighted?.hostRewrite ?? forward.rewriteHost?.(exchange) ?? null;
    if (host !== null) rewriteHost(head, host, forward.action.appendForwardedHost, this.#tellOriginals);
  }

  #cluster(exchange: Exchange, forward: ForwardPlan): Cluster | undefined {
    const { clusters } = this.#deps;
    const { cluster } = forward.action;
    switch (cluster.kind) {
      case 'cluster':
        return clusters.get(cluster.name);
      case 'header': {
        const name = exchange.head.first(forward.clusterHeader!);
        return name === null ? undefined : clusters.get(name);
      }
      case 'weighted':
        return clusters.get(exchange.weighted!.name);
    }
  }

  #redirect(exchange: Exchange, route: Route, action: RedirectAction): void {
    const { path } = route.config.match;
    const { head } = exchange;
    const request = { scheme: schemeOf(exchange), authority: head.authority, path: head.path };
    const location = redirectLocation(action, request, 'value' in path ? path.value : '');
    exchange.answer(action.status, `location: ${location}\r\n`, '');
  }

  #editResponse(exchange: Exchange, head: ResponseFields): void {
    const cookies = exchange.hash?.newCookies;
    if (cookies && exchange.failure === null) for (const each of cookies) head.add('set-cookie', each);
    if (exchange.route === null || exchange.unedited) return;
    const plan = this.#plans[exchange.route.index]!;
    if (exchange.weighted !== null) {
      const edits = plan.forward!.weighted!.get(exchange.weighted)!.responseEdits;
      if (edits !== null) for (const each of edits) each.apply(head, exchange, head);
    }
    if (plan.responseEdits !== null) for (const each of plan.responseEdits) each.apply(head, exchange, head);
  }
}
