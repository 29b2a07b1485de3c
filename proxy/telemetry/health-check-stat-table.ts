/** Active checks of a cluster's endpoints in Envoy's words (envoyproxy.io, "Health check statistics"). */
import type { HealthCheckStats } from '../upstream/guard/health-check/health-check-stats.ts';
import { counter, type StatRow } from './stat-table.ts';

/** Fields of HealthCheckStats, below the cluster. */
export const HEALTH_CHECK_STATS: readonly StatRow<HealthCheckStats>[] = [
  counter('attempt', 'health_check.attempt', 'Checks begun'),
  counter('success', 'health_check.success', 'Checks that endpoints passed'),
  counter('failure', 'health_check.failure', 'Failures of every kind: answers, connections, and what endpoints said'),
  counter('passiveFailure', 'health_check.passive_failure', 'Endpoints that took themselves out by an answer'),
  counter('networkFailure', 'health_check.network_failure', 'Checks without an answer in time'),
  counter('verifyCluster', 'health_check.verify_cluster', 'Checks that compared the name of the service'),
];
