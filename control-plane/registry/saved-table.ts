/**
 * The lease table as text, as it survives a restart. Instances and tombstones that an earlier control plane wrote lack what
 * came later, and get what that means where nothing is said.
 */
import type { Instance, InstanceIdentity } from './instance.ts';
import { emptyTable, type LeaseTable, type LeaseTimes, restoredTable, type Tombstone } from './leases.ts';
import { ShardedMap } from './sharded-map.ts';

/** The text of a table. */
export function savedTable({ instances, tombstones }: LeaseTable): string {
  return JSON.stringify({ instances: [...instances], tombstones: [...tombstones] });
}

/** The table of a text; undefined: there is none yet. */
export function loadTable(text: string | undefined, nowMs: number, times: LeaseTimes): LeaseTable {
  if (text === undefined) return emptyTable(nowMs, times);
  const saved = JSON.parse(text) as { instances: [string, Instance][]; tombstones: [string, Tombstone | number][] };
  const instances = ShardedMap.of(saved.instances.map(([id, instance]) => [id, upgraded(instance)] as const));
  const tombstones = ShardedMap.of(
    saved.tombstones.map(([id, it]) => [id, typeof it === 'number' ? { atMs: it, incarnation: null } : it] as const),
  );
  return restoredTable({ instances, tombstones }, nowMs, times);
}

const LATER: Pick<InstanceIdentity, 'region' | 'subZone' | 'metadata' | 'incarnation'> = {
  region: '',
  subZone: '',
  metadata: {},
  incarnation: '',
};

function upgraded(instance: Instance): Instance {
  return { ...instance, renewal: instance.renewal ?? null, identity: { ...LATER, ...instance.identity } };
}
