/** Counters of the active checks of one cluster, with Envoy's names (envoyproxy.io, "Health check statistics"). */

export class HealthCheckStats {
  attempt = 0;
  success = 0;
  failure = 0;
  /** What endpoints said about themselves in answers to requests. */
  passiveFailure = 0;
  networkFailure = 0;
  /** Answers whose service name was compared. */
  verifyCluster = 0;
}
