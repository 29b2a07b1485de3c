/**
 * The gRPC services of xDS: everything on one stream, or one service for each kind of resource, in both protocols. Their
 * responses are encoded by us.
 */
import {
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import { ClusterDiscoveryServiceService } from '../../protos/gen/envoy/service/cluster/v3/cds.ts';
import { AggregatedDiscoveryServiceService } from '../../protos/gen/envoy/service/discovery/v3/ads.ts';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { EndpointDiscoveryServiceService } from '../../protos/gen/envoy/service/endpoint/v3/eds.ts';
import { ListenerDiscoveryServiceService } from '../../protos/gen/envoy/service/listener/v3/lds.ts';
import { RouteDiscoveryServiceService } from '../../protos/gen/envoy/service/route/v3/rds.ts';
import { SecretDiscoveryServiceService } from '../../protos/gen/envoy/service/secret/v3/sds.ts';
import { responseSerializer } from './encoded-response.ts';
import type { SequencedResponse } from './sequencer.ts';

/** A stream of a client. */
export type XdsCall<Message> = ServerDuplexStream<Message, SequencedResponse>;

/** Who serves the streams. `only`: the kind that the stream is about; null for all kinds on one stream. */
export interface XdsHandlers {
  stateOfTheWorld(call: XdsCall<DiscoveryRequest>, only: ResourceKind | null): void;
  delta(call: XdsCall<DeltaDiscoveryRequest>, only: ResourceKind | null): void;
}

/** A service with its implementation, for `server.addService`. */
export interface XdsService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

const SERVICES: readonly { readonly definition: ServiceDefinition; readonly only: ResourceKind | null }[] = [
  { definition: AggregatedDiscoveryServiceService, only: null },
  { definition: ClusterDiscoveryServiceService, only: 'CDS' },
  { definition: EndpointDiscoveryServiceService, only: 'EDS' },
  { definition: ListenerDiscoveryServiceService, only: 'LDS' },
  { definition: RouteDiscoveryServiceService, only: 'RDS' },
  { definition: SecretDiscoveryServiceService, only: 'SDS' },
];

/** Every service over these handlers. */
export function xdsServices(handlers: XdsHandlers): XdsService[] {
  const serialize = { delta: responseSerializer('delta'), stream: responseSerializer('state of the world') };
  return SERVICES.map(({ definition, only }) => {
    const methods = Object.entries(definition);
    return {
      definition: Object.fromEntries(
        methods.map(([name, method]) => [
          name,
          { ...method, responseSerialize: name.startsWith('delta') ? serialize.delta : serialize.stream },
        ]),
      ),
      implementation: Object.fromEntries(methods.map(([name]) => [name, handlerOf(name, only, handlers)])),
    };
  });
}

function handlerOf(
  method: string,
  only: ResourceKind | null,
  handlers: XdsHandlers,
): UntypedServiceImplementation[string] {
  if (method.startsWith('delta')) return (call: XdsCall<DeltaDiscoveryRequest>) => handlers.delta(call, only);
  if (method.startsWith('stream')) return (call: XdsCall<DiscoveryRequest>) => handlers.stateOfTheWorld(call, only);
  return (_call: unknown, callback: (error: object) => void) =>
    callback({ code: status.UNIMPLEMENTED, details: `${method} is not served: use a stream` });
}
