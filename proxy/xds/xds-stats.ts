/** What goes over the ADS stream, in Envoy's words ("Cluster discovery service statistics", "Control plane statistics"). */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import { counter, emitTable, resetTable, type StatRow } from '../telemetry/stat-table.ts';
import { type EmitStatistic, fixedScope, type StatsSource, statName } from '../telemetry/statistic.ts';

/** Counters of one type. */
export class XdsTypeStats {
  updateAttempt = 0;
  updateSuccess = 0;
  updateRejected = 0;
  expired = 0;
  /** Of the last response that was taken. */
  version = '';
}

const TYPE_STATS: readonly StatRow<XdsTypeStats>[] = [
  counter('updateAttempt', 'update_attempt', 'Requests and answers sent'),
  counter('updateSuccess', 'update_success', 'Updates taken in'),
  counter('updateRejected', 'update_rejected', 'Updates refused, wholly or in part'),
  counter('expired', 'ttl_expired', 'Resources removed because their ttl had passed without a refresh'),
];

/** Envoy has these two by themselves; endpoints and routes it counts per cluster and per connection manager. */
const SCOPES: Partial<Record<ResourceKind, string>> = { CDS: 'cluster_manager.cds', LDS: 'listener_manager.lds' };

/** See the head of this file. */
export class XdsStats implements StatsSource {
  connected = false;
  /** How the control plane calls itself. */
  identifier = '';
  readonly #types = new Map<ResourceKind, XdsTypeStats>();

  of(kind: ResourceKind): XdsTypeStats {
    let stats = this.#types.get(kind);
    if (stats === undefined) {
      stats = new XdsTypeStats();
      this.#types.set(kind, stats);
    }
    return stats;
  }

  collect(emit: EmitStatistic): void {
    const control = fixedScope('control_plane');
    const connected = statName(control, 'connected_state', '1 while there is a stream to the control plane');
    emit({ kind: 'gauge', ...connected, value: this.connected ? 1 : 0 });
    const identifier = statName(control, 'identifier', 'How the control plane calls itself');
    emit({ kind: 'text', ...identifier, value: this.identifier });
    for (const [kind, stats] of this.#types) {
      const scope = fixedScope(SCOPES[kind] ?? `xds.${kind.toLowerCase()}`);
      emitTable(TYPE_STATS, stats, scope, emit);
      emit({ kind: 'text', ...statName(scope, 'version_text', 'Version in use'), value: stats.version });
    }
  }

  reset(): void {
    for (const stats of this.#types.values()) resetTable(TYPE_STATS, stats);
  }
}
