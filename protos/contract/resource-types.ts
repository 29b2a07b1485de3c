/**
 * The kinds of xDS resource, and the order in which they are pushed.
 *
 *   clusters ─► endpoints ─► secrets ─► listeners ─► routes ─► (removals of clusters)        settings, scaling, breakers: any time
 *
 * Make before break: whatever is referred to arrives before what refers to it, and is removed after. A cluster is warm
 * once its endpoints are there, a listener once its routes and secrets are.
 */

/** One kind of resource. */
export interface ResourceType {
  /** Stable short name, for logs, metrics and the command line. */
  readonly kind: ResourceKind;
  readonly typeUrl: string;
  /** Full name of the message. */
  readonly messageName: ResourceMessageName;
  /** The field of the message that holds the resource's name. */
  readonly nameField: 'name' | 'clusterName';
  /** Lower is pushed first when several kinds change together. */
  readonly pushOrder: number;
  /** In state of the world a response is the complete set: what is missing is deleted. */
  readonly completeSet: boolean;
}

/** Short names of the kinds, in push order. */
export type ResourceKind = 'CDS' | 'EDS' | 'SDS' | 'LDS' | 'RDS' | 'CONFIG' | 'SCALING' | 'BREAKERS';

/** Messages that are xDS resources. */
export type ResourceMessageName =
  | 'envoy.config.cluster.v3.Cluster'
  | 'envoy.config.endpoint.v3.ClusterLoadAssignment'
  | 'envoy.extensions.transport_sockets.tls.v3.Secret'
  | 'envoy.config.listener.v3.Listener'
  | 'envoy.config.route.v3.RouteConfiguration'
  | 'outrider.config.v1.ConfigSet'
  | 'outrider.scaling.v1.ScalingDecision'
  | 'outrider.resilience.v1.SharedBreaker';

const CDS = resourceType('CDS', 'envoy.config.cluster.v3.Cluster', 0, true);
const EDS = resourceType('EDS', 'envoy.config.endpoint.v3.ClusterLoadAssignment', 1, false);
const SDS = resourceType('SDS', 'envoy.extensions.transport_sockets.tls.v3.Secret', 2, false);
const LDS = resourceType('LDS', 'envoy.config.listener.v3.Listener', 3, true);
const RDS = resourceType('RDS', 'envoy.config.route.v3.RouteConfiguration', 4, false);
const CONFIG = resourceType('CONFIG', 'outrider.config.v1.ConfigSet', 5, false);
const SCALING = resourceType('SCALING', 'outrider.scaling.v1.ScalingDecision', 6, false);
const BREAKERS = resourceType('BREAKERS', 'outrider.resilience.v1.SharedBreaker', 7, true);

/** Every kind by its short name. */
export const RESOURCE_TYPES: Readonly<Record<ResourceKind, ResourceType>> = {
  CDS,
  EDS,
  SDS,
  LDS,
  RDS,
  CONFIG,
  SCALING,
  BREAKERS,
};

/** Every kind in push order. */
export const PUSH_ORDER: readonly ResourceType[] = [CDS, EDS, SDS, LDS, RDS, CONFIG, SCALING, BREAKERS];

/** Kinds for which a first request without names asks for everything: as Envoy and gRPC have it, and our own such. */
export const WILDCARD_KINDS: ReadonlySet<ResourceKind> = new Set<ResourceKind>(['CDS', 'LDS', 'BREAKERS']);

/** The kind with this type URL, or undefined when it is none of ours. */
export function resourceTypeOfUrl(typeUrl: string): ResourceType | undefined {
  return PUSH_ORDER.find((type) => type.typeUrl === typeUrl);
}

function resourceType(
  kind: ResourceKind,
  messageName: ResourceMessageName,
  pushOrder: number,
  completeSet: boolean,
): ResourceType {
  const nameField = kind === 'EDS' ? 'clusterName' : 'name';
  return { kind, typeUrl: `type.googleapis.com/${messageName}`, messageName, nameField, pushOrder, completeSet };
}
