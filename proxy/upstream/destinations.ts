/**
 * The endpoints of a cluster of type ORIGINAL_DST: wherever redirected clients were going. An address becomes one with the
 * first connection to it, and is one until nothing has used it for a whole clean-up interval.
 */
import { hostPortText } from '../../kernel/host-port.ts';
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { ClusterConfig, EndpointConfig, EndpointSetConfig, LocalityConfig } from '../config/model/cluster.ts';
import type { SocketAddress } from '../config/model/common.ts';
import type { Loop } from '../net/loop.ts';
import type { Endpoint } from './endpoint.ts';
import type { PickContext } from './picker/picker.ts';

/** How a cluster of that type is configured. */
export type DestinationsConfig = Extract<ClusterConfig['discovery'], { readonly kind: 'original-dst' }>;

/** The cluster whose endpoints they are. */
export interface DestinationHost {
  readonly loop: Loop;
  readonly endpoints: readonly Endpoint[];
  addEndpoint(key: string, config: EndpointConfig, locality: LocalityConfig): Endpoint;
  setEndpoints(set: EndpointSetConfig): void;
}

const ANYWHERE: LocalityConfig = { region: '', zone: '', subZone: '', weight: 0, priority: 0, endpoints: [] };

/** In percent; without effect, as there is one locality. */
const OVERPROVISIONING = 140;

/** Past these nobody is let in until some are given up: what clients dial must not fill the memory. */
const DESTINATIONS_MAX = 10_000;

export class Destinations implements DeadlineOwner {
  readonly #config: DestinationsConfig;
  readonly #host: DestinationHost;
  readonly #known = new Map<string, Endpoint>();
  /** Picked since the last look. */
  readonly #used = new Set<Endpoint>();
  readonly #cleanup = new Deadline(this);

  constructor(config: DestinationsConfig, host: DestinationHost) {
    this.#config = config;
    this.#host = host;
    // Another configuration of the cluster finds those of the former one.
    for (const endpoint of host.endpoints) this.#known.set(endpoint.key, endpoint);
    host.loop.wheel.arm(this.#cleanup, config.cleanupMs);
  }

  /** The endpoint at which the request's connection was aimed; null when that is not known. */
  pick({ destination }: PickContext): Endpoint | null {
    if (destination === null) return null;
    const { portOverride } = this.#config;
    const address = portOverride === null ? destination : { host: destination.host, port: portOverride };
    const key = hostPortText(address);
    const endpoint = this.#known.get(key) ?? this.#add(key, address);
    if (endpoint !== null) this.#used.add(endpoint);
    return endpoint;
  }

  #add(key: string, address: SocketAddress): Endpoint | null {
    if (this.#known.size >= DESTINATIONS_MAX) return null;
    const config = {
      address,
      hostname: '',
      health: 'unknown',
      weight: 1,
      check: null,
      labels: {},
      metadata: {},
    } as const;
    const endpoint = this.#host.addEndpoint(key, config, ANYWHERE);
    this.#known.set(key, endpoint);
    return endpoint;
  }

  onDeadline(): void {
    const { loop, endpoints } = this.#host;
    loop.wheel.arm(this.#cleanup, this.#config.cleanupMs);
    const kept = endpoints.filter((each) => each.active > 0 || each.cxActive > 0 || this.#used.has(each));
    this.#used.clear();
    if (kept.length === endpoints.length) return;
    this.#known.clear();
    for (const each of kept) this.#known.set(each.key, each);
    const localities = [{ ...ANYWHERE, endpoints: kept.map(({ config }) => config) }];
    this.#host.setEndpoints({ name: '', localities, overprovisioningFactor: OVERPROVISIONING });
  }

  stop(): void {
    this.#host.loop.wheel.disarm(this.#cleanup);
  }
}
