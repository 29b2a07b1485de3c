import fc from 'fast-check';
import t from 'tap';
import { check } from './checker.ts';
import { type Operation, type Span, step } from './history.ts';

const read = (value: string | null): Operation => ({ kind: 'read', value });
const write = (value: string): Operation => ({ kind: 'write', value });
const swap = (from: string | null, to: string, done = true): Operation => ({ kind: 'compare-and-set', from, to, done });

/** Rows of operation, start and end; without an end its outcome is unknown. */
function spans(...rows: readonly (readonly [Operation, number, number?])[]): Span[] {
  return rows.map(([operation, startedAt, endedAt = Infinity], client) => ({ operation, client, startedAt, endedAt }));
}

const LINEARIZABLE: Readonly<Record<string, Span[]>> = {
  'nothing at all': [],
  'one after another': spans([write('a'), 0, 1], [read('a'), 2, 3], [swap('a', 'b'), 4, 5], [read('b'), 6, 7]),
  'a read beside a write sees the value before': spans([write('a'), 0, 9], [read(null), 1, 2]),
  'or the value after': spans([write('a'), 0, 9], [read('a'), 1, 2]),
  'two reads beside a write, in order': spans([write('a'), 0, 9], [read(null), 1, 2], [read('a'), 3, 4]),
  'concurrent writes in either order': spans([write('a'), 0, 5], [write('b'), 0, 5], [read('a'), 6, 7]),
  'a refused exchange': spans([write('a'), 0, 1], [swap('b', 'c', false), 2, 3], [read('a'), 4, 5]),
  'a write of unknown outcome that was never done': spans([write('a'), 0], [read(null), 5, 6]),
  'one that was done late': spans([write('a'), 0], [read(null), 5, 6], [read('a'), 7, 8]),
  'an exchange of unknown outcome that was done': spans([write('a'), 0, 1], [swap('a', 'b'), 2], [read('b'), 9, 10]),
};

const BROKEN: Readonly<Record<string, Span[]>> = {
  'a read of what was never written': spans([read('a'), 0, 1]),
  'a stale read': spans([write('a'), 0, 1], [write('b'), 2, 3], [read('a'), 4, 5]),
  'an acknowledged write that is lost': spans([write('a'), 0, 1], [read(null), 2, 3]),
  'two reads beside a write, in the wrong order': spans([write('a'), 0, 9], [read('a'), 1, 2], [read(null), 3, 4]),
  'two exchanges of the same value': spans([write('a'), 0, 1], [swap('a', 'b'), 2, 5], [swap('a', 'c'), 2, 5]),
  'an exchange on a value that is gone': spans(
    [write('a'), 0, 1],
    [write('b'), 2, 3],
    [swap('a', 'c'), 4, 5],
    [read('c'), 6, 7],
  ),
  'an exchange that was refused for no reason': spans([write('a'), 0, 1], [swap('a', 'b', false), 2, 3]),
  'a write of unknown outcome that is done twice': spans(
    [write('a'), 0],
    [read('a'), 1, 2],
    [write('b'), 3, 4],
    [read('b'), 5, 6],
    [read('a'), 7, 8],
  ),
  'one that is done before it was asked for': spans([read('a'), 0, 1], [write('a'), 2]),
  'two clients who see two writes in different orders': spans(
    [write('a'), 0, 9],
    [write('b'), 0, 9],
    [read('a'), 1, 2],
    [read('b'), 3, 4],
    [read('a'), 5, 6],
  ),
};

t.test('histories that are linearizable', (t) => {
  for (const [name, history] of Object.entries(LINEARIZABLE)) t.equal(check(history).linearizable, true, name);
  t.end();
});

t.test('histories that are not, and how far they can be explained', (t) => {
  for (const [name, history] of Object.entries(BROKEN)) t.equal(check(history).linearizable, false, name);
  t.same(
    check(BROKEN['a stale read']!).longest.map(({ operation }) => operation),
    [write('a'), write('b')],
  );
  t.end();
});

/** Tries every order, and leaving out every set of operations of unknown outcome. */
function byForce(history: readonly Span[], value: string | null): boolean {
  if (history.every(({ endedAt }) => endedAt === Infinity)) return true;
  return history.some((span, index) => {
    if (history.some((other) => other.endedAt < span.startedAt)) return false;
    const next = step(span.operation, value);
    return next !== undefined && byForce(history.toSpliced(index, 1), next.value);
  });
}

const values = fc.constantFrom('a', 'b');
const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), value: fc.option(values) }),
  fc.record({ kind: fc.constant('write' as const), value: values }),
  fc.record({
    kind: fc.constant('compare-and-set' as const),
    from: fc.option(values),
    to: values,
    done: fc.boolean(),
  }),
);

t.test('it agrees with trying every order', (t) => {
  const row = fc.tuple(operations, fc.nat(12), fc.nat(6), fc.boolean());
  let broken = 0;
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
      const history = rows.map(([operation, startedAt, lasts, known], client): Span => {
        const isUnknown = !known && operation.kind !== 'read' && (operation.kind === 'write' || operation.done);
        return { operation, client, startedAt, endedAt: isUnknown ? Infinity : startedAt + lasts };
      });
      const expected = byForce(history, null);
      if (!expected) broken++;
      return check(history).linearizable === expected;
    }),
    { numRuns: 2000 },
  );
  t.ok(broken > 100, 'many of them were not linearizable');
  t.end();
});

t.test('a long history of a real register is explained, and one changed read is not', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3)), { minLength: 300, maxLength: 400 }), (rows) => {
      let value: string | null = null;
      const history = rows.map(([what, before, after], index): Span => {
        const operation = what === 0 ? read(value) : what === 1 ? write(`v${index}`) : swap(value, `v${index}`);
        value = step(operation, value)!.value;
        return { operation, client: index, startedAt: index - before - 0.5, endedAt: index + after + 0.5 };
      });
      if (!check(history).linearizable) return false;
      const at = history.length - 1;
      const changed = history.with(at, { ...history[at]!, operation: read('never written') });
      return !check(changed).linearizable;
    }),
    { numRuns: 20 },
  );
  t.end();
});
