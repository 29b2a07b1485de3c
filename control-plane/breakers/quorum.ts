/**
 * When a request breaker that sidecars share is opened for all of them. PURE.
 *
 * A caller has a say once it had 20 requests of the template in its window: what it has seen is more than chance. Two of those
 * that have a say, and half of them, must have opened theirs: one caller that fails for reasons of its own (a bad
 * release, a bad link) opens nothing for the others.
 */

/** What one caller sees. */
export interface Vote {
  readonly caller: string;
  readonly open: boolean;
  /** In the window of its breaker. */
  readonly requests: number;
}

/** The judgement, with its figures. */
export interface Verdict {
  readonly quorum: boolean;
  /** Callers that have opened theirs, of those that have a say. */
  readonly open: number;
  readonly callers: number;
}

/** Requests that give a caller a say. */
export const SAY_REQUESTS_MIN = 20;
/** Callers that must have opened theirs, whatever the share. */
export const OPEN_CALLERS_MIN = 2;

/** Judges the votes on one template; of several by one caller the last counts. */
export function judgeQuorum(votes: Iterable<Vote>): Verdict {
  const last = new Map<string, Vote>();
  for (const vote of votes) last.set(vote.caller, vote);
  let open = 0;
  let callers = 0;
  for (const vote of last.values()) {
    if (vote.requests < SAY_REQUESTS_MIN) continue;
    callers++;
    if (vote.open) open++;
  }
  return { quorum: open >= OPEN_CALLERS_MIN && open * 2 >= callers, open, callers };
}
