/**
 * What the registry has counted, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import { sampler } from '../sampler.ts';
import type { Registry } from './registry.ts';

/** Reads the numbers at every scrape. */
export function registryMetrics(registry: Registry): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit);
    const { registrations, refusals, renewals, removals, evictions, withheld } = registry.totals;
    counter('registrations_total', 'Leases taken in or continued.', registrations);
    counter('registrations_refused_total', 'Registrations that were refused.', refusals);
    counter('renewals_total', 'Heartbeats and renewals of leases.', renewals);
    counter('removals_total', 'Instances removed on purpose.', removals);
    counter('evictions_total', 'Instances evicted for their silence.', evictions);
    const help = 'Instances that were kept though their time was up: too many were silent at once.';
    counter('evictions_withheld_total', help, withheld);
    gauge('evictions_withheld', 'Instances that are kept though their time is up.', registry.withheld);
    gauge('heartbeat_stretch', 'By how much the fleet beats more slowly, at least 1.', registry.stretch);
  };
}
