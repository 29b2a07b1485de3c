/**
 * What active checks have made of one endpoint. PURE: an outcome and the state before give the state after.
 *
 *              first success, or successes = healthy_threshold
 *   failed ◄─────────────────────────────────────────────────► passing
 *              failures = unhealthy_threshold, or one that decides
 *
 * As in Envoy the very first success is enough, and so is a failure that the endpoint itself tells of (an unexpected
 * status, NOT_SERVING); what happens on the way to it, and statuses that are declared retriable, count towards the
 * threshold. envoy.config.core.v3.HealthCheck.
 */

/** How a check ended, or what an endpoint said about itself in an answer to a request (`passive`). */
export type CheckOutcome =
  | { readonly kind: 'success'; readonly degraded: boolean }
  /** `excludes`: x-envoy-immediate-health-check-fail; the endpoint is not even counted for panic. */
  | { readonly kind: 'failure'; readonly decides: boolean; readonly excludes: boolean }
  | { readonly kind: 'network' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'passive' };

/** The thresholds of the configuration. */
export interface Thresholds {
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

/** What is known of one endpoint. */
export interface CheckState {
  /** It must not be picked. */
  readonly failed: boolean;
  /** It passes, but asks to be picked last. */
  readonly degraded: boolean;
  /** It is out, and the last check was not answered in time. */
  readonly timedOut: boolean;
  /** No check has ended yet, and until then it is not counted for panic (ignore_new_hosts_until_first_hc). */
  readonly pending: boolean;
  /** It took itself out, and is not counted for panic. */
  readonly excluded: boolean;
  /** No check has ended yet. */
  readonly first: boolean;
  /** Successes in a row while it is out, failures in a row while it is in. */
  readonly successes: number;
  readonly failures: number;
}

/** What an outcome has done: nothing, a step towards a threshold, or a change of what may be picked. */
export type CheckChange = 'unchanged' | 'pending' | 'changed';

/** An endpoint that nobody has checked. It is out until the first success; `inService`: unless it served before. */
export function newCheckState(pending: boolean, inService: boolean): CheckState {
  const flags = {
    failed: !inService,
    degraded: false,
    timedOut: false,
    pending: pending && !inService,
    excluded: false,
  };
  return { ...flags, first: true, successes: 0, failures: 0 };
}

/** The state after an outcome. */
export function nextCheckState(
  state: CheckState,
  outcome: CheckOutcome,
  thresholds: Thresholds,
): { readonly state: CheckState; readonly change: CheckChange } {
  const after =
    outcome.kind === 'success'
      ? afterSuccess(state, outcome.degraded, thresholds)
      : afterFailure(state, outcome, thresholds);
  if (after.failed !== state.failed || state.pending) return { state: after, change: 'changed' };
  if (after.failed ? after.successes > 0 : after.failures > 0) return { state: after, change: 'pending' };
  const told = after.degraded !== state.degraded || after.excluded !== state.excluded;
  return { state: after, change: told ? 'changed' : 'unchanged' };
}

function afterSuccess(state: CheckState, degraded: boolean, { healthyThreshold }: Thresholds): CheckState {
  const base = { ...state, degraded, pending: false, first: false, failures: 0 };
  if (!state.failed) return { ...base, successes: 0 };
  const successes = state.successes + 1;
  if (!state.first && successes < healthyThreshold) return { ...base, successes };
  return { ...base, failed: false, timedOut: false, excluded: false, successes: 0 };
}

function afterFailure(
  state: CheckState,
  outcome: Exclude<CheckOutcome, { kind: 'success' }>,
  { unhealthyThreshold }: Thresholds,
): CheckState {
  const failures = state.failures + 1;
  const decides = outcome.kind === 'passive' || (outcome.kind === 'failure' && outcome.decides);
  const failed = state.failed || decides || failures >= unhealthyThreshold;
  const excludes = outcome.kind === 'passive' || (outcome.kind === 'failure' && outcome.excludes);
  return {
    ...state,
    failed,
    timedOut: failed && outcome.kind === 'timeout',
    pending: false,
    excluded: state.excluded || excludes,
    first: false,
    successes: 0,
    failures: failed ? 0 : failures,
  };
}
