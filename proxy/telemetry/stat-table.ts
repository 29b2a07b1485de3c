/**
 * Tables from the plain fields of a class of counters to Envoy's statistic names: one row a field, used for telling and
 * for resetting alike.
 */
import { type EmitStatistic, type Scope, statName } from './statistic.ts';

/** Names of the fields of T that hold numbers. */
export type NumberField<T> = { [K in keyof T]-?: T[K] extends number ? K : never }[keyof T] & string;

/** One row. */
export interface StatRow<T> {
  readonly field: NumberField<T>;
  /** Below the scope: `upstream_rq_total`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  /** One sentence for people. */
  readonly help: string;
}

/** A row of a counter. */
export function counter<T>(field: NumberField<T>, name: string, help: string): StatRow<T> {
  return { field, name, kind: 'counter', help };
}

/** A row of a gauge. */
export function gauge<T>(field: NumberField<T>, name: string, help: string): StatRow<T> {
  return { field, name, kind: 'gauge', help };
}

/** Tells the fields of `stats` under the scope. */
export function emitTable<T extends object>(
  table: readonly StatRow<T>[],
  stats: T,
  scope: Scope,
  emit: EmitStatistic,
): void {
  for (const { field, name, kind, help } of table) {
    emit({ kind, ...statName(scope, name, help), value: stats[field] as number });
  }
}

/** Zeroes the counters of `stats`. */
export function resetTable<T extends object>(table: readonly StatRow<T>[], stats: T): void {
  for (const { field, kind } of table) if (kind === 'counter') (stats as Record<string, number>)[field] = 0;
}
