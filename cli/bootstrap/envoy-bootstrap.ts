/**
 * The bootstrap with which an Envoy joins the mesh: everything but the way to the control plane comes over one ADS stream.
 * Which listeners it is to have is told in its node's metadata.
 */
import {
  CONTROL_PLANE_CLUSTER,
  controlPlaneCluster,
  localControlPlaneCluster,
} from '../../control-plane/translate/control-plane-cluster.ts';
import { type EnvoyNode, envoyMetadata } from '../../control-plane/translate/node.ts';
import type { ControlPlaneAddress } from './control-plane-address.ts';

/** See the head of this file. */
export interface EnvoyBootstrapInput {
  readonly node: Omit<EnvoyNode, 'kind'>;
  /** Envoy's `--service-cluster`. */
  readonly cluster: string;
  readonly controlPlane: ControlPlaneAddress;
  readonly adminPort: number;
  readonly protocol: 'delta' | 'sotw';
}

/**
 * Envoy refuses patterns of more than 100 instructions of RE2, and with them the whole table of routes; the control plane
 * has bounds of its own, where they are written. 100,000 is more than the longest of those takes.
 */
export const PATTERN_SIZE = { 're2.max_program_size.error_level': 100_000 } as const;

/** As a value for JSON or YAML. */
export function envoyBootstrap({ node, cluster, controlPlane, adminPort, protocol }: EnvoyBootstrapInput): object {
  const ads = { ads: {}, resource_api_version: 'V3' };
  const token = controlPlane.kind === 'network' ? controlPlane.token : null;
  const credential = token === null ? {} : { initial_metadata: [{ key: 'authorization', value: `Bearer ${token}` }] };
  const grpcServices = [{ envoy_grpc: { cluster_name: CONTROL_PLANE_CLUSTER }, ...credential }];
  return {
    node: { id: node.id, cluster, metadata: envoyMetadata(node) },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    dynamic_resources: {
      ads_config: {
        api_type: protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        // The node names every extension that was compiled in, 77 KB as JSON.
        set_node_on_first_message_only: true,
        grpc_services: grpcServices,
      },
      cds_config: ads,
      lds_config: ads,
    },
    // Reports of its load, on a stream of its own.
    cluster_manager: {
      load_stats_config: { api_type: 'GRPC', transport_api_version: 'V3', grpc_services: grpcServices },
    },
    static_resources: {
      clusters: [
        controlPlane.kind === 'socket'
          ? localControlPlaneCluster(controlPlane.path)
          : controlPlaneCluster(controlPlane.endpoint),
      ],
    },
    layered_runtime: { layers: [{ name: 'mesh', static_layer: { ...PATTERN_SIZE } }] },
  };
}
