/**
 * What polling has counted, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import { sampler } from '../sampler.ts';
import type { PageFeed } from './feed.ts';

/** Reads the numbers at every scrape. */
export function discoveryMetrics(feed: PageFeed): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit);
    const { answered, unchanged, refused } = feed.totals;
    const polls = 'Polls of services and endpoints, by how they were answered.';
    counter('polls_total', polls, answered, { outcome: 'answered' });
    counter('polls_total', polls, unchanged, { outcome: 'not_modified' });
    counter('polls_total', polls, refused, { outcome: 'refused' });
    gauge('polls_waiting', 'Polls that wait for a change.', feed.waiting);
  };
}
