/** Waiting for something that comes in its own time: looking again and again, with a limit for when it does not. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 20;
const LIMIT_MS = 20_000;

/** What a look has found; undefined and false are nothing. */
type Found<T> = T | undefined | false;

/**
 * Looks until `check` finds something, and gives that. Rejects when it throws, and with `what` when `limitMs` (20 s by
 * default) are over.
 */
export async function until<T>(
  what: string,
  check: () => Found<T> | Promise<Found<T>>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(LOOK_MS);
  }
}

/** The same where a check that rejects has just not found anything yet: a server that does not listen, an answer cut short. */
export function untilWorks<T>(what: string, check: () => Promise<Found<T>>, limitMs = LIMIT_MS): Promise<T> {
  return until(what, () => check().catch(() => undefined), limitMs);
}
