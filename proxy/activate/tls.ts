/** What TLS in a configuration comes to. Loaded when one asks for it: node:tls takes 3 MB, which most proxies never need. */
import type { ClusterConfig } from '../config/model/cluster.ts';
import type { FilterChainConfig } from '../config/model/listener.ts';
import type { TlsValidationConfig } from '../config/model/tls.ts';
import type { Loop } from '../net/loop.ts';
import { PeerVerifier } from '../net/tls/peer-verifier.ts';
import { TlsClient } from '../net/tls/tls-client.ts';
import { TlsServer } from '../net/tls/tls-server.ts';
import type { TlsStats } from '../net/tls/tls-stats.ts';
import { compileString } from '../routing/matchers.ts';

/** The TLS of a filter chain; null when it has none. Throws OpenSSL's error for what it cannot use. */
export function createTlsServer(loop: Loop, chain: FilterChainConfig, stats: TlsStats): TlsServer | null {
  const { tls, transportSocketConnectTimeoutMs } = chain;
  if (tls === null) return null;
  return new TlsServer(loop, tls, createVerifier(tls.validation), stats, transportSocketConnectTimeoutMs);
}

/** The TLS of a cluster, likewise. */
export function createTlsClient({ tls }: ClusterConfig, stats: TlsStats): TlsClient | null {
  return tls === null ? null : new TlsClient(tls, createVerifier(tls.validation), stats);
}

/** Null verifies nobody. */
export function createVerifier(config: TlsValidationConfig | null): PeerVerifier | null {
  return config === null ? null : new PeerVerifier(config, compileString);
}
