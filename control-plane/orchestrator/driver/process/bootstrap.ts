/**
 * The sidecar's bootstrap file: Envoy's own format, with Outrider's agent as a bootstrap extension. Pure.
 */
import { assert } from '../../../../kernel/assert.ts';
import { readJson } from '../../../../protos/json/read-json.ts';
import { type Json, writeJson } from '../../../../protos/json/write-json.ts';
import type { HealthCheck, HealthProbe, Workload } from '../../../state/model.ts';
import {
  CONTROL_PLANE_CLUSTER,
  type ControlPlaneEndpoint,
  controlPlaneCluster,
  type ServerAddress,
} from '../../../translate/control-plane-cluster.ts';
import { nodeMetadata, ON_DEMAND, type SidecarNode } from '../../../translate/node.ts';
import type { JsonObject } from '../../../translate/resource.ts';
import { replicaId } from '../../plan.ts';
import type { ReplicaPorts } from './record.ts';
import type { ServerTrust } from './sidecar-access.ts';

/** What a sidecar knows of its workload. */
export type SidecarWorkload = Pick<
  Workload,
  'name' | 'services' | 'version' | 'protocol' | 'health' | 'workingDir' | 'subscription'
>;

/** What a bootstrap is made from. */
export interface BootstrapInput {
  readonly workload: SidecarWorkload;
  readonly index: number;
  /** Of the node; absent: that of a replica of the driver. */
  readonly id?: string;
  readonly ports: ReplicaPorts;
  /** Where other sidecars reach this one; absent: on loopback. */
  readonly address?: string;
  /** What is different at this node; absent: its application dials the sidecar, and resolves names elsewhere. */
  readonly node?: Pick<SidecarNode, 'interception' | 'dns' | 'inboundHost'>;
  /** Where control planes' gRPC servers are, at least one; the one that leads answers. */
  readonly controlPlanes: readonly ServerAddress[];
  /** How the sidecar verifies it; null: it speaks plaintext. */
  readonly trust: ServerTrust | null;
  /** Files of what the sidecar shows; absent: nothing. */
  readonly certificate?: ControlPlaneEndpoint['certificate'];
  /** The file with the sidecar's token; null: none is asked for. */
  readonly tokenFile: string | null;
  /** The replica's own folder, absolute. */
  readonly directory: string;
  /** The file that the agent keeps equal to the application's settings. */
  readonly settingsFile: string;
  /** Of the application: programs that check it see the same. */
  readonly environment: Readonly<Record<string, string>>;
}

const LOOPBACK = '127.0.0.1';

/** The bootstrap as JSON, in the form in which a config dump shows it. */
export function bootstrapJson(input: BootstrapInput): Json {
  const result = readJson('envoy.config.bootstrap.v3.Bootstrap', bootstrap(input));
  assert(result.ok, `the bootstrap is not valid: ${result.ok ? '' : JSON.stringify(result.issues)}`);
  return writeJson('envoy.config.bootstrap.v3.Bootstrap', result.message);
}

function bootstrap(input: BootstrapInput): unknown {
  const { workload, index, ports } = input;
  const id = input.id ?? replicaId(workload.name, index);
  const metadata = nodeMetadata({
    kind: 'sidecar',
    id,
    workload: workload.name,
    services: workload.services,
    version: workload.version,
    outboundPort: ports.outbound,
    inboundPort: ports.inbound,
    appPort: ports.app,
    ...input.node,
    ...(workload.subscription === ON_DEMAND ? { onDemand: true } : {}),
  });
  const ads = { ads: {}, resource_api_version: 'V3' };
  const grpc = { envoy_grpc: { cluster_name: CONTROL_PLANE_CLUSTER } };
  return {
    node: { id, cluster: workload.name, metadata },
    admin: { address: socketAddress(LOOPBACK, ports.admin) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [grpc],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      clusters: [clusterOf(input)],
    },
    bootstrap_extensions: [{ name: 'outrider.agent', typed_config: agentConfig(input) }],
  };
}

function clusterOf({ controlPlanes, trust, certificate = null }: BootstrapInput): JsonObject {
  const [first, ...others] = controlPlanes;
  assert(first !== undefined, 'a sidecar needs the address of a control plane');
  return controlPlaneCluster({ ...first, others, trust, certificate });
}

function agentConfig(input: BootstrapInput): JsonObject {
  const { workload, ports, directory, settingsFile, tokenFile } = input;
  const { health } = workload;
  const probe: JsonObject = health === null ? { tcp: {} } : probeOf(health.probe, input);
  const times = health === null ? {} : timesOf(health);
  return {
    '@type': 'type.googleapis.com/outrider.agent.v1.AgentConfig',
    cluster_name: CONTROL_PLANE_CLUSTER,
    identity: {
      workload: workload.name,
      services: workload.services,
      version: workload.version,
      address: input.address ?? LOOPBACK,
      port: ports.inbound,
      protocol: workload.protocol,
    },
    settings_port: ports.settings,
    settings_file: settingsFile,
    health_check: { ...probe, ...times, port: ports.app },
    last_known_good_directory: directory,
    ...(tokenFile === null ? {} : { token_file: tokenFile }),
  };
}

function probeOf(probe: HealthProbe, { workload, environment }: BootstrapInput): JsonObject {
  switch (probe.kind) {
    case 'http':
      return { http: { path: probe.path } };
    case 'grpc':
      return { grpc: { service: probe.service } };
    case 'command':
      return { command: { arguments: probe.command, working_directory: workload.workingDir, environment } };
  }
}

function timesOf({ intervalMs, timeoutMs, retries, startPeriodMs, startIntervalMs }: HealthCheck): JsonObject {
  return {
    interval_ms: intervalMs,
    timeout_ms: timeoutMs,
    retries,
    start_period_ms: startPeriodMs,
    start_interval_ms: startIntervalMs ?? 0,
  };
}

function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}
