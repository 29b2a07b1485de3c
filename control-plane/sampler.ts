/** How the parts of the control plane tell their numbers at a scrape. */
import type { Labels, MetricSource } from '../kernel/metrics.ts';

/** Emits one series of a metric. `name` is written behind the prefix; `help` is one sentence, the same on every series. */
type Sample = (name: string, help: string, value: number, labels?: Labels) => void;

/** One function for each kind of number: a counter only ever grows, and its name ends in `_total`. */
export interface Sampler {
  readonly gauge: Sample;
  readonly counter: Sample;
}

/** Everybody's names begin so. */
export const METRIC_PREFIX = 'outrider_control_plane_';

/** A sampler over what a source is given; names begin with METRIC_PREFIX and `part`, such as `dns_`. */
export function sampler(emit: Parameters<MetricSource>[0], part = ''): Sampler {
  const sampleAs =
    (type: 'gauge' | 'counter'): Sample =>
    (name, help, value, labels = {}) =>
      emit({ name: `${METRIC_PREFIX}${part}${name}`, help, type, labels, value });
  return { gauge: sampleAs('gauge'), counter: sampleAs('counter') };
}
