/**
 * The control plane's own numbers, for /metrics.
 */
import type { MetricSource } from '../kernel/metrics.ts';
import type { SharedBreakers } from './breakers/shared-breakers.ts';
import type { DrainTotals } from './drain/traffic-control.ts';
import type { UpgradeTotals } from './orchestrator/sidecar-upgrades.ts';
import type { Registry } from './registry/registry.ts';
import { sampler } from './sampler.ts';
import type { Ledger } from './store/ledger.ts';
import type { AdsServer } from './xds/ads-server.ts';

/** What is measured. */
export interface MetricDeps {
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly ads: AdsServer;
  readonly breakers: SharedBreakers;
  readonly drains: DrainTotals;
  readonly upgrades: Readonly<UpgradeTotals>;
}

/** Reads the numbers at every scrape. */
export function controlPlaneMetrics({ ledger, registry, ads, breakers, drains, upgrades }: MetricDeps): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit);

    gauge('revision', 'Revision of the desired state.', ledger.state.revision);
    gauge('workloads', 'Workloads in the desired state.', ledger.state.workloads.size);
    const marks = ledger.history();
    const { forgotten, massDeletionsRefused } = ledger.counts;
    gauge('history_entries', 'Changes that are kept.', marks.length);
    gauge(
      'history_bytes',
      'What they take.',
      marks.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    counter('history_forgotten_total', 'Changes that were forgotten for the limits of history.', forgotten);
    counter('mass_deletions_refused_total', 'Changes refused for deleting too much.', massDeletionsRefused);
    const view = registry.view();
    for (const state of ['live', 'suspect', 'draining'] as const) {
      const count = view.instances.filter((instance) => instance.state === state).length;
      gauge('instances', 'Instances in the registry, by the state of their lease.', count, { state });
    }
    gauge('self_preservation', '1 while so many instances are silent that nobody is evicted.', Number(view.preserving));
    gauge('shared_breakers_open', 'Request breakers held open for every sidecar.', breakers.open.length);
    counter('shared_breakers_opened_total', 'Times a request breaker was opened for everyone.', breakers.opened);
    counter('shared_breakers_renewed_total', 'Times one was held open anew.', breakers.renewed);
    const { confirmed, unconfirmed, idle, cut } = drains;
    counter('drains_total', 'Instances taken out, by whether all callers confirmed.', confirmed, {
      outcome: 'confirmed',
    });
    counter('drains_total', 'Instances taken out, by whether all callers confirmed.', unconfirmed, { outcome: 'late' });
    counter('drained_total', 'Instances stopped, by whether anything was in flight.', idle, { outcome: 'idle' });
    counter('drained_total', 'Instances stopped, by whether anything was in flight.', cut, { outcome: 'cut' });
    for (const [outcome, count] of Object.entries(upgrades))
      counter('sidecar_upgrades_total', 'Sidecars that were to be replaced in place, by what came of it.', count, {
        outcome,
      });
    gauge('xds_streams', 'Open ADS streams.', ads.clients().length);
    for (const [kind, { responses, acks, nacks }] of ads.totals()) {
      counter('xds_responses_total', 'Responses sent, by kind of resource.', responses, { kind });
      counter('xds_acks_total', 'Responses accepted by clients, by kind of resource.', acks, { kind });
      counter('xds_nacks_total', 'Responses refused by clients, by kind of resource.', nacks, { kind });
    }
  };
}
