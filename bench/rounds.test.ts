import t from 'tap';
import {
  countedRounds,
  type Measurement,
  orderOfRound,
  runRounds,
  summariseFigureRatios,
  summariseFigures,
} from './rounds.ts';

const options = { rounds: 3, foreignShareMax: 0.05, retries: 2 };
const clean = (us: number): Measurement => ({ figures: { us }, foreignShare: 0 });
const dirty = (us: number, foreignShare = 0.5): Measurement => ({ figures: { us }, foreignShare });

t.test('rounds go forwards and backwards in turn', async (t) => {
  t.same(orderOfRound(['a', 'b', 'c'], 0), ['a', 'b', 'c']);
  t.same(orderOfRound(['a', 'b', 'c'], 1), ['c', 'b', 'a']);
  const seen: string[] = [];
  await runRounds(['a', 'b'], options, async (peer) => {
    seen.push(peer);
    return clean(1);
  });
  t.same(seen, ['a', 'b', 'b', 'a', 'a', 'b']);
});

t.test('a measurement with foreign CPU is taken again and counted as dropped', async (t) => {
  const answers = [dirty(99), clean(1), clean(2), clean(3)];
  const rounds = (await runRounds(['a'], options, async () => answers.shift()!)).get('a')!;
  t.equal(rounds.dropped, 1);
  t.same([...rounds.clean.values()], [{ us: 1 }, { us: 2 }, { us: 3 }]);
});

t.test(
  'what stays dirty after the retries is dropped, and the least dirty kept for a peer without any clean round',
  async (t) => {
    const answers = [dirty(9, 0.9), dirty(5, 0.5), dirty(7, 0.7)];
    const rounds = (await runRounds(['a'], { ...options, rounds: 1 }, async () => answers.shift()!)).get('a')!;
    t.equal(rounds.dropped, 3);
    const counted = countedRounds(rounds);
    t.notOk(counted.trusted);
    t.same([...counted.figures.values()], [{ us: 5 }]);
  },
);

t.test('a peer that fails leaves the run, the others go on', async (t) => {
  const results = await runRounds(['good', 'bad'], options, async (peer, round) => {
    if (peer === 'bad' && round === 1) throw new Error('connection refused');
    return clean(round);
  });
  t.equal(results.get('good')!.clean.size, 3);
  t.equal(results.get('bad')!.clean.size, 1);
  t.equal(results.get('bad')!.failure, 'connection refused');
});

t.test('figures are summarised by name, and ratios only over rounds that both have', (t) => {
  const ours = new Map([
    [0, { us: 2, mb: 10 }],
    [1, { us: 4, mb: 10 }],
  ]);
  const theirs = new Map([[1, { us: 8, mb: 5 }]]);
  t.same(summariseFigures(ours).us, { median: 3, min: 2, max: 4 });
  t.same(summariseFigureRatios(ours, theirs), {
    us: { median: 0.5, min: 0.5, max: 0.5 },
    mb: { median: 2, min: 2, max: 2 },
  });
  t.end();
});
