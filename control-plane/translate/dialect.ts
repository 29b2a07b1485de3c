/**
 * Three kinds of client understand different parts of the same resources. Our own sidecars understand all of them. An
 * Envoy gets what is Envoy's own, and the nearest that it has in place of Outrider's extensions, or nothing. A gRPC client
 * refuses load balancing policies that it does not have, and answers that are no calls. docs/other-clients.md has the table.
 */
export type Dialect = 'sidecar' | 'envoy' | 'grpc';
