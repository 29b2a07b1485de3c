/**
 * What the registry knows of one instance: a running replica behind its sidecar.
 */

/** As the sidecar's agent reported it. */
export interface InstanceIdentity {
  /** The xDS node id, `<workload>-<replica>` for what the driver runs; unique in the mesh. */
  readonly id: string;
  readonly workload: string;
  /** The services it answers for. */
  readonly services: readonly string[];
  readonly version: string;
  readonly zone: string;
  /** The sidecar's inbound listener. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** Share of the traffic relative to the others, at least 1. */
  readonly weight: number;
  /** Process id of the sidecar; tells a restart from a reconnect. */
  readonly pid: number;
}

/** Of the application, as its sidecar sees it. */
export type Health = 'unknown' | 'healthy' | 'unhealthy';

/**
 * The life of a lease. `live` and `suspect` follow from heartbeats; `draining` is a tombstone: the instance was taken
 * out on purpose, and no heartbeat brings it back.
 */
export type LeaseState = 'live' | 'suspect' | 'draining';

/** One instance. */
export interface Instance {
  readonly identity: InstanceIdentity;
  readonly leaseId: string;
  readonly state: LeaseState;
  readonly health: Health;
  /** Why it is not healthy; empty otherwise. */
  readonly healthReason: string;
  /** Its driver saw the application exit: until it is up again, what the sidecar last found does not count. */
  readonly applicationDown: boolean;
  /** Whether its stream is open now. */
  readonly connected: boolean;
  /** Clock time of the last sign of life. */
  readonly heardAtMs: number;
  /** Clock time of the registration. */
  readonly registeredAtMs: number;
  /** Why it is draining; empty otherwise. */
  readonly drainReason: string;
}

/** Whether others should be told of it: only what is well and not on its way out takes traffic. */
export function isPublished(instance: Instance): boolean {
  return instance.health === 'healthy' && !instance.applicationDown && instance.state !== 'draining';
}
