/**
 * How the store in etcd fares, as numbers.
 */
import type { MetricSource } from '../../../kernel/metrics.ts';
import type { EtcdStore } from './etcd-store.ts';

/** Reads them at every scrape. */
export function etcdMetrics({ committer, mirror, freshness, latency }: EtcdStore): MetricSource {
  return (emit) => {
    const one = (name: string, help: string, type: 'gauge' | 'counter', value: number) =>
      emit({ name: `outrider_control_plane_store_${name}`, help, type, labels: {}, value });
    const { conflicts, fenced, unknown, retried } = committer.totals;
    const help = 'Time from a commit to its acknowledgement, in seconds.';
    emit({
      name: 'outrider_control_plane_store_commit_seconds',
      help,
      type: 'histogram',
      labels: {},
      buckets: latency,
    });
    one('conflicts_total', 'Commits that lost to another one.', 'counter', conflicts);
    one('fenced_total', 'Writes refused because this control plane does not lead.', 'counter', fenced);
    one('unknown_total', 'Commits of which nobody knows whether they were done.', 'counter', unknown);
    one('retried_total', 'Transactions that were sent more than once.', 'counter', retried);
    one('silent_seconds', 'Since anything was heard of etcd.', 'gauge', mirror.silentMs / 1000);
    one('confirmed_age_seconds', 'Since the state was last known to be the latest.', 'gauge', freshness.ageMs / 1000);
    one(
      'watch_lag_seconds',
      'By how much the state was behind when that was last looked at.',
      'gauge',
      freshness.lagMs / 1000,
    );
    one('lists_total', 'Times that all keys were read.', 'counter', mirror.totals.lists);
    one('watches_total', 'Watches that were opened.', 'counter', mirror.totals.watches);
    one('events_total', 'Changes heard of.', 'counter', mirror.totals.events);
  };
}
