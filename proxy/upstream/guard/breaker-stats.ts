/** What circuit breakers count. Plain fields: HOT. */

/** Of one breaker. */
export class BreakerStats {
  /** 1 while it is so. */
  open = 0;
  halfOpen = 0;
  /** How often it went to that state. */
  opened = 0;
  halfOpened = 0;
  closed = 0;
  /** Why it opened. */
  openedByFailures = 0;
  openedBySlow = 0;
  openedByConsecutive = 0;
  /** Requests that were not let through, and those that were let through to see. */
  refused = 0;
  probes = 0;
}

/** Of a breaker that is shared with the other sidecars, besides its own. */
export class SharedBreakerStats {
  /** How often the mesh began to hold it open. */
  opened = 0;
  /** Requests that were not let through for that reason alone. */
  refused = 0;
}
