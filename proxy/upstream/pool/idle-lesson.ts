/**
 * How long a connection to one endpoint may be idle before a request on it could meet the endpoint's own close.
 *
 *   what teaches                                        the limit becomes, never above the configured one
 *   nothing yet                                         idle_timeout, or 4 s where the cluster asks to learn
 *   `Keep-Alive: timeout=N` on an answer                N less a margin
 *   the endpoint closed a connection idle for T         T less a margin; forgotten after ten minutes
 *
 * A request that crosses the endpoint's FIN on its way is lost, and unless it may be repeated its client learns so: the
 * pool has to close first. What is learned from a close is forgotten after a while, since endpoints also close because
 * they restart; one close at the old limit then teaches it again. A close after a very short while teaches nothing: no
 * server keeps connections that briefly, but many end one behind its last request. PURE: the time is handed in.
 */

/** Where nothing is known and the cluster asks to learn: below the 5 s that most servers wait. */
const FIRST_LIMIT_MS = 4_000;
const SHORTEST_LESSON_MS = 400;
const MEMORY_MS = 600_000;
/** Of the endpoint's limit: its clock starts when it has sent its answer, ours when that has come. */
const MARGIN_SHARE = 0.2;
const MARGIN_MIN_MS = 200;

export class IdleLesson {
  #announcedSeconds = -1;
  #announcedMs = Infinity;
  #closedMs = Infinity;
  #closedAtMs = 0;
  /** The shorter of both, Infinity while nothing is known. HOT: read for every request. */
  learnedMs = Infinity;

  /** `configuredMs` is idle_timeout, 0 for none; the result is Infinity for none. HOT. */
  limitMs(configuredMs: number, learns: boolean): number {
    const most = configuredMs > 0 ? configuredMs : Infinity;
    if (this.learnedMs < most) return this.learnedMs;
    return learns && this.learnedMs === Infinity ? Math.min(most, FIRST_LIMIT_MS) : most;
  }

  /** An answer said `Keep-Alive: timeout=` that many seconds. True when that changes the limit. HOT. */
  announce(seconds: number): boolean {
    if (seconds === this.#announcedSeconds) return false;
    this.#announcedSeconds = seconds;
    this.#announcedMs = lessMargin(seconds * 1_000);
    return this.#learn();
  }

  /** The endpoint closed a connection that had been idle for `idleMs`. True when that changes the limit. */
  close(idleMs: number, nowMs: number): boolean {
    if (idleMs < SHORTEST_LESSON_MS) return false;
    const limitMs = lessMargin(idleMs);
    if (limitMs > this.#closedMs) return false;
    this.#closedMs = limitMs;
    this.#closedAtMs = nowMs;
    return this.#learn();
  }

  /** Forgets what is old. Called now and then. */
  forget(nowMs: number): void {
    if (this.#closedMs === Infinity || nowMs - this.#closedAtMs < MEMORY_MS) return;
    this.#closedMs = Infinity;
    this.#learn();
  }

  #learn(): boolean {
    const before = this.learnedMs;
    this.learnedMs = Math.min(this.#announcedMs, this.#closedMs);
    return this.learnedMs !== before;
  }
}

function lessMargin(ms: number): number {
  return Math.max(0, ms - Math.max(MARGIN_MIN_MS, ms * MARGIN_SHARE));
}
