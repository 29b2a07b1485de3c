/**
 * How many requests at once an application can do, learned from how long they take: Gradient2 of Netflix's
 * concurrency-limits, over windows of samples. Pure.
 *
 *   short    mean latency of the window
 *   long     its long-term mean: what is usual while the application is not full
 *   gradient clamp(0.5, tolerance x long / short, 1): below 1 once latency grows beyond what is tolerated
 *   limit    0.8 x limit + 0.2 x (limit x gradient + sqrt(limit)), between its bounds
 *
 * What is different here, because the original follows its own queue: when an application is asked for more than it can
 * do, `short` holds the wait that the limit itself allows. Taken into `long` it would allow a longer one, and so on up to
 * the largest limit, where every answer comes too late. So while requests are turned away `long` only falls, and what is
 * usual is measured instead, now and then, at the minimum limit (Envoy's gradient controller does so with its minRTT):
 *
 *   learning ──turned away for long, none lately──► emptying ──no more at work than the minimum──► measuring ──► learning
 *
 * A window at the minimum limit is such a measurement by itself. At first, and from such a window on, the limit grows by its
 * own size instead of by its root, until latency answers: an instance that starts under load, or has become slow for reasons
 * of its own, must not turn away for seconds what it could do.
 */
import { SHARE } from './priority.ts';

/** Bounds and tolerance. */
export interface Gradient2Settings {
  readonly initialLimit: number;
  readonly minLimit: number;
  readonly maxLimit: number;
  /** By which factor latency may grow over its long-term mean; at least 1. */
  readonly tolerance: number;
}

/** A window ends with the first sample for which both are reached. */
const WINDOW_MS = 100;
const WINDOW_SAMPLES = 10;

const SMOOTHING = 0.2;
const GRADIENT_MIN = 0.5;
/** The long-term mean is that of so many windows at first; then it moves with this time constant. */
const WARM_UP_WINDOWS = 10;
const LONG_MS = 60_000;
/** The long-term mean is far above when it is that many times as long; then it loses a twentieth in each window. */
const FAR_ABOVE = 2;
const RECOVERY = 0.95;
/** Share of a window at the minimum limit in the long-term mean. */
const RELEARNED = 0.5;
/** What is never refused may keep an application from becoming empty, and nobody may come: then there is no measurement. */
const PATIENCE_MS = 5_000;
/** What is usual is measured after so many full windows more than others, and not again for so long: 1 % of the time. */
const FULL_WINDOWS = 20;
const MEASURE_EVERY_MS = 30_000;

export class Gradient2 {
  #settings: Gradient2Settings;
  #limit: number;
  #state: 'learning' | 'emptying' | 'measuring' = 'learning';
  #rising = true;
  #longMs = 0;
  #windows = 0;
  #fullWindows = 0;
  /** In a row, with no more at work than the minimum. */
  #leastWindows = 0;
  /** Since when the limit has been at its minimum for a measurement. */
  #leastSinceMs = 0;
  #measuredMs = Number.NEGATIVE_INFINITY;
  /** How often what is usual has been measured. */
  measurements = 0;
  #atWork = 0;
  /** Of the window: */
  #startedMs = 0;
  #sumMs = 0;
  #count = 0;
  #peakAtWork = 0;
  #turnedAway = false;

  constructor(settings: Gradient2Settings) {
    this.#settings = settings;
    this.#limit = settings.initialLimit;
  }

  /** Requests at once, a whole number. */
  get limit(): number {
    return this.#state === 'learning' ? Math.floor(this.#limit) : this.#settings.minLimit;
  }

  /** Usual latency; 0 before the first window has ended. */
  get longMs(): number {
    return this.#longMs;
  }

  /** Other bounds from now on. What was learned is kept. */
  configure(settings: Gradient2Settings): void {
    this.#settings = settings;
    this.#limit = this.#bounded(this.#limit);
  }

  /** That many are at work now. HOT. */
  atWork(count: number, nowMs: number): void {
    this.#atWork = count;
    if (count > this.#peakAtWork) this.#peakAtWork = count;
    if (this.#state === 'emptying' && count <= this.#least) this.#measure(nowMs);
  }

  /** A request did not get its place at once: there are more than the limit. HOT. */
  turnedAway(): void {
    this.#turnedAway = true;
  }

  /** A request took that long. HOT. */
  sample(latencyMs: number, nowMs: number): void {
    if (this.#state !== 'learning' && !this.#measures(nowMs - latencyMs, nowMs)) return;
    if (this.#count === 0 && this.#state === 'learning') this.#startedMs = nowMs;
    this.#count++;
    this.#sumMs += latencyMs;
    if (this.#count >= WINDOW_SAMPLES && nowMs - this.#startedMs >= WINDOW_MS) this.#endWindow(nowMs);
  }

  /** Requests at once when the limit is at its minimum, those included that may exceed it. */
  get #least(): number {
    return this.#settings.minLimit * SHARE.critical;
  }

  /** Whether a request that began then had no more than the minimum beside it. */
  #measures(beganMs: number, nowMs: number): boolean {
    if (nowMs - this.#leastSinceMs > PATIENCE_MS) this.#endMeasurement(nowMs);
    return this.#state === 'measuring' && beganMs >= this.#startedMs;
  }

  #endMeasurement(nowMs: number): void {
    this.#state = 'learning';
    this.#fullWindows = 0;
    this.#measuredMs = nowMs;
    this.#startWindow();
  }

  #measure(nowMs: number): void {
    this.#state = 'measuring';
    this.#startWindow();
    this.#startedMs = nowMs;
  }

  #startWindow(): void {
    this.#count = 0;
    this.#sumMs = 0;
    this.#peakAtWork = this.#atWork;
    this.#turnedAway = false;
  }

  #endWindow(nowMs: number): void {
    // A clock that stands still between request and answer tells nothing.
    const shortMs = Math.max(this.#sumMs / this.#count, 0.001);
    if (this.#state === 'measuring') {
      this.#longMs = shortMs;
      this.measurements++;
      this.#endMeasurement(nowMs);
      return;
    }
    this.#leastWindows = this.#peakAtWork <= this.#least ? this.#leastWindows + 1 : 0;
    this.#learn(shortMs, nowMs - this.#startedMs);
    this.#adjust(shortMs);
    this.#noteFull(nowMs);
    this.#startWindow();
  }

  #learn(shortMs: number, windowMs: number): void {
    this.#windows++;
    if (this.#turnedAway && this.#windows > 1 && shortMs > this.#longMs) {
      // What began in the window before had no more beside it either.
      if (this.#leastWindows > 1 && this.#limit <= this.#settings.minLimit) this.#relearn(shortMs);
      return;
    }
    const weight = this.#windows <= WARM_UP_WINDOWS ? 1 / this.#windows : Math.min(1, windowMs / LONG_MS);
    this.#longMs += (shortMs - this.#longMs) * weight;
    if (this.#longMs / shortMs > FAR_ABOVE) this.#longMs *= RECOVERY;
  }

  #relearn(shortMs: number): void {
    this.#longMs += (shortMs - this.#longMs) * RELEARNED;
    this.#rising = true;
  }

  #adjust(shortMs: number): void {
    const limit = this.#limit;
    // What is not used says nothing of what could be.
    if (this.#peakAtWork < limit / 2) return;
    const { tolerance } = this.#settings;
    const gradient = Math.max(GRADIENT_MIN, Math.min(1, (tolerance * this.#longMs) / shortMs));
    if (gradient < 1) this.#rising = false;
    const queue = this.#rising ? limit : Math.sqrt(limit);
    this.#limit = this.#bounded(limit * (1 - SMOOTHING) + (limit * gradient + queue) * SMOOTHING);
  }

  #noteFull(nowMs: number): void {
    this.#fullWindows = this.#turnedAway ? this.#fullWindows + 1 : Math.max(0, this.#fullWindows - 1);
    // One that is full from its first window on has never shown what is usual.
    const full = this.#fullWindows >= FULL_WINDOWS || this.#windows === 1;
    if (!full || !this.#turnedAway || nowMs - this.#measuredMs < MEASURE_EVERY_MS) return;
    this.#state = 'emptying';
    this.#leastSinceMs = nowMs;
    if (this.#atWork <= this.#least) this.#measure(nowMs);
  }

  #bounded(limit: number): number {
    const { minLimit, maxLimit } = this.#settings;
    return Math.min(maxLimit, Math.max(minLimit, limit));
  }
}
