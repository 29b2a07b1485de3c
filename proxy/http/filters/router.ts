/**
 * The router: the last filter, and the only place where HTTP crosses into the upstream side. It finds the route, then
 * redirects, answers, or forwards to the route's cluster. Everything that depends on the route alone is compiled into a
 * plan when the table is.
 */
import type { Random } from '../../../kernel/random.ts';
import type {
  ForwardAction,
  HeaderEdits,
  RedirectAction,
  RouterFilterConfig,
  WeightedCluster,
} from '../../config/model.ts';
import { compileRegex } from '../../routing/matchers.ts';
import type { Route, RouteTable } from '../../routing/route-table.ts';
import { drawWeighted } from '../../routing/weighted-split.ts';
import { Forwarding, type ForwardOptions } from '../../upstream/attempt/forwarding.ts';
import { RetryPolicy } from '../../upstream/attempt/retry-policy.ts';
import type { Cluster } from '../../upstream/cluster.ts';
import type { ClusterManager } from '../../upstream/cluster-manager.ts';
import type { Exchange } from '../exchange.ts';
import { type Failure, NO_CLUSTER, NO_ROUTE } from '../failure.ts';
import type { HttpFilter } from '../filter.ts';
import { type CompiledEdits, compileEdits } from '../header-edits.ts';
import { HeaderName } from '../header-name.ts';
import type { ResponseHead } from '../message.ts';
import { redirectLocation } from '../redirect.ts';
import { RESPONDED, type Verdict } from '../verdict.ts';

/** What a route means, worked out beforehand. */
interface Plan {
  readonly requestEdits: readonly CompiledEdits[] | null;
  readonly responseEdits: readonly CompiledEdits[] | null;
  readonly forward: ForwardPlan | null;
}

interface ForwardPlan {
  readonly action: ForwardAction;
  readonly options: ForwardOptions;
  readonly clusterHeader: HeaderName | null;
  readonly weighted: ReadonlyMap<WeightedCluster, Plan> | null;
  readonly rewritePath: ((path: string) => string) | null;
  readonly rewriteHost: ((exchange: Exchange) => string | null) | null;
  readonly notFound: Failure;
}

export class RouterFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.router';
  readonly onComplete = null;
  readonly onRequest: (exchange: Exchange) => Verdict;
  readonly onResponse: (exchange: Exchange, head: ResponseHead) => void;
  readonly #table: RouteTable;
  readonly #clusters: ClusterManager;
  readonly #random: Random;
  readonly #plans = new Map<Route, Plan>();

  constructor(config: RouterFilterConfig, table: RouteTable, clusters: ClusterManager, random: Random) {
    this.#table = table;
    this.#clusters = clusters;
    this.#random = random;
    for (const route of table.routes()) this.#plans.set(route, compilePlan(route, config));
    this.onRequest = (exchange) => this.#route(exchange);
    this.onResponse = (exchange, head) => this.#editResponse(exchange, head);
  }

  #route(exchange: Exchange): Verdict {
    const route = this.#table.match(exchange);
    if (route === null) {
      exchange.manager.stats.noRoute++;
      exchange.fail(NO_ROUTE);
      return RESPONDED;
    }
    exchange.route = route;
    const { action } = route.config;
    switch (action.kind) {
      case 'forward':
        this.#forward(exchange, this.#plans.get(route)!);
        return RESPONDED;
      case 'redirect':
        exchange.manager.stats.redirect++;
        this.#redirect(exchange, route, action);
        return RESPONDED;
      case 'direct-response':
        exchange.manager.stats.directResponse++;
        exchange.answer(action.status, this.#localLines(exchange), action.body);
        return RESPONDED;
      case 'non-forwarding':
        exchange.fail(NO_ROUTE);
        return RESPONDED;
    }
  }

  #forward(exchange: Exchange, plan: Plan): void {
    const forward = plan.forward!;
    const cluster = this.#cluster(exchange, forward);
    if (cluster === undefined) {
      exchange.manager.stats.noCluster++;
      exchange.fail(forward.notFound);
      return;
    }
    const { head } = exchange;
    exchange.clusterName = cluster.name;
    if (forward.rewritePath !== null) head.setPath(forward.rewritePath(head.path));
    if (forward.rewriteHost !== null) {
      const host = forward.rewriteHost(exchange);
      if (host !== null) head.setAuthority(host);
    }
    const { weighted } = exchange;
    if (weighted !== null) {
      const edits = forward.weighted!.get(weighted)!.requestEdits;
      if (edits !== null) for (const each of edits) each.apply(head, exchange);
      if (weighted.hostRewrite !== null) head.setAuthority(weighted.hostRewrite);
    }
    if (plan.requestEdits !== null) for (const each of plan.requestEdits) each.apply(head, exchange);
    if (forward.options.serviceTimeHeader) exchange.expectedTimeoutMs = forward.options.timeoutMs;
    new Forwarding(exchange, cluster, forward.options).start();
  }

  #cluster(exchange: Exchange, forward: ForwardPlan): Cluster | undefined {
    const { cluster } = forward.action;
    switch (cluster.kind) {
      case 'cluster':
        return this.#clusters.get(cluster.name);
      case 'header': {
        const name = exchange.head.first(forward.clusterHeader!);
        return name === null ? undefined : this.#clusters.get(name);
      }
      case 'weighted': {
        const drawn = drawWeighted(cluster.clusters, cluster.totalWeight, this.#random);
        exchange.weighted = drawn;
        return this.#clusters.get(drawn.name);
      }
    }
  }

  #redirect(exchange: Exchange, route: Route, action: RedirectAction): void {
    const { path } = route.config.match;
    const matched = path.kind === 'regex' ? '' : path.value;
    const location = redirectLocation(action, exchange.head.authority, exchange.head.path, matched);
    exchange.answer(action.status, `location: ${location}\r\n${this.#localLines(exchange)}`, '');
  }

  #localLines(exchange: Exchange): string {
    const edits = this.#plans.get(exchange.route!)!.responseEdits;
    return edits === null ? '' : edits.map((each) => each.lines(exchange)).join('');
  }

  #editResponse(exchange: Exchange, head: ResponseHead): void {
    if (exchange.route === null) return;
    const plan = this.#plans.get(exchange.route)!;
    if (exchange.weighted !== null) {
      const edits = plan.forward!.weighted!.get(exchange.weighted)!.responseEdits;
      if (edits !== null) for (const each of edits) each.apply(head, exchange);
    }
    if (plan.responseEdits !== null) for (const each of plan.responseEdits) each.apply(head, exchange);
  }
}

function compilePlan(route: Route, config: RouterFilterConfig): Plan {
  const { action, edits, match } = route.config;
  const levels: HeaderEdits[] = [edits, route.virtualHost.edits, route.table.edits];
  // By default the most general level has the last word, as in Envoy.
  if (route.table.mostSpecificEditsWin) levels.reverse();
  return {
    requestEdits: compileEdits(levels, 'request'),
    responseEdits: compileEdits(levels, 'response'),
    forward:
      action.kind === 'forward'
        ? compileForward(action, route, config, match.path.kind === 'regex' ? '' : match.path.value)
        : null,
  };
}

function compileForward(action: ForwardAction, route: Route, config: RouterFilterConfig, matched: string): ForwardPlan {
  const retry = action.retryPolicy ?? route.virtualHost.retryPolicy;
  const { cluster } = action;
  return {
    action,
    options: {
      timeoutMs: action.timeoutMs,
      retry: retry === null || retry.retryOn.length === 0 ? null : new RetryPolicy(retry),
      endpointHost: action.hostRewrite?.kind === 'endpoint-hostname',
      serviceTimeHeader: !config.suppressEnvoyHeaders,
    },
    clusterHeader: cluster.kind === 'header' ? new HeaderName(cluster.header) : null,
    weighted:
      cluster.kind !== 'weighted'
        ? null
        : new Map(
            cluster.clusters.map((each) => [
              each,
              {
                requestEdits: compileEdits([each.edits], 'request'),
                responseEdits: compileEdits([each.edits], 'response'),
                forward: null,
              },
            ]),
          ),
    rewritePath: compilePathRewrite(action, matched),
    rewriteHost: compileHostRewrite(action),
    notFound:
      action.clusterNotFoundStatus === 503 ? NO_CLUSTER : { ...NO_CLUSTER, status: action.clusterNotFoundStatus },
  };
}

function compilePathRewrite({ pathRewrite }: ForwardAction, matched: string): ((path: string) => string) | null {
  if (pathRewrite === null) return null;
  if (pathRewrite.kind === 'prefix') return (path) => pathRewrite.value + path.slice(matched.length);
  const regex = new RegExp(pathRewrite.regex.source, `${pathRewrite.regex.flags}g`);
  return (path) => {
    const mark = path.indexOf('?');
    const bare = mark < 0 ? path : path.slice(0, mark);
    return bare.replace(regex, pathRewrite.substitution) + (mark < 0 ? '' : path.slice(mark));
  };
}

function compileHostRewrite({ hostRewrite }: ForwardAction): ((exchange: Exchange) => string | null) | null {
  if (hostRewrite === null) return null;
  switch (hostRewrite.kind) {
    case 'endpoint-hostname':
      return null;
    case 'literal':
      return () => hostRewrite.value;
    case 'header': {
      const name = new HeaderName(hostRewrite.header);
      return (exchange) => exchange.head.first(name);
    }
    case 'path-regex': {
      const regex = compileRegex(hostRewrite.regex);
      return (exchange) => exchange.head.path.split('?', 1)[0]!.replace(regex, hostRewrite.substitution);
    }
  }
}
