/** Which parts of a cluster's configuration decide about what it keeps over a change: compared as text. COLD. */
import type { ClusterConfig } from '../config/model/cluster.ts';
import { RetryBudget } from './attempt/retry-budget.ts';

/** The budget of the configuration; null for none. */
export function createBudget({ policy }: ClusterConfig): RetryBudget | null {
  return policy.retryBudget === null ? null : new RetryBudget(policy.retryBudget);
}

/** All that decides what the retry budget is. */
export function budgetOf({ policy }: ClusterConfig): string {
  return JSON.stringify(policy.retryBudget);
}

/** All that decides who is ejected. */
export function ejectionOf({ outlier, policy }: ClusterConfig): string {
  return JSON.stringify([outlier, policy.ejection]);
}

/** All that decides how endpoints are checked. */
export function checksOf({ healthCheck, ignoresNewHosts, name }: ClusterConfig): string {
  return JSON.stringify([healthCheck, ignoresNewHosts, name]);
}

/** All that decides how connections are made. */
export function socketOf({ tls, proxyProtocol, protocol, http2 }: ClusterConfig): string {
  return JSON.stringify([tls, proxyProtocol, protocol, http2]);
}
