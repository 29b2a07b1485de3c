import type { Test } from 'tap';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import type { HttpConnectionManagerConfig, ListenerConfig } from '../../../proxy/config/model/listener.ts';
import type { ForwardAction, RetryPolicyConfig } from '../../../proxy/config/model/route.ts';
import { CA_PEM, SERVER } from '../../fakes/certificates.ts';
import {
  cluster,
  filterChain,
  forward,
  httpManager,
  NO_SECRETS,
  prefixMatch,
  route,
  routeTable,
  virtualHost,
} from '../../fakes/config-builders.ts';
import { GrpcClient, type Handlers, type RunningServer, startGrpcServer } from './grpc-peers.ts';
import { eventually, everythingTo, Harness } from './harness.ts';
import { OVER_HTTP2, RETRY } from './http2-peers.ts';

const HTTP1_TRAILERS = {
  acceptHttp10: false,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  allowChunkedLength: false,
  enableTrailers: true,
};

const TLS_PARAMETERS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: null,
  curves: null,
  signatureAlgorithms: null,
} as const;

const SERVER_TLS = {
  ...NO_SECRETS,
  certificates: [SERVER],
  validation: null,
  parameters: TLS_PARAMETERS,
  alpnProtocols: ['h2', 'http/1.1'],
  requireClientCertificate: false,
  requireSni: false,
  resumption: true,
};

const CLIENT_TLS = {
  ...NO_SECRETS,
  certificates: [],
  validation: {
    trustedCa: { kind: 'pem', pem: CA_PEM },
    crlPem: null,
    acceptUntrusted: false,
    spkiHashes: [],
    certificateHashes: [],
    sans: [],
  },
  parameters: TLS_PARAMETERS,
  alpnProtocols: ['h2', 'http/1.1'],
  sni: 'shop.test',
} as const;

/** Between the sidecars: the cluster of the first one, and the second one's side of it. */
export interface Hop {
  readonly name: string;
  readonly cluster: Partial<ClusterConfig>;
  readonly manager?: Partial<HttpConnectionManagerConfig>;
  readonly listener?: Partial<ListenerConfig>;
}

/** Every kind there is. */
export const HOPS: readonly Hop[] = [
  { name: 'h2', cluster: OVER_HTTP2 },
  { name: 'h1', cluster: { enableTrailers: true }, manager: { http1: HTTP1_TRAILERS } },
  {
    name: 'TLS, h2 by ALPN',
    cluster: { protocol: 'alpn', enableTrailers: true, tls: CLIENT_TLS },
    listener: { filterChains: [filterChain(httpManager(everythingTo('a')), { tls: SERVER_TLS })] },
  },
];

/** Never where it has been already. */
export const ELSEWHERE: RetryPolicyConfig = { ...RETRY, avoidPreviousHosts: true, hostSelectionMaxAttempts: 5 };

/** One route to cluster `a`, without a time limit unless `action` says so. */
export function routed(action: Partial<ForwardAction> = {}) {
  return routeTable('routes', [
    virtualHost(['*'], [route(prefixMatch('/'), forward('a', { timeoutMs: 0, ...action }))]),
  ]);
}

/** Two sidecars and servers behind the second one. */
export interface Chain {
  readonly first: Harness;
  readonly second: Harness;
  readonly servers: readonly RunningServer[];
  readonly client: GrpcClient;
}

/** What a chain is made of. */
export interface ChainSetup {
  readonly hop: Hop;
  readonly handlers?: readonly Partial<Handlers>[];
  /** Of the second sidecar's route and cluster. */
  readonly action?: Partial<ForwardAction>;
  readonly cluster?: Partial<ClusterConfig>;
}

/** A client, two sidecars, and as many servers as there are handlers. */
export async function startChain(
  t: Test,
  { hop, handlers = [{}], action, cluster: change }: ChainSetup,
): Promise<Chain> {
  const servers = await Promise.all(handlers.map((each) => startGrpcServer(t, each)));
  const second = new Harness(t);
  const table = routed(action);
  const tls = hop.listener?.filterChains?.[0]?.tls ?? null;
  await second.apply({
    clusters: [
      cluster(
        'a',
        servers.map(({ port }) => port),
        { ...OVER_HTTP2, ...change },
      ),
    ],
    table,
    ...(hop.manager && { manager: hop.manager }),
    ...(tls !== null && { listener: { filterChains: [filterChain(httpManager(table), { tls })] } }),
  });
  const first = new Harness(t);
  await first.apply({ clusters: [cluster('a', [second.port], hop.cluster)], table: routed() });
  return { first, second, servers, client: new GrpcClient(t, first.port) };
}

/** One sidecar in front of servers. */
export async function startOne(t: Test, setup: Omit<ChainSetup, 'hop'> = {}) {
  const servers = await Promise.all((setup.handlers ?? [{}]).map((each) => startGrpcServer(t, each)));
  const harness = new Harness(t);
  const ports = servers.map(({ port }) => port);
  await harness.apply({
    clusters: [cluster('a', ports, { ...OVER_HTTP2, ...setup.cluster })],
    table: routed(setup.action),
  });
  return { harness, servers, client: new GrpcClient(t, harness.port) };
}

/** Everything is over on both sidecars, and what they hold towards each other and the servers is given back. */
export async function atRest(t: Test, first: Harness, second: Harness): Promise<void> {
  // The client's own connection stays, since the client does.
  for (const each of [first, second]) {
    const manager = each.plane.activator.managerStats()[0]!;
    const { stats } = each.plane.clusters.get('a')!;
    const left = () => ({
      rq: manager.rqActive,
      streams: manager.http2.streamsActive,
      upstreamRq: stats.rqActive,
      upstreamStreams: stats.http2.streamsActive,
      pending: stats.rqPendingActive,
      retries: stats.inUse.retries,
    });
    await eventually(() => Object.values(left()).every((value) => value === 0), 'rest', 3_000).catch(() => undefined);
    t.same(left(), { rq: 0, streams: 0, upstreamRq: 0, upstreamStreams: 0, pending: 0, retries: 0 }, 'all is over');
  }
}
