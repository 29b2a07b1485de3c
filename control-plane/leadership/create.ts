/**
 * What the settings make of store and leadership: a file and one control plane, or etcd and an election.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { ServerTrust } from '../orchestrator/driver/process/sidecar-access.ts';
import type { ControlPlaneSettings } from '../settings.ts';
import { EtcdStore } from '../store/etcd/etcd-store.ts';
import { SqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import type { ServerAddress } from '../translate/control-plane-cluster.ts';
import type { Candidate } from './candidate.ts';
import { Election } from './election.ts';
import type { Leadership, LeadershipEvents } from './leadership.ts';
import { askWhetherLeading } from './peers.ts';
import { SoleLeader } from './sole-leader.ts';

/** What both need of the outside. */
export interface LeadershipDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Opens the store. Rejects with StoreError when that cannot be done. */
export async function openStore({ store, stateDir }: ControlPlaneSettings, deps: LeadershipDeps): Promise<Store> {
  return store.kind === 'sqlite' ? new SqliteStore(stateDir) : await EtcdStore.open(store.etcd, deps);
}

/** Begun by its `start`. `trust` is how this machine verifies control planes. */
export function createLeadership(
  { store: settings, security }: ControlPlaneSettings,
  { clock, timers, random, logger }: LeadershipDeps,
  store: Store,
  trust: ServerTrust | null,
  events: LeadershipEvents,
): Leadership {
  if (settings.kind === 'sqlite' || !(store instanceof EtcdStore)) return new SoleLeader(events);
  const http = `${security.tls === null ? 'http' : 'https'}://${settings.advertisedHttp}`;
  const self: Candidate = { id: http, http, grpc: settings.advertisedGrpc };
  const isLeading = askWhetherLeading(trust);
  return new Election({ store, self, clock, timers, random, logger, events, isLeading });
}

/** Where sidecars may find control planes: as the settings say, and as those say that live now. */
export function knownControlPlanes({ store }: ControlPlaneSettings, leadership: Leadership): readonly ServerAddress[] {
  if (store.kind === 'sqlite') return [];
  const all = new Set([...store.controlPlaneAddresses, ...leadership.members.map(({ grpc }) => grpc)]);
  return [...all].map((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  });
}

/** Sidecars outlive leaders: they are started anew when the list that they were given changes, not when the leader does. */
export function bindingOf({ store }: ControlPlaneSettings): string | null {
  return store.kind === 'sqlite' ? null : ['etcd', ...store.controlPlaneAddresses.toSorted()].join(' ');
}
