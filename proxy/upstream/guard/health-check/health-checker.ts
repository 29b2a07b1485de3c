/**
 * The active checks of a cluster's endpoints (envoy.config.core.v3.HealthCheck). Every endpoint is checked by itself; here
 * is who is checked, from where, and who has to hear of it.
 *
 *   watch ─► endpoint.checked = out until its first success ─► checks ─► onChange when it may be picked, or no longer
 *
 * Checks have connections of their own, which do not count as the cluster's: its limits and statistics are about requests.
 */
import type { ClusterConfig } from '../../../config/model/cluster.ts';
import type { SocketAddress } from '../../../config/model/common.ts';
import type { HealthCheckConfig } from '../../../config/model/health-check.ts';
import type { Dialer } from '../../../net/dial.ts';
import type { Loop } from '../../../net/loop.ts';
import { ClusterStats } from '../../cluster-stats.ts';
import type { Endpoint } from '../../endpoint.ts';
import type { PoolHost } from '../../pool/pool.ts';
import { LimitRefusals } from '../limits.ts';
import { type CheckChange, type CheckState, newCheckState } from './check-state.ts';
import { type CheckGroup, EndpointCheck } from './endpoint-check.ts';
import { GrpcProbe } from './grpc-probe.ts';
import type { HealthCheckStats } from './health-check-stats.ts';
import { HttpProbe } from './http-probe.ts';
import type { Probe, ProbeTarget } from './probe.ts';
import { TcpProbe } from './tcp-probe.ts';

/** What a checker needs of its cluster. A cluster is one. */
export interface CheckedCluster extends PoolHost {
  readonly config: ClusterConfig;
}

/** Makes the dialer of checks, which may offer another protocol than requests do. */
export type MakeCheckDialer = (config: ClusterConfig, stats: ClusterStats) => Dialer;

/** Who hears of what checks find. */
export interface CheckListener {
  /** What may be picked has changed. `failed`: the endpoint has just been taken out. */
  onHealthChange(endpoint: Endpoint, failed: boolean): void;
  /** An endpoint that is ejected for how it served has passed its check. */
  onEjectedPassed(endpoint: Endpoint): void;
  /** Every endpoint that was there has been checked once. */
  onAllChecked(): void;
}

export class HealthChecker implements CheckGroup {
  readonly config: HealthCheckConfig;
  readonly loop: Loop;
  readonly stats: HealthCheckStats;
  readonly #cluster: CheckedCluster;
  readonly #host: PoolHost;
  readonly #listener: CheckListener;
  readonly #checks = new Map<Endpoint, EndpointCheck>();
  /** What the checks in `#checks` were made for, to see when that has changed. */
  readonly #targets = new WeakMap<Endpoint, string>();
  readonly #unchecked = new Set<Endpoint>();

  constructor(
    config: HealthCheckConfig,
    cluster: CheckedCluster,
    makeDialer: MakeCheckDialer,
    listener: CheckListener,
  ) {
    this.config = config;
    this.loop = cluster.loop;
    this.stats = cluster.stats.healthCheck;
    this.#cluster = cluster;
    this.#listener = listener;
    this.#host = hostOf(cluster, config, makeDialer);
  }

  get used(): boolean {
    return this.#cluster.stats.cxTotal > 0;
  }

  /** Every endpoint has been checked at least once. */
  get allChecked(): boolean {
    return this.#unchecked.size === 0;
  }

  /**
   * Checks this endpoint from now on, as its configuration wants it. One that is checked already goes on; one that has
   * served without checks goes on serving until they say otherwise.
   */
  watch(endpoint: Endpoint, served: boolean): void {
    const { check } = endpoint.config;
    if (check?.disabled) {
      this.forget(endpoint);
      return;
    }
    const target = JSON.stringify([check, endpoint.config.address]);
    const running = this.#checks.get(endpoint);
    if (running !== undefined && this.#targets.get(endpoint) === target) return;
    running?.close();
    const { ignoresNewHosts } = this.#cluster.config;
    const state = endpoint.checked ?? newCheckState(ignoresNewHosts, served);
    const started = new EndpointCheck(this, endpoint, this.#probe(endpoint), state);
    this.#checks.set(endpoint, started);
    this.#targets.set(endpoint, target);
    if (state.first) this.#unchecked.add(endpoint);
    started.start();
  }

  /** The endpoint has left, or is not to be checked. */
  forget(endpoint: Endpoint): void {
    this.#checks.get(endpoint)?.close();
    this.#checks.delete(endpoint);
    endpoint.checked = null;
    this.#seen(endpoint);
  }

  /** The endpoint has said in an answer to a request that it must not be picked. */
  failNow(endpoint: Endpoint): void {
    this.#checks.get(endpoint)?.failNow();
  }

  /** Ends all checks. `forgetting`: endpoints count as unchecked from now on. */
  close(forgetting: boolean): void {
    for (const [endpoint, check] of this.#checks) {
      check.close();
      if (forgetting) endpoint.checked = null;
    }
    this.#checks.clear();
    this.#unchecked.clear();
    this.#listener.onAllChecked();
  }

  onChecked(endpoint: Endpoint, before: CheckState, change: CheckChange, succeeded: boolean): void {
    const after = endpoint.checked;
    if (succeeded && endpoint.ejected && after?.failed === false) this.#listener.onEjectedPassed(endpoint);
    const changed = change === 'changed' || after?.degraded !== before.degraded || after?.excluded !== before.excluded;
    if (changed) this.#listener.onHealthChange(endpoint, after?.failed === true && !before.failed);
    this.#seen(endpoint);
  }

  #seen(endpoint: Endpoint): void {
    if (this.#unchecked.delete(endpoint) && this.#unchecked.size === 0) this.#listener.onAllChecked();
  }

  #probe(endpoint: Endpoint): Probe {
    const { probe, reuseConnection } = this.config;
    const target: ProbeTarget = {
      host: this.#host,
      address: checkAddress(endpoint, this.config),
      authority: this.#authority(endpoint),
      reusesConnection: reuseConnection,
      onServiceName: () => {
        this.stats.verifyCluster++;
      },
    };
    switch (probe.kind) {
      case 'http':
        return new HttpProbe(target, probe);
      case 'grpc':
        return new GrpcProbe(target, probe);
      case 'tcp':
        return new TcpProbe(target, probe);
    }
  }

  /** The endpoint's own word, then the check's, then the cluster's name. */
  #authority({ config }: Endpoint): string {
    const { probe } = this.config;
    const named = probe.kind === 'http' ? probe.host : probe.kind === 'grpc' ? probe.authority : '';
    return config.check?.hostname || named || this.#cluster.config.name;
  }
}

function checkAddress({ config }: Endpoint, { altPort }: HealthCheckConfig): SocketAddress {
  const { address, check } = config;
  if (check?.address) return { host: check.address.host, port: check.port ?? check.address.port };
  return { host: address.host, port: check?.port ?? altPort ?? address.port };
}

/** The cluster's own ways, but for what checks speak, and for counters and limits, which are about requests. */
function hostOf(cluster: CheckedCluster, check: HealthCheckConfig, makeDialer: MakeCheckDialer): PoolHost {
  const { loop, http1Limits, responseHead, http2, config } = cluster;
  const { probe, alpnProtocols, timeoutMs } = check;
  const protocol = probe.kind === 'grpc' || (probe.kind === 'http' && probe.codec === 'http2') ? 'http2' : 'http1';
  const spoken = probe.kind === 'tcp' ? (config.tls?.alpnProtocols ?? []) : protocol === 'http2' ? ['h2'] : [];
  const offered = alpnProtocols.length > 0 ? alpnProtocols : spoken;
  const tls = config.tls === null ? null : { ...config.tls, alpnProtocols: offered };
  const policy = { ...config.policy, maxPendingWaitMs: 0, maxPendingPerEndpoint: Infinity };
  const own = { ...config, protocol, tls, policy, connectTimeoutMs: timeoutMs } as const;
  const stats = new ClusterStats();
  const dialer = makeDialer(own, stats);
  return {
    ...{ loop, http1Limits, responseHead, http2, stats, dialer },
    inUse: stats.inUse,
    limits: { ...config.limits.default, ...UNLIMITED },
    connectionsPerEndpoint: Infinity,
    refusals: new LimitRefusals(own, 'default'),
    // The dialer writes the PROXY header; pools would refuse to share a connection that is about one client.
    config: { ...own, proxyProtocol: null },
  };
}

const UNLIMITED = { maxConnections: Infinity, maxPendingRequests: Infinity, maxRequests: Infinity };
