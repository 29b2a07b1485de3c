/**
 * What a filter does on each route (envoyproxy.io, "Route specific config"): its own settings, unless a level of the route
 * table has some under the filter's name, or switches it off or on. The most specific level wins:
 *
 *   weighted cluster ─► route ─► virtual host ─► route table ─► the filter's own
 *
 * Worked out when routes or filters change; a request costs a look-up. HOT: `of`.
 */
import type { NamedHttpFilter, PerFilterConfig } from '../../config/model/http-filter.ts';
import type { WeightedCluster } from '../../config/model/route.ts';
import type { Route, RouteTable } from '../../routing/route-table.ts';
import type { Exchange } from '../exchange.ts';

/** Settings of one filter, or null where it does nothing. */
export interface OwnSettings<C extends PerFilterConfig, S> {
  readonly filter: NamedHttpFilter;
  /** What it does where routes say nothing, and is not switched off. */
  readonly own: S | null;
  /** Of which kind a route's settings are; what is not is not for this filter. */
  readonly kind: C['kind'];
  /** The settings of all levels that have some, the most specific first. */
  readonly compile: (levels: readonly [C, ...C[]]) => S | null;
}

/** The settings of one filter on every route of a table. */
export class RouteSettings<S> {
  readonly #default: S | null;
  /** Where it is not the default; null where it always is. */
  readonly #byPlace: ReadonlyMap<Route | WeightedCluster, S | null> | null;
  /** The filter does something on some route. */
  readonly active: boolean;

  private constructor(fallback: S | null, byPlace: ReadonlyMap<Route | WeightedCluster, S | null>) {
    this.#default = fallback;
    this.#byPlace = byPlace.size === 0 ? null : byPlace;
    this.active = fallback !== null || [...byPlace.values()].some((each) => each !== null);
  }

  /** Works the settings out. Levels that say the same share what they are compiled to. */
  static compile<C extends PerFilterConfig, S>(table: RouteTable, settings: OwnSettings<C, S>): RouteSettings<S> {
    const { name, disabled } = settings.filter;
    const fallback = disabled ? null : settings.own;
    const levels = new LevelSettings(settings);
    const byPlace = new Map<Route | WeightedCluster, S | null>();
    const put = (place: Route | WeightedCluster, said: readonly PerFilterConfig[]): void => {
      if (said.length > 0) byPlace.set(place, levels.resolve(said));
    };
    for (const route of table.routes()) {
      const { config, virtualHost } = route;
      const above = [config, virtualHost, table.config].map((each) => each.perFilter);
      put(route, saidOf(above, name));
      if (config.action.kind !== 'forward' || config.action.cluster.kind !== 'weighted') continue;
      for (const each of config.action.cluster.clusters) put(each, saidOf([each.perFilter, ...above], name));
    }
    return new RouteSettings(fallback, byPlace);
  }

  /** Of a filter that routes can only switch off and on. */
  static switched<S>(table: RouteTable, filter: NamedHttpFilter, own: S): RouteSettings<S> {
    type Switch = Extract<PerFilterConfig, { readonly kind: 'enabled' }>;
    return RouteSettings.compile<Switch, S>(table, { filter, own, kind: 'enabled', compile: () => own });
  }

  /** Everything that may hold on a route, by the cluster that its requests are sent to. */
  on(route: Route): ReadonlySet<S> {
    const { action } = route.config;
    const weighted = action.kind === 'forward' && action.cluster.kind === 'weighted' ? action.cluster.clusters : [];
    const found = [null, ...weighted].map((each) => this.of({ route, weighted: each }));
    return new Set(found.filter((each) => each !== null));
  }

  /** What holds for the exchange; null where the filter does nothing. HOT. */
  of({ route, weighted }: Pick<Exchange, 'route' | 'weighted'>): S | null {
    if (this.#byPlace === null || route === null) return this.#default;
    const found = this.#byPlace.get(weighted ?? route);
    return found === undefined ? this.#default : found;
  }
}

function saidOf(levels: readonly Readonly<Record<string, PerFilterConfig>>[], name: string): PerFilterConfig[] {
  return levels.filter((each) => Object.hasOwn(each, name)).map((each) => each[name]!);
}

class LevelSettings<C extends PerFilterConfig, S> {
  readonly #settings: OwnSettings<C, S>;
  /** By the most specific level, so that a limit of a virtual host is one limit for all its routes. */
  readonly #compiled = new Map<C, { readonly levels: readonly C[]; readonly result: S | null }[]>();

  constructor(settings: OwnSettings<C, S>) {
    this.#settings = settings;
  }

  /** `said`: what levels say, the most specific first. It decides as well whether the filter runs at all. */
  resolve(said: readonly PerFilterConfig[]): S | null {
    if (said[0]!.kind === 'disabled') return null;
    const levels = said.filter((each): each is C => each.kind === this.#settings.kind);
    const [first, ...rest] = levels;
    return first === undefined ? this.#settings.own : this.#compile([first, ...rest]);
  }

  #compile(levels: readonly [C, ...C[]]): S | null {
    const known = this.#compiled.get(levels[0]) ?? [];
    const same = known.find((each) => sameLevels(each.levels, levels));
    if (same !== undefined) return same.result;
    const result = this.#settings.compile(levels);
    this.#compiled.set(levels[0], [...known, { levels, result }]);
    return result;
  }
}

function sameLevels(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
