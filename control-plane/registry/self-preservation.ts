/**
 * Self-preservation: when many instances fall silent at once, the network or this process is the likelier culprit, and
 * taking them out would make a small failure a large one. After Eureka, with the small fleet it does not serve: there
 * one lost instance of three is already far below 85 %, so a single loss never suspends eviction.
 */

/** Below this share of instances that renewed, nobody is evicted. */
export const RENEWALS_SHARE_MIN = 0.85;
/** At most this share of the instances leaves in one sweep, and at least one. */
export const EVICTION_SHARE_MAX = 0.15;

/** Whether so many of the `expected` instances (silent ones included) are silent that something else must be wrong. */
export function isMassLoss(expected: number, silent: number): boolean {
  return silent > 1 && (expected - silent) / expected < RENEWALS_SHARE_MIN;
}

/** How many of the `lost` instances may be evicted in this sweep, out of the `expected` ones (lost ones included). */
export function evictable(expected: number, lost: number): number {
  return Math.min(lost, Math.max(1, Math.floor(expected * EVICTION_SHARE_MAX)));
}
