/** What differs between two snapshots: for the log, for the admin port and for whoever wants to know what a push did. */

import { canonicalJson } from './canonical-json.ts';
import type { Snapshot } from './snapshot.ts';

/** Names of one kind of resource, each sorted. */
export interface KindDiff {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The difference by kind. */
export type SnapshotDiff = Readonly<Record<'listeners' | 'routes' | 'clusters' | 'endpoints', KindDiff>>;

/** Compares by content. Objects that both snapshots share are equal without a look inside. */
export function diffSnapshots(before: Snapshot, after: Snapshot): SnapshotDiff {
  return {
    listeners: diffMaps(before.listeners, after.listeners),
    routes: diffMaps(before.routes, after.routes),
    clusters: diffMaps(before.clusters, after.clusters),
    endpoints: diffMaps(before.endpoints, after.endpoints),
  };
}

/** True when nothing differs. */
export function isEmptyDiff(diff: SnapshotDiff): boolean {
  return Object.values(diff).every(
    ({ added, changed, removed }) => added.length + changed.length + removed.length === 0,
  );
}

function diffMaps(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): KindDiff {
  const names = [...after.keys()];
  return {
    added: names.filter((name) => !before.has(name)).sort(),
    changed: names.filter((name) => before.has(name) && !sameContent(before.get(name), after.get(name))).sort(),
    removed: [...before.keys()].filter((name) => !after.has(name)).sort(),
  };
}

function sameContent(a: unknown, b: unknown): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}
