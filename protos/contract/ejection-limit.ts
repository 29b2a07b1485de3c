/**
 * How many endpoints outlier detection may take out at once. Both sides ask: the proxy before it ejects one, the control
 * plane when it writes a policy, so that nobody is surprised that 10 % of three hosts is nobody.
 */

/** Of envoy.config.cluster.v3.OutlierDetection and outrider.resilience.v1.Ejection. */
export interface EjectionLimits {
  /** 0 to 100; what is above counts as 100. */
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  /** The last endpoint in rotation is never ejected. */
  readonly keepLast: boolean;
}

/** The most endpoints of `hostCount` that can be out at once, while all of them are healthy otherwise. PURE. */
export function ejectableAtOnce(limits: EjectionLimits, hostCount: number): number {
  if (hostCount === 0) return 0;
  const percent = Math.min(100, limits.maxEjectionPercent);
  const byShare = Math.floor((percent * hostCount) / 100);
  const most = limits.alwaysEjectOneHost ? Math.max(1, byShare) : byShare;
  return limits.keepLast ? Math.min(hostCount - 1, most) : most;
}

/** The same as a sentence without a full stop, with what to do when the answer is nobody. */
export function ejectionPreview(limits: EjectionLimits, hostCount: number): string {
  const most = ejectableAtOnce(limits, hostCount);
  const hosts = `with ${hostCount} ${hostCount === 1 ? 'host' : 'hosts'}`;
  if (most > 0) return `${hosts} at most ${most} can be out`;
  if (hostCount <= 1) return `${hosts} none can be out`;
  const enough = Math.ceil(100 / hostCount);
  return `${hosts} none can be out: set always_eject_one_host, or max_ejection_percent to ${enough} or more`;
}
