/**
 * A state's content put back as it was, under a new revision: what a rollback and a restored backup are.
 *
 * What is as it should be stays the very object that it is. Whatever changes gets the new revision, because those who read
 * the state take a higher revision for news.
 */
import { canonicalJson } from './canonical-json.ts';
import type { Change } from './change.ts';
import {
  type ConfigEntry,
  type ConfigOverlay,
  DOCUMENT_MAPS,
  type Document,
  type Documents,
  type ScaleDecision,
  type State,
} from './model.ts';
import { DOCUMENT_KINDS, resourcesOf } from './queries.ts';
import type { RunDecision } from './run-decision.ts';
import { withVirtualAddresses } from './virtual-addresses.ts';

/** Everything in a state but its revision. */
export type Content = Omit<State, 'revision'>;

/** `state` with `content` in it, and what happened to each thing. `nowMs` is wall time. */
export function restored(
  state: State,
  content: Content,
  revision: number,
  nowMs: number,
): { readonly state: State; readonly changes: readonly Change[] } {
  const changes: Change[] = [];
  const note = (kind: Change['kind'], name: string, before: unknown, after: unknown) =>
    changes.push({ kind, name, action: before == null ? 'created' : after == null ? 'deleted' : 'updated' });
  const documents = DOCUMENT_KINDS.map((kind) => {
    const [now, wanted] = [resourcesOf(state, kind), resourcesOf(content, kind)];
    for (const name of gone(now, wanted)) note(kind, name, true, null);
    const entries = [...wanted].map(([name, target]) => {
      const current = now.get(name);
      if (current !== undefined && sameBut('revision', current, target)) return [name, current] as const;
      note(kind, name, current, target);
      return [name, stamped(target, revision, nowMs)] as const;
    });
    return [DOCUMENT_MAPS[kind], new Map(entries)] as const;
  });
  const config = restoredConfig(state, content, revision, (name, before, after) => note('config', name, before, after));
  const scale = restoredScale(state, content, revision, (name, before, after) => note('scale', name, before, after));
  const runs = restoredRuns(state, content, revision, (name) => note('run', name, true, true));
  if (changes.length === 0) return { state, changes };
  // Each map was made from one of its kind.
  const typed = Object.fromEntries(documents) as unknown as Documents;
  const { virtualAddresses } = state;
  const next = { revision, ...typed, config, scale, runs, virtualAddresses };
  return { state: withVirtualAddresses(state, next, content.virtualAddresses), changes };
}

type Note = (name: string, before: unknown, after: unknown) => void;

/** A fault that has ended stays as it was: it comes back to be seen, not to be judged anew. */
function stamped(target: Document, revision: number, nowMs: number): Document {
  return target.kind === 'faultpolicy' && target.expiresAtMs <= nowMs ? target : { ...target, revision };
}

/** Settings that are taken back leave an empty overlay, whose revision tells their reader of it. */
function restoredConfig(state: State, content: Content, revision: number, note: Note): Map<string, ConfigOverlay> {
  const overlays = new Map<string, ConfigOverlay>();
  for (const workload of new Set([...state.config.keys(), ...content.config.keys()])) {
    const now = state.config.get(workload)?.entries ?? {};
    const wanted = content.config.get(workload)?.entries ?? {};
    let changed = false;
    const entries: Record<string, ConfigEntry> = {};
    for (const key of new Set([...Object.keys(now), ...Object.keys(wanted)])) {
      const [before, after] = [own(now, key), own(wanted, key)];
      if (before?.value !== after?.value) {
        changed = true;
        note(`${workload}/${key}`, before, after);
      }
      if (after !== undefined) entries[key] = before?.value === after.value ? before : { value: after.value, revision };
    }
    if (!content.workloads.has(workload)) continue;
    const overlay = changed ? { revision, entries } : (state.config.get(workload) ?? { revision, entries });
    overlays.set(workload, overlay);
  }
  return overlays;
}

function restoredScale(state: State, content: Content, revision: number, note: Note): Map<string, ScaleDecision> {
  for (const name of gone(state.scale, content.scale)) note(name, true, null);
  return new Map(
    [...content.scale].map(([name, target]) => {
      const current = state.scale.get(name);
      if (current?.replicas === target.replicas) return [name, current] as const;
      note(name, current, target);
      return [name, { ...target, revision }] as const;
    }),
  );
}

/** Whether a workload runs; restarts are not taken back, which would be another one. */
function restoredRuns(state: State, content: Content, revision: number, note: Note): Map<string, RunDecision> {
  const runs = new Map<string, RunDecision>();
  for (const workload of content.workloads.keys()) {
    const [now, wanted] = [state.runs.get(workload), content.runs.get(workload)];
    const last = now ?? wanted;
    if (last === undefined) continue;
    const stopped = wanted?.stopped ?? false;
    const differs = (now?.stopped ?? false) !== stopped;
    if (differs) note(workload, now, wanted);
    runs.set(workload, differs ? { ...last, stopped, revision } : last);
  }
  return runs;
}

function gone(now: ReadonlyMap<string, unknown>, wanted: ReadonlyMap<string, unknown>): string[] {
  return [...now.keys()].filter((name) => !wanted.has(name));
}

function own(entries: Readonly<Record<string, ConfigEntry>>, key: string): ConfigEntry | undefined {
  return Object.hasOwn(entries, key) ? entries[key] : undefined;
}

function sameBut(field: string, a: object, b: object): boolean {
  return canonicalJson({ ...a, [field]: null }) === canonicalJson({ ...b, [field]: null });
}
