/** What a peer is asked to do, in words that every peer's configuration can be generated from. */

/** PEM files of one throw-away authority: what the benches' TLS needs. */
export interface CertificateFiles {
  readonly ca: string;
  /** A server certificate for `localhost`, its key, and both in one file as HAProxy wants them. */
  readonly serverCert: string;
  readonly serverKey: string;
  readonly serverBoth: string;
  /** A client certificate that the backend of `tls-originate` demands. */
  readonly clientCert: string;
  readonly clientKey: string;
  readonly clientBoth: string;
}

/**
 * The path through the proxy: HTTP/1.1 in and out; TLS 1.3 in and plain out; plain in and mutual TLS 1.3 out; bytes; gRPC,
 * which is HTTP/2 in and out; or from one version of HTTP to the other. HTTP/2 is without TLS, by prior knowledge.
 */
export type ScenarioKind =
  | 'http1'
  | 'tls-terminate'
  | 'tls-originate'
  | 'tcp'
  | 'grpc'
  | 'http1-to-http2'
  | 'http2-to-http1';

/** Whether clients speak HTTP/2. */
export function takesHttp2(kind: ScenarioKind): boolean {
  return kind === 'grpc' || kind === 'http2-to-http1';
}

/** Whether endpoints do. */
export function sendsHttp2(kind: ScenarioKind): boolean {
  return kind === 'grpc' || kind === 'http1-to-http2';
}

/** One start of one peer. */
export interface Scenario {
  readonly kind: ScenarioKind;
  /** Whether FEATURES are on. Bytes (`tcp`) have none of them. */
  readonly features: boolean;
  /** The port for traffic and the port for the peer's own statistics, both on 127.0.0.1. */
  readonly port: number;
  readonly adminPort: number;
  /** Ports of the backend on 127.0.0.1, at least one. With features off only the first is used, unless all are wanted. */
  readonly backendPorts: readonly number[];
  readonly everyEndpoint?: boolean;
  /** A folder of this peer's own for files that it writes or is given. */
  readonly folder: string;
  /** Length of the backend's bodies, for a look at the first answer; undefined where only its status counts. */
  readonly responseBytes?: number;
  /** Present for the two TLS kinds. */
  readonly certificates?: CertificateFiles;
}

/** What every peer does when features are on; the Node designs do it in our scripts, the floor does none of it. */
export const FEATURES: readonly string[] = [
  '20 virtual hosts of 3 prefix routes each, the last of them matching',
  'one cluster of 4 endpoints, power of two choices by requests in flight',
  'at most 1,024 requests in flight per endpoint or cluster',
  'an endpoint that fails 5 times in a row is taken out',
  'a new x-request-id for every request',
  'x-forwarded-for and x-forwarded-proto',
  'statistics kept and served on a second port',
  'no access log',
];

/** Virtual hosts that the routes know and the load generator asks for in turn: names that services of a mesh may have. */
export const HOSTS: readonly string[] = Array.from(
  { length: 20 },
  (_, i) => `svc-${String(i).padStart(2, '0')}-bench-local`,
);

/** The prefixes of every virtual host in the order that they are tried; requests match the last. */
export const PREFIXES: readonly string[] = ['/admin/', '/static/', '/api/'];

/** The path of every request. */
export const REQUEST_PATH = '/api/orders/1734?fields=id,total';

/** The path of every gRPC call: with a part in front of the service's name, so that the same routes serve both. */
export const GRPC_PATH = '/api/bench.Orders/Read';

/** The one message that every gRPC call sends: 95 bytes behind the prefix that says their number. */
export const GRPC_REQUEST: Buffer = Buffer.concat([Buffer.from([0, 0, 0, 0, 95]), Buffer.alloc(95, 'a')]);

/** Limits that the configurations share. */
export const LIMITS = {
  requestsInFlight: 1024,
  consecutiveFailures: 5,
  connectTimeoutMs: 1000,
  requestTimeoutMs: 15_000,
  ejectionMs: 30_000,
} as const;

/** The endpoints in use. */
export function endpointPorts({ features, everyEndpoint = features, backendPorts }: Scenario): readonly number[] {
  return everyEndpoint ? backendPorts : backendPorts.slice(0, 1);
}

/** The certificates of a TLS scenario. Throws for a scenario that was built without. */
export function certificatesOf(scenario: Scenario): CertificateFiles {
  if (scenario.certificates === undefined) throw new Error(`scenario ${scenario.kind} was built without certificates`);
  return scenario.certificates;
}
