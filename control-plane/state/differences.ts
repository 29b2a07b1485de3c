/**
 * What differs between two states, in the words of those who wrote them.
 */

import type { ConfigOverlay, DocumentKind, ScaleDecision, State } from './model.ts';
import { DOCUMENT_KINDS, resourcesOf } from './queries.ts';

/** One resource, or the settings or the scale of one workload, that differs. */
export interface Difference {
  readonly kind: DocumentKind | 'config' | 'scale' | 'run';
  readonly name: string;
  /** The document as it was written, or plain values; null: there is none. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Kind by kind, sorted by name. Resources that differ in no more than their file or revision are left out. */
export function differences(before: State, after: State): Difference[] {
  const documents = DOCUMENT_KINDS.flatMap((kind) =>
    compared(kind, resourcesOf(before, kind), resourcesOf(after, kind), (each) => each.manifest),
  );
  return [
    ...documents,
    ...compared('config', before.config, after.config, settings),
    ...compared('scale', before.scale, after.scale, replicas),
    ...compared('run', before.runs, after.runs, ({ stopped }) => (stopped ? { stopped } : null)),
  ];
}

function compared<T>(
  kind: Difference['kind'],
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  written: (value: T) => unknown,
): Difference[] {
  if (before === after) return [];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const textOf = (map: ReadonlyMap<string, T>, name: string) => (map.has(name) ? written(map.get(name)!) : null);
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({ kind, name, before: textOf(before, name), after: textOf(after, name) }))
    .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after));
}

/** Keys that were taken back leave an empty overlay behind: that is none. */
function settings({ entries }: ConfigOverlay): Record<string, string> | null {
  const values = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return values.length === 0 ? null : Object.fromEntries(values.map(([key, { value }]) => [key, value]));
}

function replicas({ replicas }: ScaleDecision): { replicas: number } {
  return { replicas };
}
