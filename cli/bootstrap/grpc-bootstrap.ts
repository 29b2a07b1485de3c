/**
 * The bootstrap of gRPC clients that resolve `xds:///<service>` (gRFC A27): the contents of the file that
 * GRPC_XDS_BOOTSTRAP names, or of GRPC_XDS_BOOTSTRAP_CONFIG itself.
 */

import type { ControlPlaneEndpoint } from '../../control-plane/translate/control-plane-cluster.ts';
import { hostPortText } from '../../kernel/host-port.ts';
import { UsageError } from '../errors.ts';
import type { ControlPlaneAddress } from './control-plane-address.ts';

/** See the head of this file. */
export interface GrpcBootstrapInput {
  readonly nodeId: string;
  readonly zone: string;
  readonly controlPlane: ControlPlaneAddress;
}

/** As a value for JSON. A UsageError where gRPC has no way to do what is asked. */
export function grpcBootstrap({ nodeId, zone, controlPlane }: GrpcBootstrapInput): object {
  if (controlPlane.kind === 'network' && controlPlane.token !== null)
    throw new UsageError(
      'gRPC clients show no tokens to an xDS server: let them use the socket of the state directory, or a certificate (--cert, --key)',
    );
  const server =
    controlPlane.kind === 'socket'
      ? { server_uri: `unix:${controlPlane.path}`, channel_creds: [{ type: 'insecure' }] }
      : { server_uri: hostPortText(controlPlane.endpoint), channel_creds: [credentials(controlPlane.endpoint)] };
  return {
    xds_servers: [{ ...server, server_features: ['xds_v3'] }],
    // grpc-js refuses a node without a locality.
    node: { id: nodeId, locality: { zone } },
  };
}

/** gRFC A65, which grpc-js does not have yet. */
function credentials({ trust, certificate }: ControlPlaneEndpoint): object {
  if (trust === null) return { type: 'insecure' };
  return {
    type: 'tls',
    config: {
      ...(trust.authorities === null ? {} : { ca_certificate_file: trust.authorities }),
      ...(certificate === null ? {} : { certificate_file: certificate.chain, private_key_file: certificate.key }),
    },
  };
}
