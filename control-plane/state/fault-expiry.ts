/**
 * Faults end by themselves: what is translated is the state without those that have ended.
 */
import type { State } from './model.ts';

/** `state` without the faults that have ended at `nowMs`, wall time; the very state when there are none. */
export function withoutEnded(state: State, nowMs: number): State {
  const faults = [...state.faultPolicies].filter(([, fault]) => fault.expiresAtMs > nowMs);
  return faults.length === state.faultPolicies.size ? state : { ...state, faultPolicies: new Map(faults) };
}

/** When the next fault ends after `nowMs`; null when none will. */
export function nextEndMs({ faultPolicies }: State, nowMs: number): number | null {
  const ends = [...faultPolicies.values()].map((each) => each.expiresAtMs).filter((atMs) => atMs > nowMs);
  return ends.length === 0 ? null : Math.min(...ends);
}
