import t from 'tap';
import { TapResults } from './tap-results.ts';

function read(tap: string) {
  const printed: string[] = [];
  const results = new TapResults((line) => printed.push(line));
  for (const line of tap.split('\n')) results.line(line);
  const counts = results.end();
  return { counts, printed };
}

t.test('a test counts once, however many assertions it makes', (t) => {
  const { counts, printed } = read(`TAP version 14
# Subtest: a.test.ts
    # Subtest: adds
        ok 1 - one
        ok 2 - two
        1..2
    ok 1 - adds # time=3.1ms

    # Subtest: asserts with fast-check only
        1..0
    ok 2 - asserts with fast-check only
    ok 3 - an assertion beside tests
    1..3
ok 1 - a.test.ts # time=9ms

# Subtest: b.test.ts
    ok 1 - a file without tests is one
    ok 2 - whatever it asserts
    1..2
ok 2 - b.test.ts # time=12345.678ms
1..2`);
  t.same(counts, { passed: 4, failed: 0, skipped: 0 });
  t.same(printed, ['ok     a.test.ts', 'ok     b.test.ts (12 s)']);
  t.end();
});

t.test('a failure is printed once, at the assertion, with its path and details', (t) => {
  const { counts, printed } = read(`# Subtest: a.test.ts
    # Subtest: outer
        # Subtest: of \\#7
            not ok 1 - compare
              ---
              diff: |
                not ok 9 - is text here
              ...
            not ok 2 - another
            1..2
        not ok 1 - of \\#7 # time=3ms
          ---
          at: somewhere
          ...
        1..1
    not ok 1 - outer
    1..1
not ok 1 - a.test.ts
  ---
  exitCode: 1
  ...`);
  t.same(counts, { passed: 0, failed: 1, skipped: 0 });
  t.same(printed, [
    '\nFAILED a.test.ts > outer > of #7 > compare',
    '    diff: |',
    '      not ok 9 - is text here',
    '\nFAILED a.test.ts > outer > of #7 > another',
    'FAILED a.test.ts',
  ]);
  t.end();
});

t.test('a file that ends badly fails, also when all its tests passed', (t) => {
  const { counts, printed } = read(`# Subtest: a.test.ts
    # Subtest: fine
        ok 1 - x
        1..1
    ok 1 - fine
    1..1
not ok 1 - a.test.ts
  ---
  exitCode: 3
  ...
# Subtest: b.test.ts
    1..0 # no tests found
not ok 2 - b.test.ts`);
  t.same(counts, { passed: 1, failed: 2, skipped: 0 });
  t.ok(printed.includes('    exitCode: 3'));
  t.end();
});

t.test('what is skipped says why, once per reason', (t) => {
  const { counts, printed } = read(`# Subtest: a.test.ts
    ok 1 - by option # SKIP no Envoy
    # Subtest: by assertion
        ok 1 - no Docker # SKIP
        1..1
    ok 2 - by assertion
    # Subtest: partly
        ok 1 - no Envoy here # SKIP no Envoy
        ok 2 - but this
        1..2
    ok 3 - partly
    1..3
ok 1 - a.test.ts
# Subtest: b.test.ts
    1..0 # no etcd
ok 2 - b.test.ts # SKIP no etcd`);
  t.same(counts, { passed: 1, failed: 0, skipped: 3 });
  t.same(printed.slice(2), [
    '# skipped: no Envoy (2 tests)',
    '# skipped: no Docker (1 test)',
    '# skipped: no etcd (1 test)',
  ]);
  t.end();
});

t.test('what a test prints is passed on', (t) => {
  const { counts, printed } = read(`# Subtest: a.test.ts
    hello from the test
    ok 1 - x
    1..1
ok 1 - a.test.ts`);
  t.same(counts, { passed: 1, failed: 0, skipped: 0 });
  t.same(printed, ['hello from the test', 'ok     a.test.ts']);
  t.end();
});

t.test('files that run in one process are told as if each had its own', (t) => {
  const printed: string[] = [];
  const results = new TapResults((line) => printed.push(line), 'test/unit-batch.ts');
  const tap = `# Subtest: test/unit-batch.ts
    # Subtest: a.test.ts
        # Subtest: works
            ok 1 - it does
            1..1
        ok 1 - works
        1..1
    ok 1 - a.test.ts
    # Subtest: b.test.ts
        # Subtest: fails
            not ok 1 - it does
            1..1
        not ok 1 - fails
        1..1
    not ok 2 - b.test.ts
    1..2
not ok 1 - test/unit-batch.ts`;
  for (const line of tap.split('\n')) results.line(line);
  t.same(results.end(), { passed: 1, failed: 1, skipped: 0 });
  t.same(printed, ['ok     a.test.ts', '\nFAILED b.test.ts > fails > it does', 'FAILED b.test.ts']);
  t.end();
});
