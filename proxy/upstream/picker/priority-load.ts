/**
 * How traffic is shared among priorities (envoyproxy.io, "Priority levels", "Degraded endpoints", "Panic threshold").
 * PURE. Percentages are whole numbers, rounded down as in Envoy.
 */

/** The endpoints of one priority, counted. */
export interface PriorityHealth {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
}

/** The share of one priority, in percent: of its healthy and of its degraded endpoints, or of all of them in panic. */
export interface PriorityLoad {
  readonly healthy: number;
  readonly degraded: number;
  readonly panic: boolean;
}

/**
 * Shares by priority; they sum up to 100. `overprovisioningPercent` says how much more than its share an endpoint is
 * trusted to carry: with 140, a priority takes all traffic until less than 72 percent of it is healthy.
 */
export function priorityLoads(
  priorities: readonly PriorityHealth[],
  overprovisioningPercent: number,
  panicThresholdPercent: number,
): PriorityLoad[] {
  const capacity = (count: number, total: number) =>
    total === 0 ? 0 : Math.min(100, Math.floor((overprovisioningPercent * count) / total));
  const healthy = priorities.map(({ healthy: count, total }) => capacity(count, total));
  const degraded = priorities.map(({ degraded: count, total }) => capacity(count, total));
  const available = Math.min(100, sum(healthy) + sum(degraded));
  if (available === 100) return shares(healthy, degraded, available);
  const panics = priorities.map((each) => isPanic(each, panicThresholdPercent));
  if (panics.every((panic) => panic)) return panicShares(priorities);
  if (available === 0)
    return priorities.map((_, i) => ({ healthy: i === 0 ? 100 : 0, degraded: 0, panic: panics[i]! }));
  return shares(healthy, degraded, available).map((share, i) => ({ ...share, panic: panics[i]! }));
}

/** Traffic to a few survivors would only take them down too: below the threshold all endpoints get their share. */
function isPanic({ total, healthy, degraded }: PriorityHealth, thresholdPercent: number): boolean {
  const percent = total === 0 ? 0 : (100 * (healthy + degraded)) / total;
  return percent < thresholdPercent;
}

/** Healthy endpoints first, in the order of priorities, then degraded ones, until 100 percent are given out. */
function shares(healthy: readonly number[], degraded: readonly number[], available: number): PriorityLoad[] {
  let left = 100;
  const take = (capacity: number) => {
    const share = Math.min(left, Math.floor((capacity * 100) / available));
    left -= share;
    return share;
  };
  const healthyShares = healthy.map(take);
  const degradedShares = degraded.map(take);
  // What rounding left over goes to the first priority that has anything.
  const firstHealthy = healthyShares.findIndex((share) => share > 0);
  const firstDegraded = degradedShares.findIndex((share) => share > 0);
  if (firstHealthy >= 0) healthyShares[firstHealthy]! += left;
  else if (firstDegraded >= 0) degradedShares[firstDegraded]! += left;
  return healthyShares.map((share, i) => ({ healthy: share, degraded: degradedShares[i]!, panic: false }));
}

/** All priorities are in panic: each gets traffic by the number of its endpoints. */
function panicShares(priorities: readonly PriorityHealth[]): PriorityLoad[] {
  const all = priorities.reduce((count, each) => count + each.total, 0);
  const counts = priorities.map(({ total }) => (all === 0 ? 0 : Math.floor((100 * total) / all)));
  const first = Math.max(
    0,
    counts.findIndex((share) => share > 0),
  );
  if (counts.length > 0) counts[first]! += 100 - sum(counts);
  return counts.map((share) => ({ healthy: share, degraded: 0, panic: true }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
