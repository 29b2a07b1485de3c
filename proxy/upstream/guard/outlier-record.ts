/** What the outlier detector remembers of one endpoint. Plain fields: HOT. */

/** Answers of one kind since the last interval, for success rate and failure percentage. */
export class Tally {
  total = 0;
  failed = 0;

  reset(): void {
    this.total = 0;
    this.failed = 0;
  }

  /** Percent of successes, 0 to 100; only when there are any answers. */
  get successRate(): number {
    return (100 * (this.total - this.failed)) / this.total;
  }
}

/**
 * Where an endpoint is between rotation and ejection.
 *
 *   in ──stands out──► ejected ──time is over──► in
 *                         ▲ └────with `probe`────► half-back ──one attempt──► probing ──success──► in
 *                         └────────────────failure, or no answer─────────────────┘
 *
 * In rotation are `in` and `half-back`.
 */
export type EjectionPhase = 'in' | 'ejected' | 'half-back' | 'probing';

export class OutlierRecord {
  phase: EjectionPhase = 'in';
  consecutive5xx = 0;
  consecutiveGateway = 0;
  consecutiveLocal = 0;
  /** What endpoints answered; with split_external_local_origin_errors not what happened on the way to them. */
  readonly external = new Tally();
  /** What happened on the way to them, when that is counted apart. */
  readonly local = new Tally();
  /** Grows with every ejection, shrinks with every interval in rotation: the longer an ejection lasts, the longer the next. */
  timesEjected = 0;
  ejectedUntilMs = 0;

  /** Its answer was good. */
  answeredWell(): void {
    this.consecutive5xx = 0;
    this.consecutiveGateway = 0;
  }

  /** It comes back: old failures do not count against it. */
  forgive(): void {
    this.answeredWell();
    this.consecutiveLocal = 0;
  }
}
