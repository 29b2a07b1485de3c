import fc from 'fast-check';
import t from 'tap';
import { parsePolicy } from '../policy/parse.ts';
import { apply } from './apply.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Command } from './command.ts';
import { differences } from './differences.ts';
import { BY_NOBODY, forgetUpTo, type HistoryMark, isKept, undone, undoRows } from './history.ts';
import { massDeletions, massDeletionText } from './mass-deletion.ts';
import { EMPTY_STATE, type State } from './model.ts';
import { effectiveConfig } from './queries.ts';

/** Workloads of these names, as a file that is applied. */
function file(origin: string, names: readonly string[], replicas = 1): Command {
  const text = `services: {${names.map((name) => `${name}: {command: x, deploy: {replicas: ${replicas}}}`).join()}}`;
  const context = { dir: '/', origin, readFile: () => null, state: EMPTY_STATE, nowMs: 0 };
  const parsed = parsePolicy({ text, file: origin, ...context });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return { kind: 'apply', origin, prune: true, resources: parsed.value, force: true };
}

const name = fc.constantFrom('a', 'b', 'c');
const command: fc.Arbitrary<Command> = fc.oneof(
  fc
    .record({
      origin: fc.constantFrom('/f', '/g'),
      names: fc.uniqueArray(name),
      replicas: fc.integer({ min: 1, max: 2 }),
    })
    .map(({ origin, names, replicas }) => file(origin, names, replicas)),
  fc.record({ kind: fc.constant('delete' as const), resource: fc.constant('workload' as const), name }),
  fc.record({ kind: fc.constant('scale' as const), service: name, replicas: fc.nat(3), reason: fc.constant('') }),
  fc.record({
    kind: fc.constant('run' as const),
    service: name,
    action: fc.constantFrom('start' as const, 'stop' as const, 'restart' as const, 'upgrade' as const),
    reason: fc.constant(''),
  }),
  fc.record({ kind: fc.constant('set-config' as const), workload: name, key: name, value: name }),
  fc.record({ kind: fc.constant('delete-config' as const), workload: name, key: name }),
);

/** What matters of a state: all but revisions, and overlays without a key. */
function content(state: State): string {
  const { revision: _, config, runs, ...maps } = state;
  const stopped = [...runs].flatMap(([name, run]) => (run.stopped ? [name] : [])).sort();
  const overlays = [...config].filter(([, { entries }]) => Object.keys(entries).length > 0);
  const rows = Object.entries({ ...maps, config: new Map<string, object>(overlays) }).map(
    ([map, rows]) => [map, Object.fromEntries([...(rows as Map<string, object>)])] as const,
  );
  return canonicalJson(
    JSON.parse(
      JSON.stringify({ rows, stopped }, (key, value) =>
        ['revision', 'decidedAtMs'].includes(key) ? undefined : value,
      ),
    ),
  );
}

t.test('every state can be had again, as it was and as a new revision', (t) => {
  const property = fc.property(fc.array(command, { minLength: 2, maxLength: 15 }), fc.nat(), (commands, pick) => {
    const states = [EMPTY_STATE];
    for (const each of commands) {
      const result = apply(states.at(-1)!, each, states.length);
      if (result.ok && result.value.state !== states.at(-1)) states.push(result.value.state);
    }
    const latest = states.at(-1)!;
    const target = states[pick % states.length]!;
    const records = states.slice(1).map((after, i) => ({
      entry: {
        ...BY_NOBODY,
        revision: after.revision,
        parent: i,
        atMs: 0,
        command: 'apply' as const,
        origin: '',
        changes: [],
      },
      undo: JSON.parse(JSON.stringify(undoRows(states[i]!, after))),
    }));
    const later = records.filter(({ entry }) => entry.revision > target.revision).reverse();
    const then = undone(latest, later, target.revision);
    if (content(then) !== content(target) || then.revision !== target.revision) return false;

    const { revision: _, ...wanted } = then;
    const restore = {
      kind: 'restore',
      origin: '',
      revisionFloor: 0,
      history: null,
      replaces: true,
      force: true,
    } as const;
    const restored = apply(latest, { ...restore, content: wanted }, 99);
    if (!restored.ok || content(restored.value.state) !== content(target)) return false;
    const { state } = restored.value;
    if (differences(target, state).length > 0) return false;
    if ((state === latest) !== (content(latest) === content(target))) return false;
    // Readers of settings take a higher revision for news, and no other.
    return [...state.workloads.keys()].every((workload) => {
      const [now, before] = [effectiveConfig(state, workload), effectiveConfig(latest, workload)];
      const values = (each: typeof now) =>
        JSON.stringify(Object.entries(each.entries).map(([key, { value }]) => [key, value]));
      return values(now) === values(before) || !latest.workloads.has(workload) || now.revision > before.revision;
    });
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('history is kept within its limits, and the newest change always', (t) => {
  const mark = (revision: number, bytes: number, atMs: number): HistoryMark => ({
    entry: { ...BY_NOBODY, revision, parent: revision - 1, atMs, command: 'apply', origin: '', changes: [] },
    bytes,
  });
  const marks = [mark(5, 10, 0), mark(6, 10, 50), mark(7, 10, 60)];
  const limits = { entriesMax: 4, ageMsMax: 100, bytesMax: 40 };
  t.equal(forgetUpTo(marks, 10, 100, limits), 0, 'all is within them');
  t.equal(forgetUpTo(marks, 10, 100, { ...limits, entriesMax: 3 }), 5);
  t.equal(forgetUpTo(marks, 11, 100, limits), 5);
  t.equal(forgetUpTo(marks, 10, 155, limits), 6);
  t.equal(forgetUpTo(marks, 1000, 100, limits), 7);
  t.equal(forgetUpTo([], 1000, 100, limits), 0);
  t.ok([4, 5, 6, 7].every((revision) => isKept(revision, marks)));
  t.notOk([3, 8].some((revision) => isKept(revision, marks)));
  t.notOk(isKept(0, []));
  t.end();
});

t.test('more than half of a kind, and at least three, has to be insisted on', (t) => {
  const state = (...names: string[]): State => {
    const result = apply(EMPTY_STATE, file('/f', names), 0);
    return result.ok ? result.value.state : EMPTY_STATE;
  };
  const going = (before: State, after: State) => massDeletions(before, after).map(massDeletionText);
  const sentence = '3 of 5 resources of kind workload would be deleted: a, b, c';
  t.same(going(state('a', 'b', 'c', 'd', 'e'), state('d', 'e')), [sentence]);
  t.same(going(state('a', 'b', 'c', 'd', 'e', 'f'), state('d', 'e', 'f')), [], 'half is not more than half');
  t.same(going(state('a', 'b'), state()), [], 'two are few');
  t.match(going(state(...'abcdefghijkl'), state()), [/^12 of 12 .*: a, b, c, d, e, f, g, h, i, j, and 2 more$/]);
  t.match(apply(state('a', 'b', 'c'), { ...file('/f', []), force: false } as Command, 0), {
    ok: false,
    error: { code: 'needs_force', details: [{ path: 'workload', message: /^3 of 3/ }] },
  });
  t.match(apply(state('a', 'b', 'c'), file('/f', []), 0), { ok: true });
  t.end();
});
