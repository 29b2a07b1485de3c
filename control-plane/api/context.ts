/**
 * What the REST API stands on: handed in by the composition root.
 */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { MetricsRegistry } from '../../kernel/metrics.ts';
import type { LoadReports } from '../agents/load-reports.ts';
import type { SharedBreakers } from '../breakers/shared-breakers.ts';
import type { PageFeed } from '../discovery/feed.ts';
import type { Leadership } from '../leadership/leadership.ts';
import type { LoadStats } from '../load-stats/load-stats.ts';
import type { DriverReplica, LogFile } from '../orchestrator/driver/driver.ts';
import type { Roll } from '../orchestrator/roll.ts';
import type { Registry } from '../registry/registry.ts';
import type { Security } from '../security/security.ts';
import type { Ledger } from '../store/ledger.ts';
import type { AdsServer, Convergence } from '../xds/ads-server.ts';

/** See the head of this file. */
export interface ApiContext {
  readonly security: Security;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly loads: LoadReports;
  readonly loadStats: LoadStats;
  readonly breakers: SharedBreakers;
  readonly ads: AdsServer;
  /** Pages that clients without a sidecar poll. */
  readonly feed: PageFeed;
  readonly metrics: MetricsRegistry;
  /** The version of this program. */
  readonly version: string;
  /** The folder that relative paths mean when a request names none, absolute. */
  readonly cwd: string;
  readonly readFile: (absolutePath: string) => string | null;
  /** What the driver runs now. */
  readonly replicas: () => readonly DriverReplica[];
  /** How far the replacement of replicas has come, by workload. */
  readonly rolls: () => ReadonlyMap<string, Roll>;
  /** Where the output of a workload's applications goes. */
  readonly logFiles: (workload: string) => readonly LogFile[];
  /** What has to happen before this control plane serves; empty when it does. */
  readonly waitingFor: () => readonly string[];
  /** Pushes now what is to be pushed, and resolves when all clients have answered or `timeoutMs` has passed. */
  readonly settle: (timeoutMs: number) => Promise<Convergence>;
  /** Ends this control plane after the answer to this request has gone out. */
  readonly shutdown: (workloads: 'stop' | 'keep') => void;
}

/** Adds routes to the server. */
export type Routes = (server: FastifyInstance, context: ApiContext) => void;
