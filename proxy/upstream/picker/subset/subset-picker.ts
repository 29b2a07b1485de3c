/**
 * Picks among the endpoints whose labels a request asks for, and where there are none does what the selector of these
 * keys, or the cluster, says (envoyproxy.io, "Load balancer subsets").
 *
 *   labels ─► a selector with exactly these keys ─► its subset has endpoints ─► pick there
 *                 │no                                  │no
 *                 ▼                                    ▼ fallback of the selector, where it has one
 *               fallback of the cluster ◄──────────────┘
 */
import type { SubsetConfig } from '../../../config/model/cluster.ts';
import type { SubsetKeys } from '../../../config/model/route.ts';
import type { ClusterStats } from '../../cluster-stats.ts';
import type { Endpoint } from '../../endpoint.ts';
import { EMPTY_PICKER, type PickContext, type Picker } from '../picker.ts';
import type { PickerMemory } from '../picker-memory.ts';
import { groupBySelector, hasLabels, keysId, onlyKeys, type SelectorGroups, subsetId } from './subset-groups.ts';

/** Makes the picker over some of a cluster's endpoints. */
export type PickerOf = (members: readonly Endpoint[]) => Picker;

/** Where certain labels lead. */
interface Choice {
  readonly picker: Picker;
  readonly counts: 'selected' | 'fallback' | null;
}

export class SubsetPicker implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #config: SubsetConfig;
  readonly #pickerOf: PickerOf;
  readonly #stats: ClusterStats;
  readonly #selectors: ReadonlyMap<string, SelectorGroups>;
  /** Made when they are first asked for: a cluster may have a subset for every endpoint, and most are idle. */
  readonly #pickers = new Map<string, Picker>();
  /** By the labels of a route, which live as long as it does. */
  readonly #choices = new WeakMap<SubsetKeys, Choice>();
  #fallback: Choice | null = null;
  #any: Picker | null = null;
  #default: Picker | null = null;

  constructor(
    endpoints: readonly Endpoint[],
    config: SubsetConfig,
    pickerOf: PickerOf,
    stats: ClusterStats,
    memory: PickerMemory,
  ) {
    this.#endpoints = endpoints;
    this.#config = config;
    this.#pickerOf = pickerOf;
    this.#stats = stats;
    this.#selectors = groupBySelector(endpoints, config);
    this.#count(memory);
  }

  pick(context: PickContext): Endpoint | null {
    const { picker, counts } = this.#choose(context.subset);
    const endpoint = picker.pick(context);
    if (counts === 'selected') this.#stats.lbSubsetsSelected++;
    else if (counts === 'fallback') return this.#fallBack(context, endpoint);
    return endpoint;
  }

  #fallBack(context: PickContext, endpoint: Endpoint | null): Endpoint | null {
    if (endpoint !== null) {
      this.#stats.lbSubsetsFallback++;
      return endpoint;
    }
    if (!this.#config.panicModeAny) return null;
    const any = this.#anyPicker().pick(context);
    if (any !== null) this.#stats.lbSubsetsFallbackPanic++;
    return any;
  }

  #choose(labels: SubsetKeys | null): Choice {
    if (labels === null) {
      this.#fallback ??= this.#clusterFallback();
      return this.#fallback;
    }
    let choice = this.#choices.get(labels);
    if (choice === undefined) {
      choice = this.#resolve(labels);
      this.#choices.set(labels, choice);
    }
    return choice;
  }

  #resolve(labels: SubsetKeys): Choice {
    const groups = this.#selectors.get(keysId(Object.keys(labels)));
    if (groups === undefined) return this.#clusterFallback();
    const { selector, members } = groups;
    const id = subsetId(labels);
    const group = members.get(id);
    if (group !== undefined) return { picker: this.#subset(id, selector.singleHost, group), counts: 'selected' };
    switch (selector.fallback) {
      case null:
        return this.#clusterFallback();
      case 'none':
        return { picker: EMPTY_PICKER, counts: null };
      case 'any':
        return { picker: this.#anyPicker(), counts: null };
      case 'default':
        return { picker: this.#defaultPicker(), counts: null };
      case 'keys':
        return this.#resolve(onlyKeys(labels, selector.fallbackKeys));
    }
  }

  /** The only endpoint of a subset is picked whatever its health. */
  #subset(id: string, singleHost: boolean, members: readonly Endpoint[]): Picker {
    const known = this.#pickers.get(id);
    if (known !== undefined) return known;
    const picker = singleHost ? { pick: () => members[0]! } : this.#pickerOf(members);
    this.#pickers.set(id, picker);
    return picker;
  }

  #clusterFallback(): Choice {
    switch (this.#config.fallback) {
      case 'none':
        return { picker: EMPTY_PICKER, counts: 'fallback' };
      case 'any':
        return { picker: this.#anyPicker(), counts: 'fallback' };
      case 'default':
        return { picker: this.#defaultPicker(), counts: 'fallback' };
    }
  }

  #anyPicker(): Picker {
    this.#any ??= this.#pickerOf(this.#endpoints);
    return this.#any;
  }

  #defaultPicker(): Picker {
    const { defaultSubset } = this.#config;
    this.#default ??= this.#pickerOf(this.#endpoints.filter(({ config }) => hasLabels(config.labels, defaultSubset)));
    return this.#default;
  }

  #count(memory: PickerMemory): void {
    const stats = this.#stats;
    const ids = new Set<string>();
    stats.lbSubsetsSingleHostPerSubsetDuplicate = 0;
    for (const { selector, members } of this.#selectors.values()) {
      for (const [id, { length }] of members) {
        ids.add(id);
        if (selector.singleHost) stats.lbSubsetsSingleHostPerSubsetDuplicate += length - 1;
      }
    }
    for (const id of ids) if (!memory.subsets.has(id)) stats.lbSubsetsCreated++;
    for (const id of memory.subsets) if (!ids.has(id)) stats.lbSubsetsRemoved++;
    stats.lbSubsetsActive = ids.size;
    memory.subsets = ids;
  }
}
