/**
 * What the registry knows of one instance: a running replica behind its sidecar, or a program without one that says over
 * REST where it is.
 */

/** As the sidecar's agent, or whoever registered it, reported it. */
export interface InstanceIdentity {
  /** The xDS node id, `<workload>-<replica>` for what the driver runs; unique in the mesh. */
  readonly id: string;
  readonly workload: string;
  /** The services it answers for. */
  readonly services: readonly string[];
  readonly version: string;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  /** The sidecar's inbound listener; without a sidecar the program itself. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** Share of the traffic relative to the others, at least 1; 0 stands for the mesh's default. */
  readonly weight: number;
  /** What routes may choose by, beside version, workload and zone. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the process that holds the lease: tells a restart, and another process under the same id, from a reconnect. */
  readonly incarnation: string;
}

/** How the sidecars of its callers find out whether an instance without a sidecar is well. */
export interface InstanceCheck {
  readonly kind: 'http' | 'grpc' | 'tcp';
  /** Of the GET; empty for the others. */
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Of an instance whose lease is held by renewals, and not by a sidecar's stream. */
export interface Renewal {
  /** The silence that was asked for; the mesh may stretch it. */
  readonly ttlMs: number;
  readonly check: InstanceCheck | null;
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
  /** Null when a sidecar's stream holds the lease. */
  readonly renewal: Renewal | null;
  readonly state: LeaseState;
  readonly health: Health;
  /** Why it is not healthy; empty otherwise. */
  readonly healthReason: string;
  /** Its driver saw the application exit: until it is up again, what the sidecar last found does not count. */
  readonly applicationDown: boolean;
  /** Whether its stream is open now; never without a sidecar. */
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

/** Whether its silence counts against it: in a mass silence nobody's is believed. */
export function isSuspect(instance: Instance, preserving: boolean): boolean {
  return instance.state === 'suspect' && !preserving;
}
