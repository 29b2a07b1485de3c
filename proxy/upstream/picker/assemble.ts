/**
 * The picker of a whole cluster: its endpoints by priority and health, the share of each group, and the cluster's policy
 * over every group that has one. PURE: the cluster asks again whenever endpoints, their health or their weights change.
 */
import type { Random } from '../../../kernel/random.ts';
import type { ClusterConfig, SubsetConfig } from '../../config/model/cluster.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import { createPicker, hashes } from './create-picker.ts';
import { byLocality, type Place, placeKey } from './locality/locality-groups.ts';
import {
  LocalityPicker,
  type LocalityWeight,
  placeWeights,
  weightedLocalities,
} from './locality/weighted-localities.ts';
import { ZonePicker } from './locality/zone-picker.ts';
import { zoneRouting } from './locality/zone-routing.ts';
import { EMPTY_PICKER, type Picker } from './picker.ts';
import type { PickerMemory } from './picker-memory.ts';
import { type PriorityHealth, priorityLoads } from './priority-load.ts';
import { type PickerShare, PriorityPicker } from './priority-picker.ts';
import type { Weigh } from './slow-start.ts';
import { SubsetPicker } from './subset/subset-picker.ts';

/** This proxy's own kind, by which zone aware routing judges how much of the traffic starts where. */
export interface LocalPeers {
  readonly place: Place;
  readonly endpoints: readonly Endpoint[];
}

/** What a cluster's picker is made of, besides its endpoints. */
export interface PickerParts {
  readonly config: Pick<ClusterConfig, 'lbPolicy' | 'panicThresholdPercent' | 'localities' | 'subsets'>;
  readonly overprovisioningPercent: number;
  /** Weights that change with time; null takes the configured ones. */
  readonly weigh: Weigh | null;
  readonly stats: ClusterStats;
  readonly random: Random;
  readonly memory: PickerMemory;
  /** Null without a local cluster, and for that cluster itself. */
  readonly local: LocalPeers | null;
}

/** The picker over all endpoints of a cluster. */
export function assemblePicker(endpoints: readonly Endpoint[], parts: PickerParts): Picker {
  const { stats, memory } = parts;
  const { subsets } = parts.config;
  memory.tables.turn();
  if (subsets === null) return assembleGroup(endpoints, parts, configuredShare);
  const weightOf = subsetShare(endpoints, subsets);
  return new SubsetPicker(endpoints, subsets, (members) => assembleGroup(members, parts, weightOf), stats, memory);
}

function assembleGroup(endpoints: readonly Endpoint[], parts: PickerParts, weightOf: LocalityWeight | null): Picker {
  const shares = sharesOf(endpoints, parts, weightOf);
  if (shares.length === 0) return EMPTY_PICKER;
  const plain = shares.length === 1 && !shares[0]!.panic;
  if (plain) return shares[0]!.picker;
  return new PriorityPicker(shares, parts.stats, parts.random, hashes(parts.config.lbPolicy));
}

function sharesOf(endpoints: readonly Endpoint[], parts: PickerParts, weightOf: LocalityWeight | null): PickerShare[] {
  const { panicThresholdPercent, localities } = parts.config;
  const priorities = byPriority(endpoints);
  const loads = priorityLoads(priorities.map(countHealth), parts.overprovisioningPercent, panicThresholdPercent);
  const weighted = localities.kind === 'weighted' ? weightOf : null;
  const shares: PickerShare[] = [];
  const add = (percent: number, picker: () => Picker, panic = false) => {
    if (percent > 0) shares.push({ percent, picker: picker(), panic });
  };
  for (const [i, { healthy, degraded, panic }] of loads.entries()) {
    const all = priorities[i]!;
    if (panic) {
      const fails = localities.kind === 'zone-aware' && localities.failTrafficOnPanic;
      add(healthy + degraded, () => (fails ? EMPTY_PICKER : groupPicker(all, all, parts, weighted)), true);
      continue;
    }
    const available = all.filter((each) => each.available);
    const full = available.filter(isFullyHealthy);
    const rest = available.filter((each) => !isFullyHealthy(each));
    add(healthy, () => (i === 0 ? zonedPicker(full, all, parts, weighted) : localPicker(full, all, parts, weighted)));
    add(degraded, () => localPicker(rest, all, parts, weighted));
  }
  return shares;
}

/** Over a group, whatever the localities. Hashing knows them as weights of places, in panic too, as in Envoy. */
function groupPicker(
  picked: readonly Endpoint[],
  all: readonly Endpoint[],
  parts: PickerParts,
  weightOf: LocalityWeight | null,
): Picker {
  const weighs = weightOf !== null && hashes(parts.config.lbPolicy) && all.some(({ locality }) => locality.weight > 0);
  const placeWeigh = weighs ? placeWeights(all, weightOf, configuredWeight) : configuredWeight;
  return createPicker(parts.config.lbPolicy, { endpoints: picked, all, weigh: parts.weigh, placeWeigh }, parts);
}

/** By the weights of localities, where they count and there are any. */
function localPicker(
  picked: readonly Endpoint[],
  all: readonly Endpoint[],
  parts: PickerParts,
  weightOf: LocalityWeight | null,
): Picker {
  if (weightOf === null || hashes(parts.config.lbPolicy)) return groupPicker(picked, all, parts, weightOf);
  const localities = weightedLocalities(all, new Set(picked), parts.overprovisioningPercent, weightOf);
  if (localities.length === 0) return groupPicker(picked, all, parts, null);
  const pickers = localities.map(({ endpoints }) => groupPicker(endpoints, endpoints, parts, null));
  const weights = localities.map(({ weight }) => weight);
  return new LocalityPicker(pickers, weights, parts.random.next());
}

/** By zone aware routing, which concerns the healthy endpoints of the first priority. */
function zonedPicker(
  picked: readonly Endpoint[],
  all: readonly Endpoint[],
  parts: PickerParts,
  weightOf: LocalityWeight | null,
): Picker {
  const { config, local, stats, random } = parts;
  const { localities } = config;
  const everywhere = () => localPicker(picked, all, parts, weightOf);
  if (local === null || localities.kind !== 'zone-aware' || hashes(config.lbPolicy)) return everywhere();
  stats.lbRecalculateZoneStructures++;
  if (byLocality(all).length < 2) return everywhere();
  const peers = byPriority(local.endpoints)[0] ?? [];
  if (peers.length === 0) {
    stats.lbLocalClusterNotOk++;
    return everywhere();
  }
  if (picked.length < localities.minClusterSize) {
    stats.lbZoneClusterTooSmall++;
    return everywhere();
  }
  const healthyPeers = peers.filter((each) => each.available && isFullyHealthy(each));
  if ((100 * healthyPeers.length) / peers.length < config.panicThresholdPercent) {
    stats.lbLocalClusterNotOk++;
    return localities.failTrafficOnPanic ? EMPTY_PICKER : everywhere();
  }
  const groups = byLocality(picked);
  const routing = zoneRouting(local.place, byLocality(healthyPeers), groups);
  const pickers = groups.map(({ endpoints }) => groupPicker(endpoints, endpoints, parts, null));
  return new ZonePicker(routing, pickers, everywhere(), localities.percent, stats, random);
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

function configuredShare(_all: readonly Endpoint[], configured: number): number {
  return configured;
}

/** Whether localities count within subsets, and how much: scaled, by how many of their endpoints a subset has. */
function subsetShare(all: readonly Endpoint[], subsets: SubsetConfig): LocalityWeight | null {
  if (!subsets.localityWeightAware) return null;
  if (!subsets.scaleLocalityWeight) return configuredShare;
  const counts = new Map<string, number>();
  const keyOf = ({ locality }: Endpoint) => `${locality.priority} ${placeKey(locality)}`;
  for (const each of all) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  return (members, configured) => (configured * members.length) / counts.get(keyOf(members[0]!))!;
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
  // Nothing is kept for those that nobody vouches for while others can be had.
  const isCounted = (each: Endpoint) => !each.excluded && (healthy === 0 || !each.suspect);
  const total = group.reduce((count, each) => (isCounted(each) ? count + 1 : count), 0);
  return { total, healthy, degraded: available.length - healthy };
}
