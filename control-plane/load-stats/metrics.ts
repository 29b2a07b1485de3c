/**
 * What Envoys and gRPC clients have reported, for /metrics. Their proxies' own statistics tell more; these are for clients
 * that nobody scrapes.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import type { LoadStats } from './load-stats.ts';

/** Reads the numbers at every scrape. */
export function loadStatsMetrics(loadStats: LoadStats): MetricSource {
  return (emit) => {
    const sample = (
      type: 'counter' | 'gauge',
      name: string,
      help: string,
      value: number,
      labels: Record<string, string> = {},
    ) => emit({ name: `outrider_control_plane_lrs_${name}`, help, type, labels, value });
    sample('gauge', 'streams', 'Clients that report load.', loadStats.clients);
    sample('counter', 'reports_total', 'Load reports taken in.', loadStats.reports);
    sample('counter', 'ignored_total', 'Clusters in reports that are no service of the mesh.', loadStats.ignored);
    for (const [cluster, { succeeded, failed, dropped }] of loadStats.totals()) {
      const help = 'Requests that clients have reported as done, by outcome.';
      sample('counter', 'requests_total', help, succeeded, { cluster, outcome: 'success' });
      sample('counter', 'requests_total', help, failed, { cluster, outcome: 'error' });
      sample('counter', 'requests_total', help, dropped, { cluster, outcome: 'dropped' });
    }
  };
}
