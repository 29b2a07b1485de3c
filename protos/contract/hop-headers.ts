/** Header fields by which proxies of the mesh tell each other about one request; lower case. */

/**
 * Of requests: for how many milliseconds from the arrival of its head an answer is worth having, as a decimal integer of
 * at most nine digits. Relative like grpc-timeout, because clocks of machines differ: each hop subtracts what it took
 * itself. Nothing makes it longer on the way.
 */
export const DEADLINE_HEADER = 'x-outrider-deadline';

/** Of requests: how important they are to their caller, `critical`, `default` or `sheddable`. Absent means `default`. */
export const PRIORITY_HEADER = 'x-outrider-priority';

/** Of requests: which attempt it is, counted over all layers. Absent means the first. */
export const ATTEMPT_HEADER = 'x-outrider-attempt';

/** Of answers: how many attempts were made for it by the last proxy that made more than one. Absent means one. */
export const ATTEMPTS_HEADER = 'x-outrider-attempts';

/**
 * Of failures: that they are not to be tried again above, and why: `attempts` (there was more than one), `budget` (there
 * was none left for another), `below` (a call that was made for it failed so).
 */
export const RETRIED_HEADER = 'x-outrider-retried';

/** Of answers: that they stand for a failure, and which kind of fallback made them: `static`, `last-good`, `cluster`. */
export const FALLBACK_HEADER = 'x-outrider-fallback';

/** Reads a deadline: milliseconds, or null for what is none. */
export function parseDeadlineMs(text: string | null): number | null {
  return text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : null;
}
