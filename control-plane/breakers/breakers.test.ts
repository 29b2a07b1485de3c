import fc from 'fast-check';
import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { judgeQuorum, type Vote } from './quorum.ts';
import { SharedBreakers } from './shared-breakers.ts';

/** `a+20`: caller a has opened its own at 20 requests; `b-7`: caller b has not. */
function votes(text: string): Vote[] {
  return text
    .split(' ')
    .filter((each) => each !== '')
    .map((each) => ({ caller: each[0]!, open: each[1] === '+', requests: Number(each.slice(2)) }));
}

const JUDGEMENTS: readonly (readonly [string, boolean, string])[] = [
  ['', false, 'nobody'],
  ['a+900', false, 'one caller opens nothing for the others'],
  ['a+900 b+19', false, 'who had fewer than 20 requests has no say'],
  ['a+20 b+20', true, 'two of two'],
  ['a+20 b+20 c-20', true, 'two of three'],
  ['a+20 b+20 c-20 d-20', true, 'half is enough'],
  ['a+20 b+20 c-20 d-20 e-20', false, 'less than half is not'],
  ['a+20 b+20 c-19 d-19 e-19', true, 'those without a say do not hinder either'],
  ['a+20 a+20', false, 'a caller counts once'],
];

for (const [text, quorum, name] of JUDGEMENTS) {
  t.test(`quorum: ${name}`, (t) => {
    t.equal(judgeQuorum(votes(text)).quorum, quorum);
    t.end();
  });
}

t.test(
  'quorum, property: what is opened for everyone was opened by two callers and by half of those with a say',
  (t) => {
    const vote = fc.record({
      caller: fc.constantFrom(...'abcdefgh'),
      open: fc.boolean(),
      requests: fc.nat({ max: 40 }),
    });
    const unique = fc.uniqueArray(vote, { selector: ({ caller }) => caller });
    fc.assert(
      fc.property(unique, (all) => {
        const { quorum, open, callers } = judgeQuorum(all);
        const say = all.filter(({ requests }) => requests >= 20);
        const opened = say.filter((each) => each.open);
        const counted = open === opened.length && callers === say.length;
        return counted && quorum === (opened.length >= 2 && opened.length >= say.length / 2);
      }),
    );
    fc.assert(
      fc.property(unique, fc.constantFrom(...'abcdefgh'), (all, caller) => {
        // Another caller that opens its own never closes what was open, nor does one that has not seen enough.
        if (!judgeQuorum(all).quorum) return true;
        const others = all.filter((each) => each.caller !== caller);
        const before = all.find((each) => each.caller === caller);
        return judgeQuorum([...others, { caller, open: true, requests: before?.requests ?? 20 }]).quorum;
      }),
    );
    t.end();
  },
);

const NAME = 'catalog/GET /products/{id}';

function setUp() {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const breakers = new SharedBreakers({ clock, timers, logger: silentLogger });
  let changes = 0;
  breakers.watch(() => changes++);
  const report = (text: string, name = NAME) => {
    for (const { caller, open, requests } of votes(text)) breakers.report(caller, [{ name, open, requests }]);
  };
  return { breakers, report, pass: (ms: number) => clock.advance({ ms }), changes: () => changes };
}

t.test('a quorum holds it open for its time, and only another quorum for longer', (t) => {
  const { breakers, report, pass, changes } = setUp();
  report('a+20');
  t.same([breakers.open, changes()], [[], 0]);
  report('b+20 c-30');
  t.match(breakers.open, [{ name: NAME, open: 2, callers: 2, ttlMs: 10_000 }]);
  const { sequence } = breakers.open[0]!;
  pass(4_000);
  report('a+20 b+20');
  t.equal(breakers.open[0]!.sequence, sequence, 'it holds for long yet');
  pass(2_000);
  report('a+20 b+20');
  t.ok(breakers.open[0]!.sequence > sequence, 'said anew');
  t.match(
    { opened: breakers.opened, renewed: breakers.renewed, changes: changes() },
    { opened: 1, renewed: 1, changes: 2 },
  );
  pass(9_900);
  t.equal(breakers.open.length, 1);
  pass(200);
  t.same([breakers.open, changes()], [[], 3]);
  t.end();
});

t.test('who says nothing for a while, or goes, has no say any more', (t) => {
  const { breakers, report, pass } = setUp();
  report('a+20');
  pass(5_100);
  report('b+20');
  t.same(breakers.open, []);
  breakers.forget('b');
  report('c+20');
  t.same(breakers.open, []);
  breakers.report('c', []);
  report('d+20');
  t.same(breakers.open, [], 'a report takes the place of the one before');
  report('c+20');
  t.equal(breakers.open.length, 1);
  breakers.close();
  t.end();
});

t.test('templates are judged apart; a name that no resource could have is passed over', (t) => {
  const { breakers, report } = setUp();
  report('a+20', 'one');
  report('b+20', 'two');
  for (const name of ['', 'x'.repeat(600)]) report('a+20 b+20', name);
  t.same(breakers.open, []);
  t.end();
});
