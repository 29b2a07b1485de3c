/**
 * Expected failures as values.
 */

/** What went right, or what went wrong; told apart by `ok`. */
export type Result<T, E> = Ok<T> | Err<E>;

/** The good outcome of a Result. */
export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

/** The bad outcome of a Result. */
export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

/** A Result that went right. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** A Result that went wrong. */
export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}
