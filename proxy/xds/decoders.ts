/** From xDS messages to the configuration model: what the client needs, handed in by the composition root. */
import type { Cluster } from '../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import type { ClusterLoadAssignment } from '../../protos/gen/envoy/config/endpoint/v3/endpoint.ts';
import type { Listener } from '../../protos/gen/envoy/config/listener/v3/listener.ts';
import type { RouteConfiguration } from '../../protos/gen/envoy/config/route/v3/route.ts';
import type { Secret } from '../../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import type { RouteTableConfig } from '../config/model/route.ts';
import type { SecretConfig } from '../config/model/secret.ts';

/** One defect: where in the message, and what. */
export interface DecodeIssue {
  readonly path: string;
  readonly message: string;
}

/** The model, or every defect. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly DecodeIssue[] };

/** One function per type. Each checks constraints and unhonoured fields too, and does not throw. */
export interface Decoders {
  cluster(message: Cluster): Decoded<ClusterConfig>;
  endpointSet(message: ClusterLoadAssignment): Decoded<EndpointSetConfig>;
  listener(message: Listener): Decoded<ListenerConfig>;
  routeTable(message: RouteConfiguration): Decoded<RouteTableConfig>;
  secret(message: Secret): Decoded<SecretConfig>;
}
