/**
 * Micro-benchmarks: nanoseconds per operation of one function, in this process. Every benchmark is calibrated to a sample
 * of some 20 ms; then all are sampled in alternating rounds, as the peers are, and the median is told.
 *
 * A figure here says whether a change made something slower. It does not say what the change costs a request: for that the
 * caches are too warm and the types too few.
 */
import type { Measurement } from '../rounds.ts';

/** One benchmark, exported in a list named `benchmarks` by a file `x.bench.ts` in this folder. */
export interface MicroBenchmark {
  /** Unique among all files; shown, and matched by the command's argument. */
  readonly name: string;
  /**
   * Does the operation that many times. What it returns is kept alive, so that the compiler cannot leave the work out:
   * return something that depends on it.
   */
  run(iterations: number): unknown;
}

/** Length of one sample. */
const SAMPLE_MS = 20;
const ITERATIONS_MAX = 2 ** 30;

/** Runs a benchmark until its code is compiled, and returns how many iterations make a sample. */
export function calibrate(benchmark: MicroBenchmark, nowMs: () => number): number {
  let iterations = 1;
  for (;;) {
    // The shorter of two: somebody else may have had the core, and a sample of few iterations is mostly its own start.
    const tookMs = Math.min(time(benchmark, iterations, nowMs), time(benchmark, iterations, nowMs));
    if (tookMs >= SAMPLE_MS || iterations >= ITERATIONS_MAX) return iterations;
    // Growth by at most ten, since the first runs are interpreted and say little about the compiled ones.
    const wanted = tookMs > 0 ? Math.ceil((iterations * SAMPLE_MS * 1.1) / tookMs) : iterations * 10;
    iterations = Math.min(Math.max(wanted, iterations + 1), iterations * 10, ITERATIONS_MAX);
  }
}

/** One sample, in nanoseconds per operation. */
export function sample(benchmark: MicroBenchmark, iterations: number, nowMs: () => number): Measurement {
  const nsPerOperation = (time(benchmark, iterations, nowMs) * 1e6) / iterations;
  return { figures: { nsPerOperation }, foreignShare: 0 };
}

/** The last result, held where the compiler cannot see that nobody reads it. */
const sink: { last: unknown } = { last: undefined };

function time(benchmark: MicroBenchmark, iterations: number, nowMs: () => number): number {
  const startMs = nowMs();
  sink.last = benchmark.run(iterations);
  return nowMs() - startMs;
}
