/**
 * What polling has counted, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import type { PageFeed } from './feed.ts';

/** Reads the numbers at every scrape. */
export function discoveryMetrics(feed: PageFeed): MetricSource {
  return (emit) => {
    const counter = (outcome: string, value: number) =>
      emit({
        name: 'outrider_control_plane_polls_total',
        help: 'Polls of services and endpoints, by how they were answered.',
        type: 'counter',
        labels: { outcome },
        value,
      });
    counter('answered', feed.totals.answered);
    counter('not_modified', feed.totals.unchanged);
    counter('refused', feed.totals.refused);
    const help = 'Polls that wait for a change.';
    emit({ name: 'outrider_control_plane_polls_waiting', help, type: 'gauge', labels: {}, value: feed.waiting });
  };
}
