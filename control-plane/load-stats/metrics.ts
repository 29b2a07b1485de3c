/**
 * What Envoys and gRPC clients have reported, for /metrics. Their proxies' own statistics tell more; these are for clients
 * that nobody scrapes.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import { sampler } from '../sampler.ts';
import type { LoadStats } from './load-stats.ts';

/** Reads the numbers at every scrape. */
export function loadStatsMetrics(loadStats: LoadStats): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit, 'lrs_');
    gauge('streams', 'Clients that report load.', loadStats.clients);
    counter('reports_total', 'Load reports taken in.', loadStats.reports);
    counter('ignored_total', 'Clusters in reports that are no service of the mesh.', loadStats.ignored);
    for (const [cluster, { succeeded, failed, dropped }] of loadStats.totals()) {
      const help = 'Requests that clients have reported as done, by outcome.';
      counter('requests_total', help, succeeded, { cluster, outcome: 'success' });
      counter('requests_total', help, failed, { cluster, outcome: 'error' });
      counter('requests_total', help, dropped, { cluster, outcome: 'dropped' });
    }
  };
}
