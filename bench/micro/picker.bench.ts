/** Micro-benchmarks of proxy/upstream/picker: one pick for every attempt, and what measuring latency adds to it. */
import { SeededRandom } from '../../kernel/random.ts';
import type { Endpoint } from '../../proxy/upstream/endpoint.ts';
import { EndpointLatency } from '../../proxy/upstream/endpoint-latency.ts';
import { LeastRequestPicker } from '../../proxy/upstream/picker/least-request.ts';
import { PeakEwmaPicker } from '../../proxy/upstream/picker/peak-ewma.ts';
import { PLAIN_PICK } from '../../proxy/upstream/picker/picker.ts';
import type { MicroBenchmark } from './runner.ts';

const ENDPOINTS = 10;

/** What pickers see of an endpoint. */
function endpoints(loop = { nowMs: 1_000 }): Endpoint[] {
  const config = {
    kind: 'peak-ewma',
    decayMs: 10_000,
    initialLatencyMs: 30,
    overloadPenaltyMs: 5_000,
    maxOverloadPenaltyMs: 300_000,
  } as const;
  return Array.from({ length: ENDPOINTS }, (_, i) => {
    const latency = new EndpointLatency(config, loop);
    latency.observe(10 + i, true);
    return { active: i % 3, config: { weight: 100 }, latency } as unknown as Endpoint;
  });
}

function leastRequest(iterations: number): unknown {
  const picker = new LeastRequestPicker(endpoints(), 2, 1, new SeededRandom(1));
  let sum = 0;
  for (let i = 0; i < iterations; i++) sum += picker.pick(PLAIN_PICK)!.active;
  return sum;
}

function peakEwma(iterations: number): unknown {
  const loop = { nowMs: 1_000 };
  const picker = new PeakEwmaPicker(endpoints(loop), new SeededRandom(1));
  let sum = 0;
  for (let i = 0; i < iterations; i++) {
    loop.nowMs += 0.01;
    sum += picker.pick(PLAIN_PICK)!.active;
  }
  return sum;
}

/** The life of one attempt: it begins, is answered, and its latency counts. */
function measure(iterations: number): unknown {
  const loop = { nowMs: 1_000 };
  const [endpoint] = endpoints(loop);
  const latency = endpoint!.latency!;
  for (let i = 0; i < iterations; i++) {
    loop.nowMs += 0.01;
    latency.begin();
    latency.answered(loop.nowMs);
    latency.observe(10, true);
  }
  return latency.estimateMs;
}

/** One operation is one pick, or one attempt that is measured. */
export const benchmarks: readonly MicroBenchmark[] = [
  { name: 'picker/least-request of 10', run: leastRequest },
  { name: 'picker/peak-ewma of 10', run: peakEwma },
  { name: 'picker/peak-ewma measure an attempt', run: measure },
];
