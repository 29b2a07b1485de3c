import t from 'tap';
import { Hedging } from './hedging.ts';
import { RecentLatency } from './recent-latency.ts';

const POLICY = { percentile: 95, maxExtraPercent: 5, minDelayMs: 1 };

/** Hundreds of answers, of which one in ten takes `slowMs`. */
function hundreds(latency: RecentLatency, count: number, slowMs: number): void {
  for (let i = 0; i < count * 100; i++) latency.record(i % 10 === 0 ? slowMs : 5);
}

t.test('nothing is slow before a hundred answers; then what most answers are not', (t) => {
  const latency = new RecentLatency();
  const hedging = new Hedging(POLICY);
  t.equal(hedging.delayMs(latency), 0);
  for (let i = 0; i < 99; i++) latency.record(5);
  t.equal(hedging.delayMs(latency), 0);
  latency.record(5);
  t.ok(Math.abs(hedging.delayMs(latency) - 5) < 0.4, `${hedging.delayMs(latency)}`);
  hundreds(latency, 5, 80);
  t.ok(Math.abs(hedging.delayMs(latency) - 80) < 6, `${hedging.delayMs(latency)}: one in ten is more than 5 %`);
  t.equal(new Hedging({ ...POLICY, minDelayMs: 500 }).delayMs(latency), 500);
  t.ok(new Hedging({ ...POLICY, percentile: 50 }).delayMs(latency) < 6);
  t.end();
});

t.test('what was long ago is forgotten', (t) => {
  const latency = new RecentLatency();
  const hedging = new Hedging(POLICY);
  hundreds(latency, 10, 80);
  t.ok(hedging.delayMs(latency) > 70);
  for (let i = 0; i < 100; i++) latency.record(3);
  t.ok(hedging.delayMs(latency) < 4, `${hedging.delayMs(latency)}`);
  t.end();
});

t.test('second attempts stay within their share of the first ones', (t) => {
  const hedging = new Hedging(POLICY);
  let granted = 0;
  for (let i = 0; i < 1_000; i++) {
    hedging.deposit(i);
    if (hedging.withdraw(i)) granted++;
  }
  t.equal(granted, 50);
  t.end();
});
