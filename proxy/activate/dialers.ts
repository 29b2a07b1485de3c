/** How the connections of a cluster are made, from its configuration. */
import type { ClusterConfig } from '../config/model/cluster.ts';
import type { TlsValidationConfig } from '../config/model/tls.ts';
import { type Dialer, plainDialer, proxyHeaderDialer, tlsDialer } from '../net/dial.ts';
import type { Loop } from '../net/loop.ts';
import { PeerVerifier } from '../net/tls/peer-verifier.ts';
import { TlsClient } from '../net/tls/tls-client.ts';
import type { TlsStats } from '../net/tls/tls-stats.ts';
import { compileString } from '../routing/matchers.ts';

/** Makes the dialer of a cluster. Throws with a sentence when OpenSSL refuses what it is given. */
export function createDialer(loop: Loop, { name, tls, proxyProtocol }: ClusterConfig, stats: TlsStats): Dialer {
  let client: TlsClient | null = null;
  try {
    client = tls === null ? null : new TlsClient(tls, createVerifier(tls.validation), stats);
  } catch (error) {
    throw new Error(`cluster ${name}: TLS cannot be set up: ${error instanceof Error ? error.message : error}`);
  }
  if (proxyProtocol !== null) return proxyHeaderDialer(loop, proxyProtocol, client);
  return client === null ? plainDialer(loop) : tlsDialer(loop, client);
}

/** The verifier of a validation context; null verifies nobody. */
export function createVerifier(config: TlsValidationConfig | null): PeerVerifier | null {
  return config === null ? null : new PeerVerifier(config, compileString);
}
