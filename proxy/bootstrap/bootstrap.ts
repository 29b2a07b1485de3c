/** What a proxy knows when it starts: the contents of its bootstrap file, checked and frozen. */
import type { SocketAddress } from '../config/model/common.ts';
import type { FileSource } from '../config/model/file-source.ts';
import type { Snapshot } from '../config/snapshot.ts';

/** The whole file. */
export interface Bootstrap {
  readonly node: NodeIdentity;
  /** cluster_manager.local_cluster_name: the static cluster of this proxy's own kind, or null. */
  readonly localCluster: string | null;
  /** The administration listener, or null when there is none. */
  readonly admin: SocketAddress | null;
  /** What is written in the file: listeners, clusters and their endpoints. */
  readonly statics: Snapshot;
  /** The control plane; null when there is none. */
  readonly ads: AdsConfig | null;
  readonly dynamic: DynamicConfig;
  /** Values of all runtime layers by key, a later layer over an earlier one. */
  readonly runtime: ReadonlyMap<string, string>;
  /** True when a layer for POST /runtime_modify is declared. */
  readonly runtimeModifiable: boolean;
  /** Set in a mesh: who the application is, and what the sidecar does for it. */
  readonly agent: AgentSettings | null;
}

/** envoy.config.core.v3.Node: who this proxy is. Empty texts where nothing is given. */
export interface NodeIdentity {
  readonly id: string;
  readonly cluster: string;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The ADS stream of `dynamic_resources.ads_config`. */
export interface AdsConfig {
  /** True for DELTA_GRPC, false for GRPC (state of the world). */
  readonly delta: boolean;
  /** The static cluster that reaches the control plane. */
  readonly clusterName: string;
  /** The :authority of the stream. */
  readonly authority: string;
  /** Names and values of headers that go with the stream (grpc_services.initial_metadata). */
  readonly initialMetadata: readonly (readonly [string, string])[];
}

/** Which resources are not static: dynamic_resources.cds_config and lds_config. */
export interface DynamicConfig {
  /** Null: there are no others than static ones. */
  readonly clusters: DynamicSource | null;
  readonly listeners: DynamicSource | null;
}

/** Where all resources of a kind come from. */
export interface DynamicSource {
  /** Null: the ADS stream. */
  readonly file: FileSource | null;
  /** How long the first answer is waited for, milliseconds; 0 has no end. Default 15,000. */
  readonly fetchTimeoutMs: number;
}

/** outrider.agent.v1.AgentConfig. */
export interface AgentSettings {
  /** The static cluster that reaches the control plane. */
  readonly clusterName: string;
  readonly workload: string;
  readonly services: readonly string[];
  readonly version: string;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  /** Where other sidecars reach this one. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** Default 100. */
  readonly weight: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Loopback port for application settings, or null. */
  readonly settingsPort: number | null;
  /** File kept equal to the settings, or null. */
  readonly settingsFile: string | null;
  /** How the application is checked, or null for not at all. */
  readonly check: ApplicationCheck | null;
  /** Checks that are made when somebody asks for one by its name. */
  readonly probes: ReadonlyMap<string, ApplicationCheck>;
  /** Directory of the last accepted configuration, or null. */
  readonly lastKnownGoodDirectory: string | null;
  /** File with the bearer token for the control plane, or null. */
  readonly tokenFile: string | null;
}

/**
 * What is asked: an HTTP/1.1 request, a connection, grpc.health.v1.Health of a service (empty: of the server), or a
 * program, which runs with these variables and no others.
 */
export type ApplicationProbe =
  | {
      readonly kind: 'http';
      readonly path: string;
      /** Whatever its certificate is; default false. */
      readonly tls?: boolean;
      /** Default none. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'tcp' }
  | { readonly kind: 'grpc'; readonly service: string }
  | {
      readonly kind: 'command';
      readonly command: readonly [string, ...string[]];
      /** Empty: the sidecar's own. */
      readonly directory: string;
      readonly environment: Readonly<Record<string, string>>;
    };

/** A check of the local application, on loopback. */
export interface ApplicationCheck {
  readonly probe: ApplicationProbe;
  readonly port: number;
  /** Default 1,000. */
  readonly intervalMs: number;
  /** Default 1,000. */
  readonly timeoutMs: number;
  /** Failures in a row that make it unhealthy; default 2. */
  readonly retries: number;
  /** Failures this soon after the start do not count, until the first success; default 0. */
  readonly startPeriodMs: number;
  /** Between two checks until the first success; default 200, at most the interval. */
  readonly startIntervalMs: number;
}
