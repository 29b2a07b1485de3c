/**
 * A circuit breaker: stops requests to what keeps failing, and after a while lets a few through to see.
 *
 *   closed ──share of failures, share of slow answers, failures in a row──► open ──open_for──► half open
 *     ▲                                                                      ▲                   │  │
 *     │                                                                      └── a probe fails ──┘  │
 *     └───────────────────────────── successes_to_close good probes in a row ───────────────────────┘
 *
 * The state machine, its timer and the rolling window are opossum's. Its `fire` is not used, since that costs promises for
 * every request (see docs/decisions/breakers-by-opossum.md): outcomes are counted in plain fields, put into opossum's
 * window when a tenth of it is over, and compared with the limits as they come. opossum's timer keeps no process alive and
 * ends with `destroy`; everything else is worked out when somebody asks.
 */
import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { BreakerConfig } from '../../config/model/policy.ts';
import type { Failure } from '../../http/failure.ts';
import type { Gate } from '../../http/gate.ts';
import { type BreakerSubject, breakerOpen, breakerProbing, type Cause, type Tally } from './breaker-failures.ts';
import { BreakerStats } from './breaker-stats.ts';

/** Where the time is read: monotonic milliseconds. */
export interface BreakerClock {
  readonly nowMs: number;
}

/** Of the window: an outcome leaves it when it is between nine tenths of the window and all of it old. */
const BUCKETS = 10;

export class Breaker implements Gate {
  readonly stats = new BreakerStats();
  readonly config: BreakerConfig;
  readonly #subject: BreakerSubject;
  readonly #clock: BreakerClock;
  /** Made when the first tenth of the window is over, or when it opens: it takes 8 kB, and most clusters are not called. */
  #circuit: CircuitBreaker | null = null;
  readonly #rotation = new EventEmitter();
  readonly #bucketMs: number;
  readonly #slowAfterMs: number;
  #rotateAtMs = 0;
  /** Outcomes and refusals that are not in opossum's window yet. */
  #now = new Counts();
  /** What was in it at the last rotation. */
  #before = new Counts();
  #failedInRow = 0;
  /** Null while closed. */
  #refusal: Failure | null = null;
  #probes = 0;
  #probeAtMs = 0;
  #goodProbes = 0;
  epoch = 1;

  constructor(subject: BreakerSubject, config: BreakerConfig, clock: BreakerClock) {
    this.#subject = subject;
    this.config = config;
    this.#clock = clock;
    this.#bucketMs = config.windowMs / BUCKETS;
    this.#slowAfterMs = config.slowAfterMs || Number.POSITIVE_INFINITY;
    this.#rotateAtMs = clock.nowMs + this.#bucketMs;
  }

  #machine(): CircuitBreaker {
    if (this.#circuit !== null) return this.#circuit;
    const { openMs, windowMs } = this.config;
    const circuit = new CircuitBreaker(NEVER_FIRED, {
      name: this.#subject.word,
      timeout: false,
      resetTimeout: openMs,
      rollingCountTimeout: windowMs,
      rollingCountBuckets: BUCKETS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: this.#rotation,
    });
    circuit.on('open', () => this.#enterState(1, 0));
    circuit.on('halfOpen', () => this.#onHalfOpen());
    circuit.on('close', () => this.#onClose());
    this.#circuit = circuit;
    return circuit;
  }

  get closed(): boolean {
    return this.#refusal === null;
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#circuit === null || this.#circuit.closed) return 'closed';
    return this.#circuit.opened ? 'open' : 'half-open';
  }

  /** Requests in the window: those that were let through, and those that were not. */
  get requests(): number {
    this.#rotate();
    const { total, refused } = this.#now;
    return this.#before.total + total + this.#before.refused + refused;
  }

  refuse(): Failure | null {
    if (this.#refusal === null || this.#mayProbe()) return null;
    return this.#refuse(this.#refusal);
  }

  enter(): Failure | null {
    if (this.#refusal === null) return null;
    if (!this.#mayProbe()) return this.#refuse(this.#refusal);
    this.#probes++;
    this.#probeAtMs = this.#clock.nowMs;
    this.stats.probes++;
    return null;
  }

  record(epoch: number, failed: boolean, tookMs: number): void {
    if (epoch !== this.epoch) return;
    const slow = tookMs > this.#slowAfterMs;
    if (this.#refusal !== null) {
      this.#recordProbe(!failed && !slow);
      return;
    }
    if (this.#clock.nowMs >= this.#rotateAtMs) this.#rotate();
    this.#now.total++;
    if (slow) this.#now.slow++;
    if (failed) {
      this.#now.failed++;
      this.#failedInRow++;
    } else this.#failedInRow = 0;
    if (failed || slow) this.#judge();
  }

  release(epoch: number): void {
    if (epoch === this.epoch && this.#probes > 0) this.#probes--;
  }

  /** Its place is taken by another, or by none: the timer ends, and outcomes no longer count. */
  destroy(): void {
    this.epoch = -1;
    this.#circuit?.shutdown();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Half open

  /** A probe that has said nothing for as long as it was open no longer holds its place: it may be a stream without end. */
  #mayProbe(): boolean {
    const { probes, openMs } = this.config;
    return this.state === 'half-open' && (this.#probes < probes || this.#clock.nowMs - this.#probeAtMs > openMs);
  }

  #refuse(failure: Failure): Failure {
    this.#rotate();
    this.#now.refused++;
    this.stats.refused++;
    return failure;
  }

  #recordProbe(good: boolean): void {
    if (this.#probes > 0) this.#probes--;
    if (!good) this.#open('probe', NO_TALLY);
    else if (++this.#goodProbes >= this.config.successesToClose) this.#machine().close();
  }

  #onHalfOpen(): void {
    this.#probes = 0;
    this.#goodProbes = 0;
    this.stats.halfOpened++;
    this.#enterState(0, 1);
    this.#refusal = breakerProbing(this.#subject, this.config);
  }

  /** What it was opened for is forgotten, or it would open again with the next failure. */
  #onClose(): void {
    this.#failedInRow = 0;
    this.#now = new Counts();
    this.#before = new Counts();
    for (let i = 0; i < BUCKETS; i++) this.#rotation.emit('rotate');
    this.stats.closed++;
    this.#enterState(0, 0);
    this.#refusal = null;
  }

  #enterState(open: number, halfOpen: number): void {
    this.epoch++;
    this.stats.open = open;
    this.stats.halfOpen = halfOpen;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Closed

  #judge(): void {
    const { consecutiveFailures, minimumRequests, failurePercent, slowPercent } = this.config;
    const total = this.#before.total + this.#now.total;
    const failed = this.#before.failed + this.#now.failed;
    const slow = this.#before.slow + this.#now.slow;
    if (consecutiveFailures > 0 && this.#failedInRow >= consecutiveFailures) {
      this.stats.openedByConsecutive++;
      this.#open('consecutive', { total, failed, slow });
    } else if (total < minimumRequests) return;
    else if (failed * 100 >= failurePercent * total) {
      this.stats.openedByFailures++;
      this.#open('failures', { total, failed, slow });
    } else if (slow > 0 && slow * 100 >= slowPercent * total) {
      this.stats.openedBySlow++;
      this.#open('slow', { total, failed, slow });
    }
  }

  #open(cause: Cause, tally: Tally): void {
    this.stats.opened++;
    this.#refusal = breakerOpen(this.#subject, cause, tally, this.config);
    this.#machine().open();
  }

  /** Puts what was counted into opossum's window, which moves on by as many tenths as have passed. */
  #rotate(): void {
    const { nowMs } = this.#clock;
    if (nowMs < this.#rotateAtMs) return;
    const { status } = this.#machine();
    const bucket = status.window[0]!;
    bucket.fires += this.#now.total;
    bucket.failures += this.#now.failed;
    bucket.timeouts += this.#now.slow;
    bucket.rejects += this.#now.refused;
    const passed = 1 + Math.floor((nowMs - this.#rotateAtMs) / this.#bucketMs);
    for (let i = 0; i < Math.min(passed, BUCKETS); i++) this.#rotation.emit('rotate');
    this.#rotateAtMs += passed * this.#bucketMs;
    this.#now = new Counts();
    const { fires, failures, timeouts, rejects } = status.stats;
    this.#before = new Counts(fires, failures, timeouts, rejects);
  }
}

/** Counted of requests; in opossum's words: fires, failures, timeouts, rejects. */
class Counts {
  total: number;
  failed: number;
  slow: number;
  refused: number;

  constructor(total = 0, failed = 0, slow = 0, refused = 0) {
    this.total = total;
    this.failed = failed;
    this.slow = slow;
    this.refused = refused;
  }
}

const NO_TALLY: Tally = { total: 0, failed: 0, slow: 0 };

/** opossum wants something to call. */
const NEVER_FIRED = () => Promise.resolve();
