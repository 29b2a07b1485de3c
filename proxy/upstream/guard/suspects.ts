/**
 * Endpoints that nobody vouches for: they come from the last known good configuration, and may have gone. Each is looked
 * for by a connection, and counts as healthy when it stands, or when a request to it succeeds, whichever is first.
 *
 *   suspect ──connected, or a success──► healthy          picked after healthy ones until then: see standing.ts
 *
 * All are looked for at once, so many at a time; those that are not found again and again, less and less often. Where
 * the configuration asks for health checks these decide, and nobody is looked for here.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PoolHost } from '../pool/pool.ts';
import type { ProbeOwner } from './health-check/probe.ts';
import { TcpProbe } from './health-check/tcp-probe.ts';

/** The cluster, as far as it is needed here. */
export interface SuspectedCluster extends PoolHost {
  readonly name: string;
  /** What may be picked has changed. */
  refreshPicker(): void;
}

/** Endpoints of one cluster that are looked for at the same time. */
const AT_ONCE = 32;
/** A connection that takes longer stands for nobody. */
const LOOK_MS = 1_000;
const REST_MS = 1_000;
const REST_MS_MAX = 30_000;

/** See the head of this file. */
export class Suspects implements DeadlineOwner {
  readonly #cluster: SuspectedCluster;
  readonly #next = new Deadline(this);
  /** Still to be looked for in this round. */
  #waiting: Endpoint[] = [];
  #looking: { readonly endpoint: Endpoint; readonly probe: TcpProbe }[] = [];
  #all: readonly Endpoint[] = [];
  #restMs = REST_MS;

  constructor(cluster: SuspectedCluster) {
    this.#cluster = cluster;
  }

  /** The cluster's endpoints are these. */
  watch(endpoints: readonly Endpoint[]): void {
    this.close();
    this.#all = endpoints;
    this.#restMs = REST_MS;
    this.#beginRound();
  }

  /** It has answered. */
  proven(endpoint: Endpoint): void {
    if (endpoint.health !== 'suspect') return;
    endpoint.health = 'healthy';
    this.#cluster.refreshPicker();
  }

  /** Looks for nobody any more. */
  close(): void {
    this.#cluster.loop.wheel.disarm(this.#next);
    this.#waiting = [];
    this.#endLooks();
  }

  /** Time is over for those that are being looked for, or the rest between two rounds is. */
  onDeadline(): void {
    this.#endLooks();
    if (this.#waiting.length > 0) this.#look();
    else this.#beginRound();
  }

  #beginRound(): void {
    this.#waiting = this.#all.filter(isLookedFor);
    if (this.#waiting.length > 0) this.#look();
  }

  #look(): void {
    const { loop } = this.#cluster;
    const batch = this.#waiting.splice(0, AT_ONCE).filter(isLookedFor);
    this.#looking = batch.map((endpoint) => {
      const target = { host: this.#cluster, address: endpoint.config.address, authority: '', reusesConnection: false };
      return {
        endpoint,
        probe: new TcpProbe({ ...target, onServiceName: () => {} }, { kind: 'tcp', send: '', receive: [] }),
      };
    });
    for (const { endpoint, probe } of this.#looking) probe.begin(this.#ownerFor(endpoint));
    if (this.#waiting.length > 0) {
      loop.wheel.arm(this.#next, LOOK_MS);
      return;
    }
    loop.wheel.arm(this.#next, LOOK_MS + this.#restMs * (0.5 + loop.random.next()));
    this.#restMs = Math.min(2 * this.#restMs, REST_MS_MAX);
  }

  #ownerFor(endpoint: Endpoint): ProbeOwner {
    return {
      onProbed: ({ kind }) => {
        if (kind === 'success') this.proven(endpoint);
      },
    };
  }

  #endLooks(): void {
    for (const { probe } of this.#looking.splice(0)) probe.close();
  }
}

function isLookedFor({ suspect, removed }: Endpoint): boolean {
  return suspect && !removed;
}
