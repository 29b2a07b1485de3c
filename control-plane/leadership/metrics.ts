/**
 * Who leads, as numbers.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import { sampler } from '../sampler.ts';
import type { Leadership } from './leadership.ts';

/** Reads them at every scrape. */
export function leadershipMetrics(leadership: Leadership): MetricSource {
  return (emit) => {
    const { role, shared, members, elections } = leadership;
    const { gauge, counter } = sampler(emit);
    gauge('leader', '1 while this control plane leads.', Number(role === 'leading'));
    if (!shared) return;
    const adrift = '1 while it serves what it last knew, because the store does not answer.';
    gauge('adrift', adrift, Number(role === 'adrift'));
    gauge('members', 'Control planes that live.', members.length);
    counter('elections_won_total', 'Times this control plane was elected.', elections);
  };
}
