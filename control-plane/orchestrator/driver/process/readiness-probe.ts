/**
 * Waits until somebody serves on loopback.
 */
import { get } from 'node:http';
import { connect } from 'node:net';
import type { Clock } from '../../../../kernel/clock.ts';
import type { Timers } from '../../../../kernel/timers.ts';

/** What waiting needs. */
export interface ProbeDeps {
  readonly clock: Clock;
  readonly timers: Timers;
}

const PAUSE_MS = 50;
const ANSWER_TIMEOUT_MS = 1000;

/** True when `url` answered 200 within `timeoutMs`; false when time is up, or as soon as `gaveUp` says so. */
export function waitUntilReady(
  url: string,
  timeoutMs: number,
  gaveUp: () => boolean,
  deps: ProbeDeps,
): Promise<boolean> {
  return waitUntil(() => answersOk(url), timeoutMs, gaveUp, deps);
}

/** True when the port accepted a connection within `timeoutMs`; false as above. */
export function waitUntilListening(
  port: number,
  timeoutMs: number,
  gaveUp: () => boolean,
  deps: ProbeDeps,
): Promise<boolean> {
  return waitUntil(() => accepts(port), timeoutMs, gaveUp, deps);
}

async function waitUntil(
  probe: () => Promise<boolean>,
  timeoutMs: number,
  gaveUp: () => boolean,
  { clock, timers }: ProbeDeps,
): Promise<boolean> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  while (clock.nowMs() < deadlineMs && !gaveUp()) {
    if (await probe()) return true;
    await new Promise<void>((resolve) => timers.after(PAUSE_MS, resolve));
  }
  return false;
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1', timeout: ANSWER_TIMEOUT_MS });
  const settle = (accepted: boolean) => {
    socket.destroy();
    resolve(accepted);
  };
  socket.once('connect', () => settle(true));
  socket.once('error', () => settle(false));
  socket.once('timeout', () => settle(false));
  return promise;
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
