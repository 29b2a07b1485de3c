/**
 * The load reporting service (LRS): a client opens a stream with its node, is told which clusters to report and how often,
 * and reports. It is told again when the services of the mesh have changed.
 */
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/clock.ts';
import { NODE_ID_BYTES_MAX } from '../../protos/contract/limits.ts';
import { type LoadStatsRequest, LoadStatsResponse } from '../../protos/gen/envoy/service/load_stats/v3/lrs.ts';
import { failCall } from '../grpc-failure.ts';
import type { LoadClient, LoadStats } from './load-stats.ts';

/** DEFAULT: what Envoy's and gRPC's own examples ask for. */
export const DEFAULT_LOAD_REPORTING_MS = 10_000;

/** Announced by clients that can report all of their clusters without being told their names. */
const CAN_SEND_ALL = 'envoy.lrs.supports_send_all_clusters';

/** What the server needs. */
export interface LoadStatsServerDeps {
  readonly clock: Clock;
  readonly loadStats: LoadStats;
  /** Names of the mesh's services; the same array as long as they have not changed. */
  readonly services: () => readonly string[];
  /** How often clients report. */
  readonly intervalMs?: number | undefined;
}

type Call = ServerDuplexStream<LoadStatsRequest, LoadStatsResponse>;

/** See the head of this file. */
export class LoadStatsServer {
  readonly #deps: LoadStatsServerDeps;

  constructor(deps: LoadStatsServerDeps) {
    this.#deps = deps;
  }

  /** The methods of the service, for `server.addService(LoadReportingServiceService, ...)`. */
  handlers() {
    return { streamLoadStats: (call: Call) => this.#serve(call) };
  }

  #serve(call: Call): void {
    const { loadStats, clock } = this.#deps;
    let client: (LoadClient & { readonly sendAll: boolean }) | undefined;
    let told: readonly string[] | undefined;
    call.on('data', ({ node, clusterStats }: LoadStatsRequest) => {
      if (client === undefined) {
        if (node === undefined || node.id === '' || Buffer.byteLength(node.id) > NODE_ID_BYTES_MAX)
          return failCall(
            call,
            status.INVALID_ARGUMENT,
            'the first report must name its node: node.id is empty or too long',
          );
        client = {
          nodeId: node.id,
          userAgent: node.userAgentName,
          sendAll: node.clientFeatures.includes(CAN_SEND_ALL),
        };
        loadStats.open(client);
      }
      const services = this.#deps.services();
      if (clusterStats.length > 0) loadStats.record(client, clusterStats, new Set(services), clock.nowMs());
      if (told === undefined || (told !== services && !client.sendAll))
        call.write(this.#wanted(services, client.sendAll));
      told = services;
    });
    const close = () => {
      if (client !== undefined) loadStats.forget(client);
    };
    call.on('error', close);
    call.on('cancelled', close);
    call.on('end', () => {
      close();
      call.end();
    });
  }

  #wanted(services: readonly string[], sendAllClusters: boolean): LoadStatsResponse {
    const intervalMs = this.#deps.intervalMs ?? DEFAULT_LOAD_REPORTING_MS;
    const seconds = Math.floor(intervalMs / 1000);
    return LoadStatsResponse.fromPartial({
      clusters: sendAllClusters ? [] : [...services],
      sendAllClusters,
      loadReportingInterval: { seconds, nanos: Math.round((intervalMs - seconds * 1000) * 1e6) },
    });
  }
}
