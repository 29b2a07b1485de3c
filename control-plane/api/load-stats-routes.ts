/**
 * /v1/load-stats: what Envoys and gRPC clients last reported over the load reporting service.
 */
import type { ClusterLoad, LoadClient } from '../load-stats/load-stats.ts';
import type { Routes } from './context.ts';
import { listSchema } from './schemas.ts';

/** See the head of this file. */
export const loadStatsRoutes: Routes = (server, { loadStats, clock }) => {
  const schema = {
    summary: 'The last load report of each client that is no sidecar of ours, by cluster.',
    response: { 200: listSchema },
  };
  server.get('/v1/load-stats', { schema }, () => [...loadStats.entries()].map((each) => view(each, clock.nowMs())));
};

function view(load: ClusterLoad & LoadClient, nowMs: number) {
  const { nodeId: client, userAgent, cluster, intervalMs, issued, succeeded, failed, dropped, inProgress, atMs } = load;
  const requestsPerSecond = intervalMs === 0 ? {} : { requestsPerSecond: (succeeded + failed) / (intervalMs / 1000) };
  return {
    client,
    userAgent,
    cluster,
    intervalMs: Math.round(intervalMs),
    issued,
    succeeded,
    failed,
    dropped,
    inProgress,
    ...requestsPerSecond,
    ageMs: Math.round(nowMs - atMs),
  };
}
