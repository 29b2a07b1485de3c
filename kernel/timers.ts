/**
 * Timers for cold code: a handful per owner, each an object of its own. The request path uses `timer-wheel.ts`.
 */
import { assert } from './assert.ts';

/** A pending timer. */
export interface Timer {
  /** Stops it; does nothing when it has fired or was cancelled before. */
  cancel(): void;
}

/** Where timers come from; handed in beside the Clock, so that tests run without waiting. */
export interface Timers {
  /** Calls `run` once, `delayMs` from now; never from inside this call. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` every `intervalMs` (at least 1), first after one interval, until cancelled. A late one is not made up for. */
  every(intervalMs: number, run: () => void): Timer;
}

/** The longest delay that Node's own timers take; a longer one would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** Options of SystemTimers. */
export interface SystemTimersOptions {
  /** True: a pending timer does not keep the process alive. Default false. */
  readonly unref?: boolean;
}

/** The timers of this process. `after` takes delays of any length, also past Node's limit of 24.8 days. */
export class SystemTimers implements Timers {
  readonly #unref: boolean;

  constructor(options: SystemTimersOptions = {}) {
    this.#unref = options.unref === true;
  }

  after(delayMs: number, run: () => void): Timer {
    assert(delayMs >= 0, `a timer's delay is ${delayMs} ms: it must be at least 0`);
    let remainingMs = delayMs;
    let handle: NodeJS.Timeout;
    const startNext = () => {
      const stepMs = Math.min(remainingMs, DELAY_MS_MAX);
      remainingMs -= stepMs;
      handle = setTimeout(remainingMs > 0 ? startNext : run, stepMs);
      if (this.#unref) handle.unref();
    };
    startNext();
    return { cancel: () => clearTimeout(handle) };
  }

  every(intervalMs: number, run: () => void): Timer {
    const inRange = intervalMs >= 1 && intervalMs <= DELAY_MS_MAX;
    assert(inRange, `a timer's interval is ${intervalMs} ms: it must be 1 to ${DELAY_MS_MAX}`);
    const handle = setInterval(run, intervalMs);
    if (this.#unref) handle.unref();
    return { cancel: () => clearInterval(handle) };
  }
}
