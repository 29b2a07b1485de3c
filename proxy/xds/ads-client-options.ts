/** What an ADS client is made of and for, and what it hands out: the contract with whoever runs it. */
import type { AdsConfig, DynamicConfig, NodeIdentity } from '../bootstrap/bootstrap.ts';
import type { MachineSources } from '../config/decode/decoding.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { ControlCredentials } from './control-credentials.ts';
import type { ControlStreamDeps } from './control-stream.ts';
import type { Decoders } from './decoders.ts';
import type { OnDemandUse } from './demanded-clusters.ts';
import type { ExtraSubscription } from './extra-subscription.ts';
import type { SecretStreamDeps } from './secret-stream.ts';

/** Where a configuration came from. */
export type SnapshotOrigin = 'control-plane' | 'last-known-good';

/** What could not be done of an activation: the kind whose resources are refused for it, and a sentence. */
export interface ActivationProblem {
  readonly kind: 'CDS' | 'LDS' | 'SDS';
  readonly message: string;
}

/** What an activation comes to: what could not be done, once it is over; undefined when it is at once. */
export type ActivationReport = undefined | Promise<readonly ActivationProblem[]>;

/** Takes what could not be done of the clusters. */
export type OnPlaced = (problems: readonly ActivationProblem[]) => void;

/** An activation under way: what could not be done of clusters and endpoints, and of all. */
export interface Activation {
  readonly placed: Promise<readonly ActivationProblem[]>;
  readonly active: Promise<readonly ActivationProblem[]>;
}

/** The ADS stream. */
export interface StreamOptions {
  /** `host:port` of the control plane: the endpoint of the static cluster that `ads` names. */
  readonly target: string;
  readonly ads: AdsConfig;
  readonly credentials: ControlCredentials;
}

/** What the client is for. */
export interface AdsClientOptions {
  /** Null: there is no control plane, but files. */
  readonly stream: StreamOptions | null;
  readonly dynamic: DynamicConfig;
  readonly node: NodeIdentity;
  /** Static resources: they may name endpoint sets and route tables too. */
  readonly fixed: Snapshot;
  /** Not null: clusters are subscribed to one by one, those that have to be there at once, and those that `demand` names. */
  readonly onDemand: OnDemandUse | null;
  /** How a static cluster is reached that secrets come from; throws a sentence when it cannot be. */
  readonly serverOf: SecretStreamDeps['serverOf'];
  /** Of Outrider. */
  readonly version: string;
  readonly extras: readonly ExtraSubscription[];
  /** Where the last complete configuration is kept; null keeps none. */
  readonly lastKnownGoodDirectory: string | null;
  /**
   * Gets the configuration as far as it can be in use, static resources included, whenever something in it has changed;
   * once it is complete `hasSnapshot` says so. Resolves when it is active, with what could not be done: the resources of
   * the response that asked for it are refused for that. Tells `onPlaced` as soon as clusters and endpoints are in use,
   * which may be long before listeners and routes are: responses with these are answered then.
   */
  readonly onSnapshot: (parts: Snapshot, origin: SnapshotOrigin, onPlaced: OnPlaced) => ActivationReport;
}

/** What the client needs. */
export interface AdsClientDeps extends ControlStreamDeps {
  readonly decoders: Decoders;
  readonly readFile: MachineSources['readFile'];
}
