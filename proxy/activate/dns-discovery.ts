/**
 * Endpoints of DNS clusters: resolves the names of their endpoints now and again, and hands the addresses to the cluster.
 * STRICT_DNS uses every address of every name; LOGICAL_DNS the first one (envoyproxy.io, "Service discovery"). A failed
 * look-up keeps what was known.
 */
import { isIP } from 'node:net';
import type { Logger } from '../../kernel/log.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import type { ClusterConfig, EndpointConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { Cluster } from '../upstream/cluster.ts';

type DnsConfig = Extract<ClusterConfig['discovery'], { kind: 'strict-dns' | 'logical-dns' }>;

/** Looks a name up: the addresses of family 4 or 6, or of both for 0, in the resolver's order. Rejects when there is none. */
export type Lookup = (host: string, family: 0 | 4 | 6) => Promise<readonly string[]>;

interface Watch {
  readonly cluster: Cluster;
  readonly config: DnsConfig;
  timer: Timer | null;
  /** Last known addresses by host. */
  readonly known: Map<string, readonly string[]>;
  stopped: boolean;
}

export class DnsDiscovery {
  readonly #lookup: Lookup;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #watches = new Map<string, Watch>();

  constructor(lookup: Lookup, timers: Timers, log: Logger) {
    this.#lookup = lookup;
    this.#timers = timers;
    this.#log = log;
  }

  watch(cluster: Cluster, config: DnsConfig): void {
    const watch: Watch = { cluster, config, timer: null, known: new Map(), stopped: false };
    this.#watches.set(cluster.name, watch);
    void this.#refresh(watch);
  }

  forget(name: string): void {
    const watch = this.#watches.get(name);
    if (watch === undefined) return;
    watch.stopped = true;
    watch.timer?.cancel();
    this.#watches.delete(name);
  }

  close(): void {
    for (const name of [...this.#watches.keys()]) this.forget(name);
  }

  async #refresh(watch: Watch): Promise<void> {
    const { cluster, config } = watch;
    const localities = [];
    for (const locality of config.endpoints.localities) {
      const endpoints: EndpointConfig[] = [];
      for (const endpoint of locality.endpoints) {
        const { host, port } = endpoint.address;
        const hostname = endpoint.hostname === '' ? host : endpoint.hostname;
        for (const address of await this.#addresses(watch, host)) {
          endpoints.push({ ...endpoint, hostname, address: { host: address, port } });
        }
      }
      localities.push({ ...locality, endpoints });
    }
    if (watch.stopped) return;
    const set: EndpointSetConfig = { ...config.endpoints, localities };
    cluster.setEndpoints(set);
    watch.timer = this.#timers.after(config.refreshMs, () => void this.#refresh(watch));
  }

  async #addresses(watch: Watch, host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const { kind, family } = watch.config;
    try {
      const found = await this.#lookup(host, family === 'v4-only' ? 4 : family === 'v6-only' ? 6 : 0);
      watch.known.set(host, kind === 'logical-dns' ? found.slice(0, 1) : preferred(found, family));
    } catch (error) {
      this.#log.warn(
        { cluster: watch.cluster.name, host, err: error },
        'DNS look-up failed, the last known addresses stay',
      );
    }
    return watch.known.get(host) ?? [];
  }
}

/** `auto` uses IPv6 addresses alone when there are any, as in Envoy; `v4-preferred` the other way round. */
function preferred(addresses: readonly string[], family: DnsConfig['family']): readonly string[] {
  const v4 = addresses.filter((each) => isIP(each) === 4);
  const v6 = addresses.filter((each) => isIP(each) === 6);
  if (family === 'all') return addresses;
  if (family === 'v4-preferred') return v4.length > 0 ? v4 : v6;
  return v6.length > 0 ? v6 : v4;
}
