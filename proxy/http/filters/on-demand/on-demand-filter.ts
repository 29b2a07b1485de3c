/**
 * envoy.filters.http.on_demand: a request whose cluster is not there asks for it, and waits.
 *
 *   cluster there ────────────────► goes on
 *   known not to exist ───────────► goes on: the router says so
 *   else ─► asked for ─► waits ─► there, or known not to exist, or timeout ─► goes on
 */
import { Deadline, type DeadlineOwner } from '../../../../kernel/timer-wheel.ts';
import type { NamedHttpFilter, OnDemandConfig } from '../../../config/model/http-filter.ts';
import type { Loop } from '../../../net/loop.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { Exchange } from '../../exchange.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import type { ClusterWaiter, OnDemandClusters } from '../../on-demand-clusters.ts';
import { CONTINUE, PAUSE, type Verdict } from '../../verdict.ts';
import { chosenClusterName } from '../chosen-cluster.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import type { OnDemandStats } from './on-demand-stats.ts';

/** What the filter is made with. */
export interface OnDemandDeps {
  readonly loop: Loop;
  readonly clusters: OnDemandClusters;
  readonly stats: OnDemandStats;
  readonly slot: FilterSlot<WaitingRequest>;
}

export class OnDemandFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #config: OnDemandConfig;
  readonly #deps: OnDemandDeps;

  constructor(filter: NamedHttpFilter, config: OnDemandConfig, deps: OnDemandDeps) {
    this.#filter = filter;
    this.#config = config;
    this.#deps = deps;
  }

  bind(table: RouteTable): BoundFilter | null {
    const settings = RouteSettings.switched(table, this.#filter, this.#config);
    if (!settings.active) return null;
    const { slot } = this.#deps;
    return {
      name: this.#filter.name,
      headersRead: new Set(),
      // The step in front of all filters has looked the cluster up: its name is there when it is.
      onRequest: (exchange) =>
        exchange.clusterName !== '' || settings.of(exchange) === null ? CONTINUE : this.#wait(exchange),
      onResponse: null,
      onComplete: (exchange) => slot.get(exchange)?.forget(),
    };
  }

  #wait(exchange: Exchange): Verdict {
    const name = chosenClusterName(exchange);
    if (name === '') return CONTINUE;
    const { stats, slot, loop, clusters } = this.#deps;
    const waiting = new WaitingRequest(exchange, name, this.#deps);
    const asked = clusters.ask(name, waiting);
    if (asked === 'missing') stats.missing++;
    if (asked !== 'asked') return CONTINUE;
    stats.waited++;
    slot.put(exchange, waiting);
    loop.wheel.arm(waiting.deadline, this.#config.timeoutMs, loop.nowMs);
    return PAUSE;
  }
}

/** A request that waits for its cluster. */
export class WaitingRequest implements DeadlineOwner, ClusterWaiter {
  readonly deadline = new Deadline(this);
  readonly #exchange: Exchange;
  readonly #cluster: string;
  readonly #deps: OnDemandDeps;

  constructor(exchange: Exchange, cluster: string, deps: OnDemandDeps) {
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#deps = deps;
  }

  onCluster(exists: boolean): void {
    const { loop, stats } = this.#deps;
    loop.wheel.disarm(this.deadline);
    loop.refresh();
    if (exists) this.#exchange.clusterName = this.#cluster;
    else stats.missing++;
    this.#exchange.resume();
  }

  onDeadline(): void {
    const { loop, stats, clusters } = this.#deps;
    clusters.forget(this.#cluster, this);
    loop.refresh();
    stats.timedOut++;
    this.#exchange.resume();
  }

  /** The exchange is over, maybe before its time. */
  forget(): void {
    if (!this.deadline.armed) return;
    this.#deps.loop.wheel.disarm(this.deadline);
    this.#deps.clusters.forget(this.#cluster, this);
  }
}
