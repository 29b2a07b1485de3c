/**
 * One statistic at the moment somebody asks, and where in Envoy's tree of names it stands.
 *
 * Envoy writes dots (`cluster.catalog.upstream_rq_503`) and derives Prometheus names from them by taking out the variable
 * parts as labels (`envoy_cluster_upstream_rq{envoy_cluster_name="catalog",envoy_response_code="503"}`). A Scope knows
 * both spellings, so that no name has to be taken apart again: a cluster's name may hold dots of its own.
 */
import type { LatencyHistogram } from './latency-histogram.ts';

/** Labels of a Prometheus series. */
export type StatLabels = Readonly<Record<string, string>>;

interface StatName {
  /** Envoy's name with dots. */
  readonly name: string;
  /** Envoy's name for Prometheus. */
  readonly metric: string;
  readonly labels: StatLabels;
  /** One sentence; the same for every series of a metric. */
  readonly help: string;
}

/** A number: a counter only grows (until it is reset), a gauge goes both ways. */
export interface NumberStatistic extends StatName {
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
}

/** Durations in milliseconds. */
export interface HistogramStatistic extends StatName {
  readonly kind: 'histogram';
  readonly histogram: LatencyHistogram;
}

/** A text, such as a version; Prometheus does not get it. */
export interface TextStatistic extends StatName {
  readonly kind: 'text';
  readonly value: string;
}

/** See the head of this file. */
export type Statistic = NumberStatistic | HistogramStatistic | TextStatistic;

/** Takes one statistic. */
export type EmitStatistic = (statistic: Statistic) => void;

/** A part of the proxy that keeps statistics. */
export interface StatsSource {
  /** Tells every statistic, at once. */
  collect(emit: EmitStatistic): void;
  /** Zeroes counters. Gauges say what is, and stay. */
  reset(): void;
}

/** A place in the tree under which statistics stand. */
export interface Scope {
  /** `cluster.catalog` */
  readonly path: string;
  /** `envoy_cluster` */
  readonly metric: string;
  readonly labels: StatLabels;
}

/** Envoy writes addresses and names with colons as underscores, because a colon parts other things in its sinks. */
function withoutColons(name: string): string {
  return name.replaceAll(':', '_');
}

/** `cluster.<name>`; give alt_stat_name when there is one. */
export function clusterScope(statName: string): Scope {
  const name = withoutColons(statName);
  return { path: `cluster.${name}`, metric: 'envoy_cluster', labels: { envoy_cluster_name: name } };
}

/** `http.<stat_prefix>` of a connection manager. */
export function httpScope(statPrefix: string): Scope {
  const name = withoutColons(statPrefix);
  return { path: `http.${name}`, metric: 'envoy_http', labels: { envoy_http_conn_manager_prefix: name } };
}

/** `<stat_prefix>.http_local_rate_limit`. */
export function rateLimitScope(statPrefix: string): Scope {
  const name = withoutColons(statPrefix);
  return {
    path: `${name}.http_local_rate_limit`,
    metric: 'envoy_http_local_rate_limit',
    labels: { envoy_local_http_ratelimit_prefix: name },
  };
}

/** A place below another. With a label, its name is that label's value for Prometheus. */
export function within(scope: Scope, name: string, label: string | null = null): Scope {
  const path = `${scope.path}.${withoutColons(name)}`;
  if (label === null) return { ...scope, path, metric: `${scope.metric}_${name}` };
  return { ...scope, path, labels: { ...scope.labels, [label]: name } };
}

/** `tcp.<stat_prefix>` of a TCP proxy. */
export function tcpScope(statPrefix: string): Scope {
  const name = withoutColons(statPrefix);
  return { path: `tcp.${name}`, metric: 'envoy_tcp', labels: { envoy_tcp_prefix: name } };
}

/** `dns_filter.<stat_prefix>` of a listener for DNS. */
export function dnsScope(statPrefix: string): Scope {
  const name = withoutColons(statPrefix);
  return { path: `dns_filter.${name}`, metric: 'envoy_dns_filter', labels: { envoy_dns_filter_prefix: name } };
}

/** `listener.<address or stat_prefix>`. */
export function listenerScope(addressOrPrefix: string): Scope {
  const name = withoutColons(addressOrPrefix);
  return { path: `listener.${name}`, metric: 'envoy_listener', labels: { envoy_listener_address: name } };
}

/** `request_breaker.<name of the template>`. */
export function requestBreakerScope(template: string): Scope {
  const name = withoutColons(template);
  return {
    path: `request_breaker.${name}`,
    metric: 'envoy_request_breaker',
    labels: { envoy_request_breaker_name: name },
  };
}

/** A fixed place such as `server` or `cluster_manager.cds`. */
export function fixedScope(path: string): Scope {
  return { path, metric: metricName(`envoy_${path}`), labels: {} };
}

/** The name of a statistic in a scope, in both spellings. */
export function statName(scope: Scope, name: string, help: string): StatName {
  const { path, metric, labels } = scope;
  return { name: `${path}.${name}`, metric: metricName(`${metric}_${name}`), labels, help };
}

/** A variable part of a name that Prometheus gets as a label: `upstream_rq_503` is `upstream_rq` with a code. */
export interface Variant {
  readonly stat: string;
  readonly metric: string;
  readonly label: string;
  readonly value: string;
}

/** The name of a statistic whose last part is a label for Prometheus. */
export function variantName(scope: Scope, variant: Variant, help: string): StatName {
  return {
    name: `${scope.path}.${variant.stat}`,
    metric: metricName(`${scope.metric}_${variant.metric}`),
    labels: { ...scope.labels, [variant.label]: variant.value },
    help,
  };
}

function metricName(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, '_');
}
