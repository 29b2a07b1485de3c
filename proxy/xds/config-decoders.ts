/** The proxy's own decoders, as the ADS client wants them. */
import type { DecodeSources } from '../config/decode/decoding.ts';
import { decodeResource } from '../config/decode/resource-decoder.ts';
import type { Decoders } from './decoders.ts';

/** `sources` is what resources may read, such as certificate files. */
export function configDecoders(sources: DecodeSources): Decoders {
  return {
    cluster: (message) => decodeResource('envoy.config.cluster.v3.Cluster', message, sources),
    endpointSet: (message) => decodeResource('envoy.config.endpoint.v3.ClusterLoadAssignment', message, sources),
    listener: (message) => decodeResource('envoy.config.listener.v3.Listener', message, sources),
    routeTable: (message) => decodeResource('envoy.config.route.v3.RouteConfiguration', message, sources),
    secret: (message) => decodeResource('envoy.extensions.transport_sockets.tls.v3.Secret', message, sources),
  };
}
