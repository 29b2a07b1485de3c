import t from 'tap';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { AdaptiveLimitStats } from '../http/filters/adaptive-limit/adaptive-limit-stats.ts';
import { ManagerStats } from '../http/manager-stats.ts';
import { ClusterStats } from '../upstream/cluster-stats.ts';
import { HealthCheck } from './health-check.ts';
import { HealthState } from './health-state.ts';
import { LoadMeter } from './load-meter.ts';
import { cpuMs, listeningInode, residentBytes } from './proc-files.ts';

t.test('one success makes healthy, two failures in a row make unhealthy', (t) => {
  const state = new HealthState(2);
  t.equal(state.health, 'unknown');
  t.equal(state.record('refused'), true);
  t.match(state, { health: 'unknown', reason: 'refused' });
  t.equal(state.record('refused'), true);
  t.equal(state.health, 'unhealthy');
  t.equal(state.record('refused'), false, 'no news');
  t.equal(state.record(null), true);
  t.match(state, { health: 'healthy', reason: '', everHealthy: true });
  t.equal(state.record('answered 500'), false, 'one failure is forgiven');
  t.equal(state.record(null), false);
  state.record('answered 500');
  t.equal(state.record('answered 503'), true);
  t.match(state, { health: 'unhealthy', reason: 'answered 503' });
  t.end();
});

t.test('failures within the start period do not count, until the first success', (t) => {
  const state = new HealthState(1);
  t.equal(state.record('refused', true), true);
  t.match(state, { health: 'unknown', reason: 'refused' });
  state.record(null, true);
  state.record('answered 500', true);
  t.match(state, { health: 'unhealthy', reason: 'answered 500' });
  const late = new HealthState(1);
  late.record('refused', true);
  late.record('refused', false);
  t.equal(late.health, 'unhealthy', 'the period is over');
  t.end();
});

t.test('probes come every 200 ms until the first success, then at the interval', async (t) => {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const results: (string | null)[] = ['refused', 'refused', 'refused', null, null];
  const probedAtMs: number[] = [];
  const probe = async () => {
    probedAtMs.push(clock.nowMs() - 1_000_000);
    return results.shift() ?? null;
  };
  let news = 0;
  const times = { intervalMs: 1_000, retries: 2, startPeriodMs: 0, startIntervalMs: 200 };
  const check = new HealthCheck(probe, times, clock, timers, () => news++);
  check.start();
  for (let i = 0; i < 40; i++) {
    await Promise.resolve();
    await Promise.resolve();
    clock.advance({ ms: 100 });
  }
  check.close();
  t.same(probedAtMs.slice(0, 6), [0, 200, 400, 600, 1600, 2600]);
  t.equal(news, 3, 'refused, unhealthy, healthy');
  const before = probedAtMs.length;
  clock.advance({ seconds: 10 });
  t.equal(probedAtMs.length, before);
});

function complete(stats: ManagerStats | ClusterStats, status: number, ms: number): void {
  stats.rqCompleted++;
  stats.timeMs.record(ms);
  if (stats instanceof ClusterStats) stats.byStatus[status]!++;
  else stats.byClass[Math.floor(status / 100)]!++;
}

const NO_LIMIT = { adaptiveLimit: () => undefined, inboundConnections: () => 3 };

t.test('a report tells the window since the last one', (t) => {
  const inbound = new ManagerStats('inbound');
  const catalog = new ClusterStats();
  const idle = new ClusterStats();
  const clusters = [
    { name: 'catalog', stats: catalog },
    { name: 'idle', stats: idle },
  ];
  const usage = () => ({ cpuFraction: 0.25, memoryBytes: 1024 });
  complete(inbound, 500, 900);
  const meter = new LoadMeter({ ...NO_LIMIT, inbound: () => inbound, clusters: () => clusters, usage }, 0);
  for (let i = 0; i < 99; i++) complete(inbound, 200, 10);
  complete(inbound, 503, 100);
  inbound.rqActive = 7;
  complete(catalog, 200, 20);
  const report = meter.report(1_000);
  t.match(report, { windowMs: 1000, inFlight: 7, requests: 100, errors: 1, cpuFraction: 0.25, memoryBytes: 1024 });
  t.ok(report.p50LatencyUs > 9_000 && report.p50LatencyUs < 12_000, `p50 ${report.p50LatencyUs}`);
  t.ok(report.p99LatencyUs < 12_000, `p99 ${report.p99LatencyUs}`);
  t.match(report.edges, [{ cluster: 'catalog', requests: 1, errors: 0 }]);
  t.match(meter.report(2_000), { requests: 0, errors: 0, p50LatencyUs: 0, edges: [] });
  t.end();
});

t.test(
  'where there is an adaptive limit a report tells how full the application is, and how long requests waited',
  (t) => {
    const limit = new AdaptiveLimitStats('inbound');
    const inbound = new ManagerStats('inbound');
    const usage = () => ({ cpuFraction: 0, memoryBytes: 0 });
    const view = { ...NO_LIMIT, adaptiveLimit: () => limit, inbound: () => inbound, clusters: () => [], usage };
    Object.assign(limit, { admitted: 10, waitedUs: 5_000, limit: 40, inFlight: 10 });
    const meter = new LoadMeter(view, 0);
    inbound.rqActive = 99;
    Object.assign(limit, { admitted: 30, waitedUs: 9_000 });
    t.match(meter.report(1_000), { inFlight: 10, unfinished: 102, queueWaitUs: 200, limitSaturation: 0.25 });
    t.match(meter.report(2_000), { queueWaitUs: 0 }, 'nobody came');
    t.end();
  },
);

t.test('counters that start over are not counted backwards', (t) => {
  const inbound = new ManagerStats('inbound');
  for (let i = 0; i < 10; i++) complete(inbound, 500, 1);
  const view = {
    ...NO_LIMIT,
    inbound: () => inbound,
    clusters: () => [],
    usage: () => ({ cpuFraction: 0, memoryBytes: 0 }),
  };
  const meter = new LoadMeter(view, 0);
  inbound.rqCompleted = 2;
  inbound.byClass[5] = 1;
  t.match(meter.report(1_000), { requests: 2, errors: 1 });
  t.end();
});

t.test('only the busiest edges are reported', (t) => {
  const clusters = Array.from({ length: 300 }, (_, i) => ({ name: `c${i}`, stats: new ClusterStats() }));
  const usage = () => ({ cpuFraction: 0, memoryBytes: 0 });
  const meter = new LoadMeter({ ...NO_LIMIT, inbound: () => undefined, clusters: () => clusters, usage }, 0);
  for (const [i, { stats }] of clusters.entries()) stats.rqCompleted = i + 1;
  const { edges } = meter.report(1_000);
  t.equal(edges.length, 256);
  t.equal(edges[0]?.cluster, 'c299');
  t.end();
});

t.test('the files of /proc are understood, whatever a process calls itself', (t) => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 222 1 0 100 0 0 10 0
`;
  t.equal(listeningInode(table, 8080), '222');
  t.equal(listeningInode(table, 80), null);
  t.equal(listeningInode('', 80), null);
  const stat = '123 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 11 0 1000';
  t.equal(cpuMs(stat), 2_000);
  t.equal(cpuMs('nothing'), null);
  t.equal(residentBytes('Name:\tx\nVmRSS:\t   2048 kB\nRssAnon: 1 kB'), 2048 * 1024);
  t.equal(residentBytes(''), 0);
  t.end();
});
