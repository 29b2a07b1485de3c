/** How the connections of a cluster are made, from its configuration. */
import type { ClusterConfig } from '../config/model/cluster.ts';
import { type Dialer, plainDialer, proxyHeaderDialer, tlsDialer } from '../net/dial.ts';
import type { Loop } from '../net/loop.ts';
import type { TlsStats } from '../net/tls/tls-stats.ts';
import type { LazyTls } from './lazy-tls.ts';

/** Makes the dialer of a cluster. Throws with a sentence when OpenSSL refuses what it is given. */
export function createDialer(loop: Loop, lazyTls: LazyTls, config: ClusterConfig, stats: TlsStats): Dialer {
  const { name, proxyProtocol } = config;
  let client: ReturnType<NonNullable<LazyTls['module']>['createTlsClient']> = null;
  try {
    client = lazyTls.module?.createTlsClient(config, stats) ?? null;
  } catch (error) {
    throw new Error(`cluster ${name}: TLS cannot be set up: ${error instanceof Error ? error.message : error}`);
  }
  if (proxyProtocol !== null) return proxyHeaderDialer(loop, proxyProtocol, client);
  return client === null ? plainDialer(loop) : tlsDialer(loop, client);
}
