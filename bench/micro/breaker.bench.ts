/** Micro-benchmarks of circuit breakers: what a cluster that has one adds to every attempt. */
import { ClusterStats } from '../../proxy/upstream/cluster-stats.ts';
import { Breaker } from '../../proxy/upstream/guard/breaker.ts';
import { serviceSubject } from '../../proxy/upstream/guard/breaker-failures.ts';
import { admitRequest, LimitRefusals, type Share } from '../../proxy/upstream/guard/limits.ts';
import { breakerConfig, cluster } from '../../test/fakes/config-builders.ts';
import type { MicroBenchmark } from './runner.ts';

const CONFIG = breakerConfig();

/** `failEvery`: that one fails, too seldom to open it; 0 for none. Time passes: 100,000 attempts a second. */
function attempts(failEvery: number) {
  return (iterations: number) => {
    const clock = { nowMs: 0 };
    const breaker = new Breaker(serviceSubject('a'), CONFIG, clock);
    for (let i = 1; i <= iterations; i++) {
      clock.nowMs += 0.01;
      if (breaker.enter() === null) breaker.record(breaker.epoch, failEvery > 0 && i % failEvery === 0, 1);
    }
    const { opened } = breaker.stats;
    breaker.destroy();
    return opened;
  };
}

function refusals(iterations: number): unknown {
  const clock = { nowMs: 0 };
  const breaker = new Breaker(serviceSubject('a'), { ...CONFIG, consecutiveFailures: 1 }, clock);
  breaker.record(breaker.epoch, true, 1);
  for (let i = 0; i < iterations; i++) {
    clock.nowMs += 0.01;
    breaker.refuse();
  }
  breaker.destroy();
  return breaker.stats.refused;
}

function admissions(iterations: number): unknown {
  const config = cluster('a', []);
  const stats = new ClusterStats();
  const share: Share = {
    limits: config.limits.default,
    connectionsPerEndpoint: Number.POSITIVE_INFINITY,
    inUse: stats.inUse,
    refusals: new LimitRefusals(config, 'default'),
    stats,
  };
  let refused = 0;
  for (let i = 0; i < iterations; i++) if (admitRequest(share) !== null) refused++;
  return refused;
}

/** One operation is one attempt that passes and tells how it ended, or one refusal. */
export const benchmarks: readonly MicroBenchmark[] = [
  { name: 'breaker/admission by limits', run: admissions },
  { name: 'breaker/good attempt', run: attempts(0) },
  { name: 'breaker/attempts, every fourth fails', run: attempts(4) },
  { name: 'breaker/refusal while open', run: refusals },
];
