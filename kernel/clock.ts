/**
 * Time, as everything in Outrider reads it. Handed in, so that tests and the simulator can drive it.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start, with fractions; never goes back. */
  nowMs(): number;
  /** Whole seconds of the same monotonic clock. */
  seconds(): number;
  /** Milliseconds since 1970, for people and for other machines; may jump in either direction. */
  wallMs(): number;
}

/** Looked up once: the global is a getter of Node's, which costs more than the reading. */
const { performance } = globalThis;

/** The clock of this process: it starts near zero when the process (or worker thread) starts. */
export class SystemClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  seconds(): number {
    return Math.floor(performance.now() / 1000);
  }

  wallMs(): number {
    return Date.now();
  }
}
