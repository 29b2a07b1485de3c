/**
 * Reading the fields of a policy: null where nothing is written, and everything within its limits.
 */
import type { Cursor, Range } from './cursor.ts';
import { isToken, parseDurationMs } from './values.ts';

/** In milliseconds. */
export const HOUR_MS = 3_600_000;
/** In milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

/** What connections, requests and the like may be at most. */
export const COUNT_MAX = 1_000_000;

/** The fields of an object, by name. */
export type Fields = ReadonlyMap<string, Cursor>;

/** A duration in milliseconds, both ends of `range` included; null when it is absent, or wrong, which is reported. */
export function durationBetween(cursor: Cursor | undefined, range: Range): number | null {
  const ms = cursor?.parsed(parseDurationMs, 'a duration such as 250ms, 10s or 1m30s');
  if (ms === undefined) return null;
  if (ms >= range.min && ms <= range.max) return ms;
  return (
    cursor!.report(`${msText(ms)} is not allowed: it must be ${msText(range.min)} to ${msText(range.max)}`) ?? null
  );
}

/** A duration of the object. */
export function duration(fields: Fields | undefined, name: string, min: number, max: number): number | null {
  return durationBetween(fields?.get(name), { min, max });
}

/** A whole number of the object. */
export function whole(fields: Fields | undefined, name: string, min: number, max: number): number | null {
  return fields?.get(name)?.integer({ min, max }) ?? null;
}

/** A number of the object. */
export function real(fields: Fields | undefined, name: string, min: number, max: number): number | null {
  return fields?.get(name)?.number({ min, max }) ?? null;
}

/** A share of the object, in percent: above 0, at most 100. */
export function percent(fields: Fields | undefined, name: string): number | null {
  return real(fields, name, 0.01, 100);
}

/** True, false, or null when it is absent. */
export function flag(fields: Fields | undefined, name: string): boolean | null {
  return fields?.get(name)?.boolean() ?? null;
}

/** The items of a list in the object, at most `max` of them. */
export function items(fields: Fields | undefined, name: string, max: number): readonly Cursor[] {
  const list = fields?.get(name)?.list() ?? [];
  if (list.length > max) fields!.get(name)!.report(`has ${list.length} entries: at most ${max} are allowed`);
  return list;
}

/** The name of a header, in lower case. */
export function headerName(cursor: Cursor | undefined): string | null {
  const name = cursor?.parsed((text) => (isToken(text, 256) ? text.toLowerCase() : null), 'a header name');
  return name ?? null;
}

/** Reports at `name` when the two are written, or stand in for what is not, in the wrong order. */
export function ordered(
  fields: Fields,
  [lowName, low]: readonly [string, number],
  [highName, high]: readonly [string, number],
  text: (value: number) => string = String,
): void {
  if (low <= high) return;
  const [at, other] = fields.has(lowName) ? [lowName, highName] : [highName, lowName];
  const relation = at === lowName ? 'more than' : 'less than';
  const [value, limit] = at === lowName ? [low, high] : [high, low];
  const origin = fields.has(other) ? '' : ', the default';
  fields.get(at)?.report(`${text(value)} is ${relation} ${other}, ${text(limit)}${origin}`);
}

const UNITS: readonly (readonly [number, string])[] = [
  [HOUR_MS, 'h'],
  [60_000, 'm'],
  [1000, 's'],
  [1, 'ms'],
];

/** A duration as people write it: 250ms, 1m30s, 24h. */
export function msText(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, name] of UNITS) {
    const count = name === 'ms' ? rest : Math.floor(rest / unit);
    if (count > 0) text += `${count}${name}`;
    rest -= count * unit;
  }
  return text === '' ? '0s' : text;
}
