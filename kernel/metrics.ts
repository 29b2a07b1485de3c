/**
 * Metrics, collected when somebody asks: components keep plain numbers, and tell them at a scrape.
 *
 *   component ──register(source)──► MetricsRegistry ◄──expose(format)── scrape
 *                                         └── source(emit): emit({ name, help, type, labels, value }) per series
 *
 * prom-client renders the text; it is loaded at the first scrape and keeps no numbers of ours. Names are written as the
 * source gives them. Prometheus wants base units as suffix (_seconds, _bytes) and `_total` on counters; OpenMetrics
 * requires the latter, so there a counter without it gets one.
 */
import type { Metric, RegistryContentType } from 'prom-client';
import { assert } from './assert.ts';

/** Label values by name. The same names on every series of a metric. */
export type Labels = Readonly<Record<string, string | number>>;

interface Series {
  /** The metric's name. */
  readonly name: string;
  /** One sentence for people; the same on every series of a metric. */
  readonly help: string;
  readonly labels: Labels;
}

/** One number: a counter only ever grows, a gauge goes both ways. */
export interface ValueSample extends Series {
  readonly type: 'counter' | 'gauge';
  readonly value: number;
}

/** How often each range of values was seen. */
export interface HistogramSample extends Series {
  readonly type: 'histogram';
  readonly buckets: Buckets;
}

/** A histogram's numbers. */
export interface Buckets {
  /** Upper bounds, inclusive, rising, without infinity. */
  readonly bounds: ArrayLike<number>;
  /** Observations per bucket, not cumulative: one longer than bounds, the last is what was above all bounds. */
  readonly counts: ArrayLike<number>;
  /** All observed values added up. */
  readonly sum: number;
}

/** One series of one metric at the moment of the scrape. */
export type MetricSample = ValueSample | HistogramSample;

/** Tells its numbers by calling `emit` once per series, at once; runs at every scrape. */
export type MetricSource = (emit: (sample: MetricSample) => void) => void;

/** The text formats. */
export type MetricsFormat = 'prometheus' | 'openmetrics';

/** A scrape's answer. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** What prom-client renders: its metrics answer `get()` with this. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: MetricSample['type'];
  readonly values: Rendered[];
}

interface Rendered {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly sharedLabels?: Labels;
  readonly value: number;
}

/** The sources of one process. */
export class MetricsRegistry {
  readonly #sources = new Set<MetricSource>();

  /** Adds a source; the returned function takes it out. */
  register(source: MetricSource): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  /** Every metric as text. The numbers are taken together, before anything waits. Rejects when a source throws. */
  async expose(format: MetricsFormat = 'prometheus'): Promise<Exposition> {
    const families = this.#collect();
    const { Registry } = (await import('prom-client')).default;
    const registry = new Registry<RegistryContentType>();
    if (format === 'openmetrics') registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    for (const family of families) registry.registerMetric(asMetric(family));
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  #collect(): Iterable<Family> {
    const families = new Map<string, Family>();
    const emit = (sample: MetricSample) => {
      const { name, help, type } = sample;
      let family = families.get(name);
      if (family === undefined) {
        family = { name, help, type, values: [] };
        families.set(name, family);
      }
      assert(family.type === type, `metric ${name} is emitted as ${type} and as ${family.type}: it must have one type`);
      if (sample.type === 'histogram') renderHistogram(sample, family.values);
      else family.values.push({ labels: sample.labels, value: sample.value });
    };
    for (const source of this.#sources) source(emit);
    return families.values();
  }
}

function renderHistogram({ name, labels, buckets }: HistogramSample, into: Rendered[]): void {
  const { bounds, counts, sum } = buckets;
  const lengths = `${bounds.length} bounds and ${counts.length} counts`;
  assert(counts.length === bounds.length + 1, `histogram ${name} has ${lengths}: it must be one count more`);
  let count = 0;
  for (let i = 0; i < counts.length; i++) {
    count += counts[i]!;
    const le = bounds[i] ?? '+Inf';
    into.push({ metricName: `${name}_bucket`, labels: { le }, sharedLabels: labels, value: count });
  }
  into.push({ metricName: `${name}_sum`, labels, value: sum });
  into.push({ metricName: `${name}_count`, labels, value: count });
}

/** prom-client asks a metric for its name, its type and `get`, and no more; its types want the whole class. */
function asMetric(family: Family): Metric {
  // It renames counters for OpenMetrics on the metric itself, so `get` has to give this very object.
  const metric = { ...family, get: async () => metric };
  return metric as unknown as Metric;
}
