/**
 * The half of a sidecar that talks to a control plane: configuration down (ADS), lease, health and load up (agent), and
 * application settings out to the application. Loaded only when the bootstrap asks for it, because it needs gRPC.
 */
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { RandomIds } from '../kernel/random.ts';
import type { Timers } from '../kernel/timers.ts';
import type { LoadedBootstrap } from './bootstrap/read-bootstrap.ts';
import type { DecodeSources } from './config/decode/decoding.ts';
import { createSnapshot, type SnapshotParts } from './config/snapshot.ts';
import type { DataPlane } from './data-plane.ts';
import { PROXY_VERSION } from './version.ts';
import { type AdsClient, createAdsClient, type SnapshotOrigin } from './xds/ads-client.ts';
import { configDecoders } from './xds/config-decoders.ts';

/** What the composition root hands in. */
export interface MeshDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomIds;
  readonly log: Logger;
  readonly sources: Omit<DecodeSources, 'knownClusters'>;
}

/** What the mesh half tells the rest of the process. */
export interface MeshEvents {
  /** The first complete configuration from the control plane is active. */
  onConfigured(): void;
}

export class Mesh {
  /** Null when the bootstrap has no `ads_config`. */
  readonly ads: AdsClient | null;
  readonly #plane: DataPlane;
  readonly #log: Logger;
  readonly #events: MeshEvents;

  constructor(plane: DataPlane, { config }: LoadedBootstrap, deps: MeshDeps, events: MeshEvents) {
    this.#plane = plane;
    this.#log = deps.log;
    this.#events = events;
    const { ads, agent, node, statics } = config;
    const { clock, timers, random, log } = deps;
    const directory = agent?.lastKnownGoodDirectory ?? null;
    this.ads =
      ads === null
        ? null
        : createAdsClient(
            {
              target: targetOf(statics, ads.clusterName),
              ads,
              node,
              fixed: statics,
              version: PROXY_VERSION,
              extras: [],
              lastKnownGoodFile: directory === null ? null : join(directory, `${node.id}.json`),
              onSnapshot: (parts, origin) => void this.#activate(parts, origin),
            },
            { clock, timers, random, logger: log, decoders: configDecoders({ ...deps.sources, knownClusters: null }) },
          );
  }

  start(): void {
    this.ads?.start();
  }

  waitingFor(): readonly string[] {
    return this.ads === null || this.ads.hasSnapshot ? [] : this.ads.waitingFor();
  }

  async close(): Promise<void> {
    await this.ads?.close();
  }

  async #activate(parts: SnapshotParts, origin: SnapshotOrigin): Promise<void> {
    const problems = await this.#plane.apply(createSnapshot(parts));
    for (const { listener, message } of problems) this.#log.error({ listener, origin }, message);
    this.#events.onConfigured();
  }
}

/** `host:port` of the first endpoint of a static cluster: where gRPC connects to. */
function targetOf({ clusters }: SnapshotParts, name: string): string {
  const discovery = clusters.get(name)?.discovery;
  if (discovery === undefined || discovery.kind === 'eds') {
    throw new Error(`static_resources has no cluster "${name}" with endpoints of its own, which ads_config names`);
  }
  const endpoint = discovery.endpoints.localities.flatMap((locality) => locality.endpoints)[0];
  if (endpoint === undefined) throw new Error(`cluster "${name}" has no endpoint, but ads_config names it`);
  const { host, port } = endpoint.address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
