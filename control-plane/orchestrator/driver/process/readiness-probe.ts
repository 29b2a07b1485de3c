/**
 * Asks a URL until it answers 200.
 */
import { get } from 'node:http';
import type { Clock } from '../../../../kernel/clock.ts';
import type { Timers } from '../../../../kernel/timers.ts';

const PAUSE_MS = 50;
const ANSWER_TIMEOUT_MS = 1000;

/** True when it answered 200 within `timeoutMs`; false when time is up, or as soon as `gaveUp` says so. */
export async function waitUntilReady(
  url: string,
  timeoutMs: number,
  gaveUp: () => boolean,
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
): Promise<boolean> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  while (clock.nowMs() < deadlineMs && !gaveUp()) {
    if (await answersOk(url)) return true;
    await new Promise<void>((resolve) => timers.after(PAUSE_MS, resolve));
  }
  return false;
}

function answersOk(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const request = get(url, { agent: false, timeout: ANSWER_TIMEOUT_MS }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  request.once('timeout', () => request.destroy());
  request.once('error', () => resolve(false));
  return promise;
}
