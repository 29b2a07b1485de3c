/** What was decided about a request besides the ordinary: a retry, a refusal, a fault. Kept for people, not for logs. */

/** One decision. */
export interface Decision {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  /** A sentence without its full stop: what was done, and why, with the limit and its value. */
  readonly text: string;
}

/** Of one request: what comes after has to be read in the statistics. */
export const DECISIONS_MAX = 32;
