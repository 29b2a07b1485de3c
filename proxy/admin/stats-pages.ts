/** `/stats` and `/stats/prometheus`: every statistic, as text, as JSON and for Prometheus. */
import { MetricsRegistry } from '../../kernel/metrics.ts';
import type { LatencyHistogram } from '../telemetry/latency-histogram.ts';
import type { HistogramStatistic, Statistic } from '../telemetry/statistic.ts';
import { metricSource, type StatisticFilter, type StatsRegistry } from '../telemetry/stats-registry.ts';
import { type AdminEndpoint, type AdminReply, ALWAYS, jsonReply, patternOf, textReply } from './admin-endpoint.ts';

/** The percentiles that Envoy prints. */
const PERCENTILES = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

const KINDS_BY_TYPE: ReadonlyMap<string, Statistic['kind'] | null> = new Map([
  ['all', null],
  ['counters', 'counter'],
  ['gauges', 'gauge'],
  ['histograms', 'histogram'],
  ['textreadouts', 'text'],
]);

/** The endpoints over these statistics. */
export function statsEndpoints(stats: StatsRegistry): AdminEndpoint[] {
  return [
    {
      path: '/stats',
      help: 'print server stats',
      parameters: [
        'filter=REGEX',
        'format=text|json|prometheus',
        'usedonly',
        'type=All|Counters|Gauges|Histograms|TextReadouts',
      ],
      handle: ({ query }) => statsPage(stats, query),
    },
    {
      path: '/stats/prometheus',
      help: 'print server stats in prometheus format',
      parameters: ['filter=REGEX', 'usedonly'],
      handle: ({ query }) => prometheusPage(stats, query),
    },
    {
      path: '/reset_counters',
      help: 'reset all counters to zero',
      changes: ALWAYS,
      handle: () => {
        stats.resetCounters();
        return textReply('OK\n');
      },
    },
  ];
}

function statsPage(stats: StatsRegistry, query: URLSearchParams): AdminReply | Promise<AdminReply> {
  const format = query.get('format') ?? 'text';
  if (format === 'prometheus') return prometheusPage(stats, query);
  if (format !== 'text' && format !== 'json') {
    return textReply(`format is "${format}": it must be text, json or prometheus\n`, 400);
  }
  const filter = filterOf(query);
  if (typeof filter === 'string') return textReply(`${filter}\n`, 400);
  const chosen = stats.all().filter(filter);
  return format === 'json' ? jsonReply(statsJson(chosen)) : textReply(statsText(chosen));
}

async function prometheusPage(stats: StatsRegistry, query: URLSearchParams): Promise<AdminReply> {
  const filter = filterOf(query);
  if (typeof filter === 'string') return textReply(`${filter}\n`, 400);
  const metrics = new MetricsRegistry();
  metrics.register(metricSource(stats, filter));
  return { status: 200, ...(await metrics.expose('prometheus')) };
}

function filterOf(query: URLSearchParams): StatisticFilter | string {
  const pattern = patternOf(query, 'filter');
  if (typeof pattern === 'string') return pattern;
  const type = query.get('type') ?? 'All';
  const kind = KINDS_BY_TYPE.get(type.toLowerCase());
  if (kind === undefined) {
    return `type is "${type}": it must be All, Counters, Gauges, Histograms or TextReadouts`;
  }
  const usedOnly = query.has('usedonly');
  return (statistic) =>
    (pattern === null || pattern.test(statistic.name)) &&
    (kind === null || statistic.kind === kind) &&
    (!usedOnly || isUsed(statistic));
}

function isUsed(statistic: Statistic): boolean {
  if (statistic.kind === 'histogram') return statistic.histogram.count > 0;
  return statistic.kind === 'text' ? statistic.value !== '' : statistic.value !== 0;
}

/** Lines of `name: value`; histograms follow, as in Envoy. */
export function statsText(statistics: readonly Statistic[]): string {
  const values: string[] = [];
  const histograms: string[] = [];
  for (const each of statistics) {
    if (each.kind === 'histogram') histograms.push(`${each.name}: ${percentilesText(each.histogram)}\n`);
    else if (each.kind === 'text') values.push(`${each.name}: "${each.value}"\n`);
    else values.push(`${each.name}: ${each.value}\n`);
  }
  return values.join('') + histograms.join('');
}

/** Envoy prints the last interval and the whole time; intervals are not kept here, hence `nan`. */
function percentilesText(histogram: LatencyHistogram): string {
  if (histogram.count === 0) return 'No recorded values';
  return PERCENTILES.map((each) => `P${each}(nan,${rounded(histogram.quantileMs(each / 100))})`).join(' ');
}

function statsJson(statistics: readonly Statistic[]): unknown {
  const stats: unknown[] = [];
  const histograms: HistogramStatistic[] = [];
  for (const each of statistics) {
    if (each.kind === 'histogram') histograms.push(each);
    else stats.push({ name: each.name, value: each.value });
  }
  if (histograms.length > 0) {
    const computed = histograms.map(({ name, histogram }) => ({ name, values: percentilesJson(histogram) }));
    stats.push({ histograms: { supported_quantiles: PERCENTILES, computed_quantiles: computed } });
  }
  return { stats };
}

function percentilesJson(histogram: LatencyHistogram): unknown[] {
  return PERCENTILES.map((each) => ({
    interval: null,
    cumulative: histogram.count === 0 ? null : rounded(histogram.quantileMs(each / 100)),
  }));
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
