/** What becomes of the last known good configuration, under `outrider.last_known_good`. */
import type { Clock } from '../../../kernel/clock.ts';
import { counter, emitTable, resetTable, type StatRow } from '../../telemetry/stat-table.ts';
import { type EmitStatistic, fixedScope, type StatsSource, statName } from '../../telemetry/statistic.ts';

const TABLE: readonly StatRow<LastKnownGoodStats>[] = [
  counter('written', 'written', 'Times that it was written to disk'),
  counter('writeFailed', 'write_failed', 'Times that it could not be written to disk'),
  counter('refused', 'refused', 'Files that were found at the start and not used'),
];

/** See the head of this file. */
export class LastKnownGoodStats implements StatsSource {
  written = 0;
  writeFailed = 0;
  refused = 0;
  /** When the configuration in use was written, if it came from disk; milliseconds since 1970. */
  inUseSinceMs: number | null = null;
  /** How many endpoints have yet to prove themselves; set by whoever knows them. */
  countSuspects: () => number = () => 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How old the configuration from disk is that is worked with; null while the control plane's own is. */
  get ageMs(): number | null {
    return this.inUseSinceMs === null ? null : Math.max(0, this.#clock.wallMs() - this.inUseSinceMs);
  }

  collect(emit: EmitStatistic): void {
    const scope = fixedScope('outrider.last_known_good');
    const { ageMs } = this;
    const inUse = statName(scope, 'in_use', '1 while the configuration in use came from disk');
    emit({ kind: 'gauge', ...inUse, value: ageMs === null ? 0 : 1 });
    const age = statName(scope, 'age_seconds', 'How long ago a control plane stood behind it; 0 while one does');
    emit({ kind: 'gauge', ...age, value: ageMs === null ? 0 : Math.floor(ageMs / 1000) });
    const suspects = statName(scope, 'suspect_endpoints', 'Endpoints from disk that have yet to prove themselves');
    emit({ kind: 'gauge', ...suspects, value: this.countSuspects() });
    emitTable(TABLE, this, scope, emit);
  }

  reset(): void {
    resetTable(TABLE, this);
  }
}
