/** All statistics of the process: parts register as sources, readers get every statistic in the order of its name. */
import type { MetricSource } from '../../kernel/metrics.ts';
import { ENVOY_BOUNDS_MS } from './latency-histogram.ts';
import type { Statistic, StatsSource } from './statistic.ts';

/** See the head of this file. */
export class StatsRegistry {
  readonly #sources = new Set<StatsSource>();

  /** Adds a source; the returned function takes it out. */
  register(source: StatsSource): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  /** Every statistic, sorted by name. */
  all(): Statistic[] {
    const all: Statistic[] = [];
    for (const source of this.#sources) source.collect((statistic) => all.push(statistic));
    return all.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** Zeroes all counters. Gauges and histograms stay, as in Envoy. */
  resetCounters(): void {
    for (const source of this.#sources) source.reset();
  }
}

/** Which statistics are meant. */
export type StatisticFilter = (statistic: Statistic) => boolean;

/** The statistics for Prometheus. Texts have no place there. */
export function metricSource(registry: StatsRegistry, filter: StatisticFilter = () => true): MetricSource {
  return (emit) => {
    for (const statistic of registry.all()) {
      if (statistic.kind === 'text' || !filter(statistic)) continue;
      const { metric: name, help, labels } = statistic;
      if (statistic.kind === 'histogram') {
        const { histogram } = statistic;
        const buckets = { bounds: ENVOY_BOUNDS_MS, counts: histogram.bucketCounts(), sum: histogram.sumMs };
        emit({ name, help, labels, type: 'histogram', buckets });
      } else emit({ name, help, labels, type: statistic.kind, value: statistic.value });
    }
  };
}
