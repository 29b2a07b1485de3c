/**
 * How long the answers of a cluster have taken lately: what its slow ones are measured by. The quantile is read anew after
 * every hundred samples, over at most the thousand latest, so that it follows the cluster and costs nothing in between.
 */
import { LatencyHistogram } from '../../telemetry/latency-histogram.ts';

const STEP = 100;
const SAMPLES_MAX = 1_000;

export class RecentLatency {
  /** Null until it is needed: it has 512 counts. */
  #histogram: LatencyHistogram | null = null;
  /** Grows with every hundred samples; 0 while there are fewer. */
  #generation = 0;

  get generation(): number {
    return this.#generation;
  }

  /** Adds one answer's time to its head. */
  record(ms: number): void {
    this.#histogram ??= new LatencyHistogram();
    const histogram = this.#histogram;
    // What is forgotten at a thousand was read at a thousand.
    if (histogram.count >= SAMPLES_MAX) histogram.reset();
    histogram.record(ms);
    if (histogram.count % STEP === 0) this.#generation++;
  }

  /** The time that `percent` of the samples have not exceeded, in milliseconds. Walks 512 counts. */
  percentileMs(percent: number): number {
    return this.#histogram?.quantileMs(percent / 100) ?? 0;
  }
}
