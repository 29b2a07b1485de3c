/**
 * The gRPC server: xDS and agents on one port.
 */
import { Server, type ServerCredentials, type ServerInterceptor } from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX } from '../protos/contract/limits.ts';
import { LoadReportingServiceService } from '../protos/gen/envoy/service/load_stats/v3/lrs.ts';
import { ClientStatusDiscoveryServiceService } from '../protos/gen/envoy/service/status/v3/csds.ts';
import { AgentServiceService } from '../protos/gen/outrider/agent/v1/agent_service.ts';
import type { AgentServer } from './agents/agent-server.ts';
import type { LoadStatsServer } from './load-stats/load-stats-server.ts';
import type { AdsServer } from './xds/ads-server.ts';
import { clientStatusHandlers } from './xds/client-status-service.ts';
import { xdsServices } from './xds/services.ts';

/** A client that is gone without a word is noticed within these two together. */
const KEEPALIVE = { 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 5000 };
/** Of every server that speaks xDS. */
export const XDS_SERVER_OPTIONS = {
  ...KEEPALIVE,
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': -1,
  // Counts that nobody reads, for each connection, call and message.
  'grpc.enable_channelz': 0,
};

/** What speaks to xDS clients of every make. */
export interface XdsServers {
  readonly ads: AdsServer;
  readonly loadReports: LoadStatsServer;
}

/** A server with all services behind a gate, not bound yet. */
export function createGrpcServer(xds: XdsServers, agents: AgentServer, gate: ServerInterceptor): Server {
  const server = new Server({ ...XDS_SERVER_OPTIONS, interceptors: [gate] });
  addXdsServices(server, xds);
  server.addService(AgentServiceService, agents.handlers());
  return server;
}

/** Adds discovery, client status and load reports. */
export function addXdsServices(server: Server, { ads, loadReports }: XdsServers): void {
  for (const { definition, implementation } of xdsServices(ads.handlers()))
    server.addService(definition, implementation);
  server.addService(ClientStatusDiscoveryServiceService, clientStatusHandlers(ads));
  server.addService(LoadReportingServiceService, loadReports.handlers());
}

/** Binds the server to `host:port`, or `unix:PATH`; the port that it got. */
export function bindGrpcServer(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(address, credentials, (error, bound) => {
    if (error === null) resolve(bound);
    else reject(new Error(`gRPC cannot listen on ${address}: ${error.message}`, { cause: error }));
  });
  return promise;
}
