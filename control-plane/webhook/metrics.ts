/** What the webhook has answered, for /metrics. */
import type { MetricSource } from '../../kernel/metrics.ts';
import { sampler } from '../sampler.ts';
import type { WatchedFiles } from '../security/watched-files.ts';
import type { Outcome } from './review.ts';

/** Plain numbers, counted by the server. */
export interface WebhookCounts {
  readonly reviews: Map<Outcome, number>;
  /** Requests that were no review, by status. */
  readonly bad: Map<number, number>;
  /** Time that answers took, all together. */
  busyMs: number;
}

/** Reads the numbers at every scrape. */
export function webhookMetrics(
  counts: WebhookCounts,
  files: readonly Pick<WatchedFiles<unknown>, 'what' | 'broken' | 'loads' | 'refused'>[],
  expiresAtMs: () => number,
): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit, 'webhook_');
    for (const [outcome, count] of counts.reviews)
      counter('reviews_total', 'Pods that were asked about, by what became of them.', count, { outcome });
    for (const [status, count] of counts.bad)
      counter('bad_requests_total', 'Requests that were no review of a pod, by status.', count, { status });
    counter('busy_seconds_total', 'Time that answers took.', counts.busyMs / 1000);
    for (const { what, broken, loads, refused } of files) {
      const file = what.replace('the ', '').replaceAll(' ', '_');
      const help = '1 while a file has changed and is wrong, and the old one goes on.';
      gauge('file_broken', help, Number(broken), { file });
      counter('file_loads_total', 'Times a changed file was taken over.', loads, { file });
      counter('file_refusals_total', 'Times a changed file was wrong.', refused, { file });
    }
    const help = 'When the certificate expires, in seconds since 1970.';
    gauge('certificate_expiry_timestamp_seconds', help, Math.floor(expiresAtMs() / 1000));
  };
}
