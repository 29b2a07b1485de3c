/** From a hashing policy to its picker. */
import type { Random } from '../../../../kernel/random.ts';
import type { HashingPolicyConfig } from '../../../config/model/cluster.ts';
import type { ClusterStats } from '../../cluster-stats.ts';
import type { Endpoint } from '../../endpoint.ts';
import { EMPTY_PICKER, type Picker } from '../picker.ts';
import type { PickerMemory } from '../picker-memory.ts';
import type { Weigh } from '../slow-start.ts';
import { HashRing } from './hash-ring.ts';
import { type HashedHost, type HashTable, hashKey, sharesOf } from './hash-table.ts';
import { HashingPicker } from './hashing-picker.ts';
import { LoadBound } from './load-bound.ts';
import { MaglevTable } from './maglev-table.ts';

/** What hashing pickers of a cluster share. */
export interface HashingTools {
  readonly memory: PickerMemory;
  readonly stats: ClusterStats;
  readonly random: Random;
}

/** Over the table of `all`, whatever their health; only those of `picked` are picked. Weights of 0 have no place. */
export function createHashingPicker(
  policy: HashingPolicyConfig,
  all: readonly Endpoint[],
  picked: readonly Endpoint[],
  weigh: Weigh,
  { memory, stats, random }: HashingTools,
): Picker {
  const placed = all.filter((each) => weigh(each) > 0);
  const usable = new Set(picked.filter((each) => weigh(each) > 0));
  if (usable.size === 0) return EMPTY_PICKER;
  const shares = sharesOf(placed, weigh);
  const hosts = placed.map((each, i) => ({ key: hashKey(each, policy.useHostname), share: shares[i]! }));
  const table = memory.tables.get(JSON.stringify([policy, hosts]), () => makeTable(policy, hosts));
  count(table, hosts.length, stats);
  const bound = policy.boundPercent === 0 ? null : boundOf(policy.boundPercent, [...usable], weigh, stats);
  return new HashingPicker(table, placed, (each) => usable.has(each), bound, random);
}

function makeTable(policy: HashingPolicyConfig, hosts: readonly HashedHost[]): HashTable {
  return policy.kind === 'maglev'
    ? new MaglevTable(hosts, policy.tableSize)
    : new HashRing(hosts, policy.minimumSize, policy.maximumSize);
}

function boundOf(percent: number, endpoints: readonly Endpoint[], weigh: Weigh, stats: ClusterStats): LoadBound {
  const shares = sharesOf(endpoints, weigh);
  return new LoadBound(percent, new Map(endpoints.map((each, i) => [each, shares[i]!])), stats);
}

function count({ owners }: HashTable, hosts: number, stats: ClusterStats): void {
  const counts = new Uint32Array(hosts);
  for (const owner of owners) counts[owner] = counts[owner]! + 1;
  const { hashTable } = stats;
  hashTable.size = owners.length;
  hashTable.least = counts.reduce((least, each) => Math.min(least, each));
  hashTable.most = counts.reduce((most, each) => Math.max(most, each));
}
