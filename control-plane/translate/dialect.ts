/**
 * Two kinds of client understand different parts of the same resources: the sidecar (and Envoy) all of them; a gRPC
 * client refuses load balancing policies that it does not have, and answers that are no calls.
 */
export type Dialect = 'sidecar' | 'grpc';
