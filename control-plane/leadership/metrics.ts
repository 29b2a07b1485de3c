/**
 * Who leads, as numbers.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import type { Leadership } from './leadership.ts';

/** Reads them at every scrape. */
export function leadershipMetrics(leadership: Leadership): MetricSource {
  return (emit) => {
    const { role, shared, members, elections } = leadership;
    const emitOne = (name: string, help: string, type: 'gauge' | 'counter', value: number) =>
      emit({ name: `outrider_control_plane_${name}`, help, type, labels: {}, value });
    emitOne('leader', '1 while this control plane leads.', 'gauge', Number(role === 'leading'));
    if (!shared) return;
    const adrift = '1 while it serves what it last knew, because the store does not answer.';
    emitOne('adrift', adrift, 'gauge', Number(role === 'adrift'));
    emitOne('members', 'Control planes that live.', 'gauge', members.length);
    emitOne('elections_won_total', 'Times this control plane was elected.', 'counter', elections);
  };
}
