/** The data plane on real loopback sockets, with endpoints that tests script. Everything ends with the test. */
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Test } from 'tap';
import { SystemClock } from '../../../kernel/clock.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { SystemTimers } from '../../../kernel/timers.ts';
import type { ClusterConfig, EndpointSetConfig } from '../../../proxy/config/model/cluster.ts';
import type { HttpConnectionManagerConfig, ListenerConfig } from '../../../proxy/config/model/listener.ts';
import type { RouteTableConfig } from '../../../proxy/config/model/route.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '../../../proxy/config/snapshot.ts';
import { DataPlane } from '../../../proxy/data-plane.ts';
import { Runtime } from '../../../proxy/routing/runtime.ts';
import {
  cluster,
  forward,
  httpManager,
  listener,
  prefixMatch,
  route,
  routeTable,
  virtualHost,
} from '../../fakes/config-builders.ts';
import { seededRandom } from '../../fakes/fake-random.ts';
import { RawClient } from './raw-client.ts';
import { RawUpstream, type UpstreamScript } from './raw-upstream.ts';

/** What a test configures; everything may be left out. */
export interface Setup {
  readonly clusters?: readonly ClusterConfig[];
  readonly table?: RouteTableConfig;
  readonly manager?: Partial<HttpConnectionManagerConfig>;
  /** Filter chains and what is done before them; by default one chain with `table` and `manager`. */
  readonly listener?: Partial<ListenerConfig>;
  readonly endpoints?: readonly EndpointSetConfig[];
}

/** A running data plane with one listener named `main`. */
export class Harness {
  readonly plane: DataPlane;
  readonly #t: Test;
  #parts: Snapshot = EMPTY_SNAPSHOT;

  constructor(t: Test) {
    this.#t = t;
    this.plane = new DataPlane(
      {
        clock: new SystemClock(),
        timers: new SystemTimers(),
        random: seededRandom(),
        log: silentLogger,
        lookup: async (host) => [host],
      },
      new Runtime(),
    );
    t.teardown(() => this.plane.destroy());
  }

  /** Where `main` listens. */
  get port(): number {
    return this.plane.listeners.get('main')!.address!.port;
  }

  /** Makes this the configuration. Throws when the listener cannot be opened. */
  async apply(setup: Setup): Promise<void> {
    const table = setup.table ?? everythingTo('a');
    const clusters = setup.clusters ?? [];
    this.#parts = {
      listeners: new Map([['main', listener('main', httpManager(table, setup.manager), setup.listener)]]),
      routes: new Map(),
      clusters: new Map(clusters.map((each) => [each.name, each])),
      endpoints: new Map((setup.endpoints ?? []).map((each) => [each.name, each])),
      secrets: new Map(),
    };
    const problems = await this.plane.apply(this.#parts);
    if (problems.length > 0) throw new Error(problems[0]!.message);
  }

  client(port = this.port): RawClient {
    return this.#owned(RawClient.connect(port));
  }

  /** A client that speaks TLS to `main`. It takes any certificate: tests look at what they get. */
  tlsClient(options: ConnectionOptions = {}): RawClient {
    const place = { host: '127.0.0.1', port: this.port, rejectUnauthorized: false };
    // The types do not know allowHalfOpen, which the documentation has.
    const open: ConnectionOptions & { allowHalfOpen: boolean } = { ...place, allowHalfOpen: true, ...options };
    return this.#owned(new RawClient(connectTls(open)));
  }

  #owned(client: RawClient): RawClient {
    this.#t.teardown(() => client.destroy());
    return client;
  }
}

/** A table that sends everything to one cluster. */
export function everythingTo(name: string): RouteTableConfig {
  return routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), forward(name))])]);
}

export async function startUpstream(t: Test, script: UpstreamScript = {}): Promise<RawUpstream> {
  const upstream = await RawUpstream.start(script);
  t.teardown(() => upstream.stop());
  return upstream;
}

/** One endpoint behind one cluster `a`, and the data plane in front of it. */
export async function start(
  t: Test,
  script: UpstreamScript = {},
  setup: Setup & { readonly cluster?: Partial<ClusterConfig> } = {},
): Promise<{ harness: Harness; upstream: RawUpstream }> {
  const upstream = await startUpstream(t, script);
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [upstream.port], setup.cluster)], ...setup });
  return { harness, upstream };
}

/** Waits until `reached` holds; a test that waits in vain says for what. */
export async function eventually(reached: () => boolean, what: string, patienceMs = 10_000): Promise<void> {
  const until = performance.now() + patienceMs;
  while (!reached()) {
    if (performance.now() > until) throw new Error(`waited for ${what} in vain`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
