/**
 * The control plane's answers, as this client reads them (GET /openapi.json on a control plane has the whole contract).
 */

/** One resource that an apply touched. */
export interface Change {
  readonly kind: string;
  readonly name: string;
  readonly action: 'created' | 'updated' | 'unchanged' | 'deleted';
}

/** The answer to POST /v1/apply. `revision` is the store's after the change. */
export interface ApplyResult {
  readonly revision: number;
  readonly changes: readonly Change[];
  /** What differs, in a dry run. */
  readonly differences?: readonly Difference[];
  /** What asks for a second look. */
  readonly warnings?: readonly FileProblem[];
  /** What the numbers of a policy come to. */
  readonly notes?: readonly FileProblem[];
}

/** A resource, or the settings or the scale of a workload, that differs; null where there is none. */
export interface Difference {
  readonly kind: string;
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** One change in the history. */
export interface HistoryEntryView {
  readonly revision: number;
  /** The revision that it was made from. */
  readonly parent: number;
  readonly atMs: number;
  readonly author: string;
  readonly verified: boolean;
  readonly message: string;
  readonly origin: string;
  readonly changes: readonly Change[];
}

/** The same with its texts. */
export interface HistoryDetailView extends HistoryEntryView {
  readonly differences: readonly Difference[];
}

/** The answer to POST /v1/restore. */
export interface RestoreResult extends ApplyResult {
  readonly backup: {
    readonly revision: number;
    readonly takenAt: string;
    readonly program: string;
    readonly things: number;
    readonly records: number;
  };
}

/** Something wrong in a file: where it is, and the nearest valid name when a name was the problem. */
export interface FileProblem {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly path?: string;
  readonly message: string;
  readonly suggestion?: string;
}

/** One instance of a service as the registry sees it. */
export interface InstanceView {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly version?: string;
  readonly health: string;
  /** Why it is not healthy; absent when it is, or nothing is known. */
  readonly healthReason?: string;
  readonly state: string;
  /** How long ago its sidecar last renewed the lease. */
  readonly leaseAgeMs: number;
}

/** One service as the registry sees it. */
export interface ServiceView {
  readonly name: string;
  readonly replicas: { readonly desired: number; readonly running: number; readonly ready: number };
  /** It was stopped, and is not started again. */
  readonly stopped: boolean;
  readonly roll: RollView;
  readonly instances: readonly InstanceView[];
}

/** How far the replacement of a service's replicas has come; `why` when it does not go on. */
export interface RollView {
  readonly state: 'steady' | 'rolling' | 'failed';
  readonly updated: number;
  readonly outdated: number;
  readonly why?: string;
}

/** What is asked for with POST /v1/services/:name/ACTION. */
export type RunAction = 'start' | 'stop' | 'restart' | 'upgrade';

/** What one sidecar last said about one resource type. */
export interface NodeTypeView {
  readonly version: string;
  readonly acked: boolean;
  readonly nacked?: { readonly message: string; readonly atMs: number };
}

/** One sidecar as the control plane sees it; `types` is keyed by LDS, RDS, CDS, EDS and so on. */
export interface NodeView {
  readonly id: string;
  readonly connected: boolean;
  /** Of its program, as it says. */
  readonly version?: string;
  /** That is not the control plane's own. */
  readonly behind?: boolean;
  readonly types: Readonly<Record<string, NodeTypeView>>;
}

/** The answer to GET /v1/status. */
export interface StatusView {
  readonly version: string;
  readonly uptimeMs: number;
  readonly revision: number;
  /** Absent where there is one control plane alone. */
  readonly leadership?: LeadershipView;
  readonly nodes: readonly NodeView[];
  /** Request breakers that are held open for every sidecar. */
  readonly openBreakers: readonly OpenBreakerView[];
}

/** Who leads the control planes of a mesh. */
export interface LeadershipView {
  /** Of the one that was asked. */
  readonly role: 'leading' | 'adrift' | 'following';
  readonly leader: { readonly http: string; readonly grpc: string } | null;
  readonly members: readonly { readonly http: string }[];
}

/** One of them: `open` of `callers` have opened theirs. */
export interface OpenBreakerView {
  readonly name: string;
  readonly open: number;
  readonly callers: number;
  readonly sinceMs: number;
  readonly leftMs: number;
}

/** The answer to PUT /v1/services/:name/scale. */
export interface ScaleResult {
  readonly service: string;
  readonly desired: number;
  readonly revision: number;
}

/** One entry of the audit log. */
export interface AuditView {
  /** ISO 8601. */
  readonly time: string;
  readonly result: string;
  readonly action: string;
  readonly status: number;
  readonly from: string;
  readonly who?: string;
  readonly grant?: string;
  readonly reason?: string;
  readonly changes?: readonly string[];
}

/** Prometheus' http_sd: where sidecars answer scrapes. */
export interface ScrapeTarget {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The body of a refused request. */
export interface ApiErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly FileProblem[];
}

/** A Compose service as the control plane keeps it, as far as it is printed. */
export interface WorkloadView {
  readonly name: string;
  /** The services it stands behind, its own name first. */
  readonly services: readonly string[];
  readonly version: string;
  readonly command: readonly string[];
  readonly replicas: number;
  /** Ports of the host that lead to it. */
  readonly published: readonly { readonly hostIp: string; readonly hostPort: number }[];
}

/** An HTTPRoute or GRPCRoute as the control plane keeps it, as far as it is printed. */
export interface RouteView {
  readonly name: string;
  readonly parents: readonly string[];
  readonly rules: readonly { readonly backends: readonly { readonly service: string; readonly weight: number }[] }[];
}

/** The settings of a workload, or the one key that was asked for. */
export interface ConfigView {
  readonly entries: Readonly<Record<string, string>>;
}

/** One instance, with or without a sidecar. */
export interface RegisteredInstance extends InstanceView {
  readonly services: readonly string[];
  readonly sidecar: boolean;
  /** Without a sidecar: the lease, how long it lasts, and how soon it has to be renewed. */
  readonly leaseId?: string;
  readonly ttlMs?: number;
  readonly renewWithinMs?: number;
}

/** The answer to DELETE /v1/instances/:id. */
export interface DeregisteredInstance {
  readonly id: string;
  /** Clients that have not answered that they no longer call it. */
  readonly unconfirmed: readonly string[];
}

/** One stream of an xDS client; counts by kind and state. */
export interface XdsClientSummary {
  readonly id: string;
  readonly userAgent?: string;
  readonly protocol: string;
  readonly kinds: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** One resource as a client has it. */
export interface XdsResourceView {
  readonly kind: string;
  readonly name: string;
  /** SYNCED, NOT_SENT, STALE or ERROR, as in client status discovery. */
  readonly status: string;
  /** False: the client asks for it in vain. */
  readonly exists: boolean;
  readonly version: string;
  /** ISO 8601. */
  readonly sentAt?: string;
  readonly error?: { readonly message: string; readonly version: string; readonly at: string };
}

/** The answer to GET /v1/clients/:id. */
export interface XdsClientView {
  readonly id: string;
  readonly streams: readonly {
    readonly userAgent?: string;
    readonly protocol: string;
    readonly resources: readonly XdsResourceView[];
  }[];
}
