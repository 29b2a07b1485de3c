/**
 * The picker of a whole cluster: its endpoints by priority and health, the share of each group, and the cluster's policy
 * over every group that has one. PURE: the cluster asks again whenever endpoints, their health or their weights change.
 */
import type { Random } from '../../../kernel/random.ts';
import type { ClusterConfig } from '../../config/model/cluster.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import { createPicker, hashes } from './create-picker.ts';
import type { TableCache } from './hashing/table-cache.ts';
import { EMPTY_PICKER, type Picker } from './picker.ts';
import { type PriorityHealth, priorityLoads } from './priority-load.ts';
import { type PickerShare, PriorityPicker } from './priority-picker.ts';
import type { Weigh } from './slow-start.ts';

/** What a cluster's picker is made of, besides its endpoints. */
export interface PickerParts {
  readonly config: Pick<ClusterConfig, 'lbPolicy' | 'panicThresholdPercent'>;
  readonly overprovisioningPercent: number;
  /** Weights that change with time; null takes the configured ones. */
  readonly weigh: Weigh | null;
  readonly stats: ClusterStats;
  readonly random: Random;
  /** Of the cluster's earlier pickers. */
  readonly tables: TableCache;
}

/** The picker over all endpoints of a cluster. */
export function assemblePicker(endpoints: readonly Endpoint[], parts: PickerParts): Picker {
  parts.tables.turn();
  const shares = sharesOf(endpoints, parts);
  if (shares.length === 0) return EMPTY_PICKER;
  const plain = shares.length === 1 && !shares[0]!.panic;
  if (plain) return shares[0]!.picker;
  return new PriorityPicker(shares, parts.stats, parts.random, hashes(parts.config.lbPolicy));
}

function sharesOf(endpoints: readonly Endpoint[], parts: PickerParts): PickerShare[] {
  const { lbPolicy, panicThresholdPercent } = parts.config;
  const priorities = byPriority(endpoints);
  const loads = priorityLoads(priorities.map(countHealth), parts.overprovisioningPercent, panicThresholdPercent);
  const shares: PickerShare[] = [];
  const add = (percent: number, picked: readonly Endpoint[], all: readonly Endpoint[], panic: boolean) => {
    if (percent === 0) return;
    const group = { endpoints: picked, all, weigh: parts.weigh, placeWeigh: configuredWeight };
    shares.push({ percent, picker: createPicker(lbPolicy, group, parts), panic });
  };
  for (const [i, { healthy, degraded, panic }] of loads.entries()) {
    const all = priorities[i]!;
    const available = all.filter((each) => each.available);
    if (panic) add(healthy + degraded, all, all, true);
    else {
      add(healthy, available.filter(isFullyHealthy), all, false);
      const rest = available.filter((each) => !isFullyHealthy(each));
      add(degraded, rest, all, false);
    }
  }
  return shares;
}

/**
 * Endpoints by priority, the most wanted first. Draining ones are left out altogether, other than in Envoy, which would
 * send them traffic again in panic: they leave on purpose, and panic is no reason to hold them back.
 */
function byPriority(endpoints: readonly Endpoint[]): Endpoint[][] {
  const groups = new Map<number, Endpoint[]>();
  for (const endpoint of endpoints) {
    if (endpoint.standing === 'gone') continue;
    const { priority } = endpoint.locality;
    const group = groups.get(priority);
    if (group === undefined) groups.set(priority, [endpoint]);
    else group.push(endpoint);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function configuredWeight({ config }: Endpoint): number {
  return config.weight;
}

function isFullyHealthy({ standing }: Endpoint): boolean {
  return standing === 'in';
}

function countHealth(group: readonly Endpoint[]): PriorityHealth {
  const available = group.filter((each) => each.available);
  const healthy = available.filter(isFullyHealthy).length;
  const total = group.reduce((count, each) => (each.excluded ? count : count + 1), 0);
  return { total, healthy, degraded: available.length - healthy };
}
