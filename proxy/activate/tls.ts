/** What TLS in a configuration comes to. Loaded when one asks for it: node:tls takes 3 MB, which most proxies never need. */
import type { FilterChainConfig } from '../config/model/listener.ts';
import type { DownstreamTlsConfig, TlsValidationConfig, UpstreamTlsConfig } from '../config/model/tls.ts';
import type { Loop } from '../net/loop.ts';
import { PeerVerifier } from '../net/tls/peer-verifier.ts';
import { TlsClient } from '../net/tls/tls-client.ts';
import { TlsServer } from '../net/tls/tls-server.ts';
import type { TlsStats } from '../net/tls/tls-stats.ts';
import { compileString } from '../routing/matchers.ts';

/** The TLS of a filter chain, its secrets in place. Throws OpenSSL's error for what it cannot use. */
export function createTlsServer(
  loop: Loop,
  { transportSocketConnectTimeoutMs }: FilterChainConfig,
  tls: DownstreamTlsConfig,
  stats: TlsStats,
): TlsServer {
  return new TlsServer(loop, tls, createVerifier(tls.validation), stats, transportSocketConnectTimeoutMs);
}

/** The TLS of a cluster, likewise. */
export function createTlsClient(tls: UpstreamTlsConfig, stats: TlsStats): TlsClient {
  return new TlsClient(tls, createVerifier(tls.validation), stats);
}

/** Null verifies nobody. */
export function createVerifier(config: TlsValidationConfig | null): PeerVerifier | null {
  return config === null ? null : new PeerVerifier(config, compileString);
}
