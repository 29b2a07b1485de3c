import t from 'tap';
import { findChanges, findRegressions, renderChanges } from './compare.ts';
import { buildResult, type Metric, type Result, type ResultInput, renderResult, renderSummary } from './results.ts';
import type { PeerRounds } from './rounds.ts';

const metrics: Metric[] = [
  { key: 'cpuUs', title: 'CPU us', digits: 1, judged: true, spread: true },
  { key: 'rps', title: 'req/s', digits: 0, judged: false },
];

/** Rounds with the given CPU costs, all clean. */
function rounds(...costs: number[]): PeerRounds {
  const clean = new Map(costs.map((cpuUs, round) => [round, { cpuUs, rps: 1e6 / cpuUs }]));
  return { clean, dirty: new Map(), dropped: 0 };
}

function result(measured: Record<string, PeerRounds>, more: Partial<ResultInput> = {}): Result {
  const input: ResultInput = {
    key: 'http1 features=on',
    rounds: 2,
    features: ['routes'],
    metrics,
    missing: { nginx: 'not found' },
    versions: { haproxy: '2.6' },
    measured: new Map(Object.entries(measured)),
    ...more,
  };
  return buildResult(input, '2030-01-01T00:00:00Z');
}

t.test('ratios are given to the references that took part', (t) => {
  const { ratios } = result({ haproxy: rounds(10, 20), outrider: rounds(11, 22) });
  t.same(ratios.haproxy!.outrider!.cpuUs, { median: 1.1, min: 1.1, max: 1.1 });
  t.equal(ratios.envoy, undefined);
  t.end();
});

t.test('a bench may name the peers that ratios are given to', (t) => {
  const measured = { haproxy: rounds(10, 20), nginx: rounds(40, 40), outrider: rounds(10, 30) };
  const { ratios } = result(measured, { references: ['nginx', 'squid'] });
  t.same(Object.keys(ratios), ['nginx']);
  t.equal(ratios.nginx!.outrider!.cpuUs!.median, 0.5);
  t.end();
});

t.test('a target is judged by the median of its ratio, in its own bench', (t) => {
  const key = 'grpc features=on 10x10 response=100';
  const text = renderResult(result({ haproxy: rounds(10, 10), outrider: rounds(7, 8) }, { key }));
  t.match(text, 'target: outrider at most 0.85 x haproxy: 0.75 (0.70-0.80), met');
  t.notMatch(text, 'x nginx', 'a peer that took no part is no target');
  const slow = renderResult(result({ haproxy: rounds(10, 10), outrider: rounds(9, 9) }, { key }));
  t.match(slow, '0.90 (0.90-0.90), MISSED');
  t.notMatch(renderResult(result({ haproxy: rounds(10), outrider: rounds(9) })), 'target');
  t.end();
});

t.test('a peer that never answered is missing, with the reason', (t) => {
  const failed: PeerRounds = { ...rounds(), failure: 'connection refused' };
  const text = renderResult(result({ haproxy: rounds(10, 20), envoy: failed }));
  t.match(text, 'missing: envoy: connection refused');
  t.match(text, 'missing: nginx: not found');
  t.end();
});

t.test('figures without a clean round are marked', (t) => {
  const dirty: PeerRounds = { clean: new Map(), dirty: new Map([[0, { cpuUs: 9, rps: 1 }]]), dropped: 4 };
  const text = renderResult(result({ outrider: dirty }));
  t.match(text, 'outrider (!)');
  t.match(text, 'dropped 4 measurements');
  t.end();
});

t.test('a summary is shown with its spread when asked', (t) => {
  t.equal(renderSummary({ median: 14.84, min: 14.5, max: 15.21 }, 1, true), '14.8 (14.5-15.2)');
  t.equal(renderSummary({ median: 14.84, min: 14.5, max: 15.21 }, 1, false), '14.8');
  t.equal(renderSummary(undefined, 1, true), '-');
  t.end();
});

t.test('a machine twice as slow is no regression, a ratio that grew is', (t) => {
  const before = { results: [result({ haproxy: rounds(10, 10), outrider: rounds(11, 11) })] };
  const slower = { results: [result({ haproxy: rounds(20, 20), outrider: rounds(22, 22) })] };
  const worse = { results: [result({ haproxy: rounds(10, 10), outrider: rounds(13, 13) })] };
  t.same(findRegressions(findChanges(before, slower), 1.1), []);
  const changes = findChanges(before, worse);
  const regressions = findRegressions(changes, 1.1);
  t.equal(regressions.length, 1, 'only the judged figure of the peer that is no reference');
  t.equal(regressions[0]!.peer, 'outrider');
  t.match(renderChanges(changes, regressions), 'GREW');
  t.end();
});

t.test('a path of ours that grew relative to another of ours is a regression', (t) => {
  const references = ['outrider h1 to h1'];
  const of = (cost: number) =>
    result({ 'outrider h1 to h1': rounds(20), 'outrider h1 to h2': rounds(cost) }, { references });
  const changes = findChanges({ results: [of(16)] }, { results: [of(20)] });
  t.match(changes, [{ peer: 'outrider h1 to h2', reference: 'outrider h1 to h1', growth: 1.25 }]);
  t.equal(findRegressions(changes, 1.1).length, 1);
  t.end();
});

t.test('a growth of somebody else is shown and is no regression', (t) => {
  const before = { results: [result({ haproxy: rounds(10), nginx: rounds(10) })] };
  const changes = findChanges(before, { results: [result({ haproxy: rounds(10), nginx: rounds(20) })] });
  t.equal(changes.length, 1);
  t.same(findRegressions(changes, 1.1), []);
  t.end();
});

t.test('figures without a clean round are not compared', (t) => {
  const dirty: PeerRounds = { clean: new Map(), dirty: new Map([[0, { cpuUs: 99, rps: 1 }]]), dropped: 4 };
  const before = { results: [result({ haproxy: rounds(10), outrider: rounds(10) })] };
  t.same(findChanges(before, { results: [result({ haproxy: rounds(10), outrider: dirty })] }), []);
  t.end();
});

t.test('without a reference in both files figures are compared as they are', (t) => {
  const before = { results: [result({ wheel: rounds(10, 10) })] };
  const after = { results: [result({ wheel: rounds(15, 15) })] };
  t.match(findChanges(before, after), [{ peer: 'wheel', reference: undefined, growth: 1.5 }]);
  t.end();
});

t.test('a bench that only one file has is not compared', (t) => {
  const before = { results: [{ ...result({ haproxy: rounds(1) }), key: 'other' }] };
  t.same(findChanges(before, { results: [result({ haproxy: rounds(1), outrider: rounds(1) })] }), []);
  t.end();
});
