/**
 * What the registry has counted, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import type { Registry } from './registry.ts';

/** Reads the numbers at every scrape. */
export function registryMetrics(registry: Registry): MetricSource {
  return (emit) => {
    const sample = (type: 'counter' | 'gauge', name: string, help: string, value: number) =>
      emit({ name: `outrider_control_plane_${name}`, help, type, labels: {}, value });
    const { registrations, refusals, renewals, removals, evictions, withheld } = registry.totals;
    sample('counter', 'registrations_total', 'Leases taken in or continued.', registrations);
    sample('counter', 'registrations_refused_total', 'Registrations that were refused.', refusals);
    sample('counter', 'renewals_total', 'Heartbeats and renewals of leases.', renewals);
    sample('counter', 'removals_total', 'Instances removed on purpose.', removals);
    sample('counter', 'evictions_total', 'Instances evicted for their silence.', evictions);
    const help = 'Instances that were kept though their time was up: too many were silent at once.';
    sample('counter', 'evictions_withheld_total', help, withheld);
    sample('gauge', 'evictions_withheld', 'Instances that are kept though their time is up.', registry.withheld);
    sample('gauge', 'heartbeat_stretch', 'By how much the fleet beats more slowly, at least 1.', registry.stretch);
  };
}
