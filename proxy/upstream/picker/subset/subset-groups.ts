/**
 * The subsets of a cluster: for every selector, the endpoints that have all of its labels, by their values. PURE.
 * envoy.config.cluster.v3.Cluster.LbSubsetConfig.
 */
import type { SubsetConfig, SubsetSelector } from '../../../config/model/cluster.ts';
import type { SubsetKeys } from '../../../config/model/route.ts';
import type { Endpoint } from '../../endpoint.ts';

/** The subsets of one selector, by `subsetId`. */
export interface SelectorGroups {
  readonly selector: SubsetSelector;
  readonly members: ReadonlyMap<string, readonly Endpoint[]>;
}

/** Selectors by the id of their keys. */
export function groupBySelector(
  endpoints: readonly Endpoint[],
  { selectors, listAsAny }: SubsetConfig,
): ReadonlyMap<string, SelectorGroups> {
  const groups = new Map<string, SelectorGroups>();
  for (const selector of selectors) {
    const members = new Map<string, Endpoint[]>();
    for (const endpoint of endpoints) {
      for (const id of idsOf(endpoint.config.labels, selector.keys, listAsAny)) {
        const group = members.get(id);
        if (group === undefined) members.set(id, [endpoint]);
        else group.push(endpoint);
      }
    }
    groups.set(keysId(selector.keys), { selector, members });
  }
  return groups;
}

/** Keys that come sorted, as one text. */
export function keysId(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

/** The subset of labels, whose names come sorted, as one text. */
export function subsetId(labels: SubsetKeys): string {
  return JSON.stringify(Object.entries(labels));
}

/** The labels of these keys alone. */
export function onlyKeys(labels: SubsetKeys, keys: readonly string[]): SubsetKeys {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => keys.includes(key)));
}

/** Whether labels hold all that is wanted. */
export function hasLabels(labels: SubsetKeys, wanted: SubsetKeys): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** Every subset that labels put an endpoint into: one, or with list_as_any one for every element of a list. */
function idsOf(labels: SubsetKeys, keys: readonly string[], listAsAny: boolean): readonly string[] {
  let entries: [string, string][][] = [[]];
  for (const key of keys) {
    const value = labels[key];
    if (value === undefined) return [];
    const values = listAsAny ? elements(value) : [value];
    entries = entries.flatMap((before) => values.map((each): [string, string][] => [...before, [key, each]]));
  }
  return [...new Set(entries.map((each) => JSON.stringify(each)))];
}

/** The elements of a list, each as canonical JSON again; what is no list is its only element. */
function elements(value: string): readonly string[] {
  if (!value.startsWith('[')) return [value];
  return (JSON.parse(value) as readonly unknown[]).map((each) => JSON.stringify(each));
}
