/** How the connections of a cluster are made, from its configuration and the secrets that it names. */
import type { ClusterConfig } from '../config/model/cluster.ts';
import { resolveTls, type Secrets } from '../config/resolve-tls.ts';
import { type Dialer, plainDialer, proxyHeaderDialer, refusingDialer, tlsDialer } from '../net/dial.ts';
import type { Loop } from '../net/loop.ts';
import type { TlsStats } from '../net/tls/tls-stats.ts';
import type { LazyTls } from './lazy-tls.ts';

/**
 * Makes the dialer of a cluster. While a secret is not there it refuses every connection. Throws with a sentence when
 * OpenSSL refuses what it is given.
 */
export function createDialer(
  loop: Loop,
  lazyTls: LazyTls,
  { name, proxyProtocol, tls }: ClusterConfig,
  stats: TlsStats,
  secrets: Secrets,
): Dialer {
  const client = tls === null ? null : createClient();
  if (typeof client === 'string') {
    const refused = () => {
      stats.secretsNotReady++;
    };
    return refusingDialer(loop, `TLS to the endpoint cannot be set up: ${client}`, refused);
  }
  if (proxyProtocol !== null) return proxyHeaderDialer(loop, proxyProtocol, client);
  return client === null ? plainDialer(loop) : tlsDialer(loop, client);

  function createClient() {
    const resolved = resolveTls(tls!, secrets);
    if (!resolved.ok) return resolved.error;
    try {
      return lazyTls.module!.createTlsClient(resolved.value, stats);
    } catch (error) {
      throw new Error(`cluster ${name}: TLS cannot be set up: ${error instanceof Error ? error.message : error}`);
    }
  }
}
