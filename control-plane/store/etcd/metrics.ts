/**
 * How the store in etcd fares, as numbers.
 */
import type { MetricSource } from '../../../kernel/metrics.ts';
import { METRIC_PREFIX, sampler } from '../../sampler.ts';
import type { EtcdStore } from './etcd-store.ts';

/** Reads them at every scrape. */
export function etcdMetrics({ committer, mirror, freshness, latency }: EtcdStore): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit, 'store_');
    const { conflicts, fenced, unknown, retried } = committer.totals;
    const help = 'Time from a commit to its acknowledgement, in seconds.';
    emit({
      name: `${METRIC_PREFIX}store_commit_seconds`,
      help,
      type: 'histogram',
      labels: {},
      buckets: latency,
    });
    counter('conflicts_total', 'Commits that lost to another one.', conflicts);
    counter('fenced_total', 'Writes refused because this control plane does not lead.', fenced);
    counter('unknown_total', 'Commits of which nobody knows whether they were done.', unknown);
    counter('retried_total', 'Transactions that were sent more than once.', retried);
    gauge('silent_seconds', 'Since anything was heard of etcd.', mirror.silentMs / 1000);
    gauge('confirmed_age_seconds', 'Since the state was last known to be the latest.', freshness.ageMs / 1000);
    gauge(
      'watch_lag_seconds',
      'By how much the state was behind when that was last looked at.',
      freshness.lagMs / 1000,
    );
    counter('lists_total', 'Times that all keys were read.', mirror.totals.lists);
    counter('watches_total', 'Watches that were opened.', mirror.totals.watches);
    counter('events_total', 'Changes heard of.', mirror.totals.events);
  };
}
