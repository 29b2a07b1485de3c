/**
 * The configuration that the control plane pushes to one sidecar, as a bootstrap file: what the mesh does for someone who
 * configures nothing, without a control plane. For tests and benches of the mesh's defaults.
 */
import type { Instance } from '../../control-plane/registry/instance.ts';
import type { State } from '../../control-plane/state/model.ts';
import { readyCounts } from '../../control-plane/translate/endpoints.ts';
import type { SidecarNode } from '../../control-plane/translate/node.ts';
import type { Json, JsonObject, XdsResource } from '../../control-plane/translate/resource.ts';
import { instance, stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { nodeResources, sharedResources } from '../../control-plane/translate/translate.ts';

/** A mesh as its users write it, and who runs in it. */
export interface MeshPlan {
  /** Compose services, routes and policies. */
  readonly text: string;
  /** Ports of the inbound listeners by workload. */
  readonly instances: Readonly<Record<string, readonly number[]>>;
  /** Whose sidecar it is, and its ports. */
  readonly sidecar: {
    readonly workload: string;
    readonly outboundPort: number;
    readonly inboundPort: number;
    readonly appPort: number;
  };
  readonly adminPort: number;
  /** Which of its listeners are opened; by default all. */
  readonly listeners?: readonly ('inbound' | 'outbound')[];
}

/** The bootstrap as a value for JSON.stringify. Throws when the text is not accepted. */
export function meshBootstrap(plan: MeshPlan): JsonObject {
  const state = stateOf(plan.text);
  const registry = { instances: instancesOf(state, plan.instances), preserving: false };
  const node: SidecarNode = {
    kind: 'sidecar',
    id: `${plan.sidecar.workload}-0`,
    services: state.workloads.get(plan.sidecar.workload)?.services ?? [plan.sidecar.workload],
    version: '',
    ...plan.sidecar,
  };
  const resources = [
    ...sharedResources(state, registry, 'sidecar'),
    ...nodeResources(state, readyCounts(registry), node),
  ];
  const wanted: readonly string[] = plan.listeners ?? ['inbound', 'outbound'];
  return {
    node: { id: node.id, cluster: node.workload },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: plan.adminPort } } },
    static_resources: staticResources(resources.filter(({ kind, name }) => kind !== 'LDS' || wanted.includes(name))),
  };
}

/** What would be discovered, as a bootstrap has it. */
export function staticResources(resources: readonly XdsResource[]): JsonObject {
  return {
    listeners: ofKind(resources, 'LDS').map(({ json }) => withRoutes(json, resources)),
    clusters: ofKind(resources, 'CDS').map(({ json }) => withEndpoints(json, resources)),
  };
}

/** The instances that listen on these ports, by workload. */
export function instancesOf(state: State, ports: MeshPlan['instances']): Instance[] {
  return Object.entries(ports).flatMap(([workload, each]) =>
    each.map((port, i) => {
      const { services = [workload], protocol = 'auto' } = state.workloads.get(workload) ?? {};
      return instance(`${workload}-${i}`, { workload, services, protocol, port, weight: 100 });
    }),
  );
}

function ofKind(resources: readonly XdsResource[], kind: string): XdsResource[] {
  return resources.filter((each) => each.kind === kind);
}

/** What would be discovered, written in place. */
function withRoutes(json: Json, resources: readonly XdsResource[]): Json {
  if (Array.isArray(json)) return json.map((each: Json) => withRoutes(each, resources));
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json as JsonObject).map(([name, value]): [string, Json] => {
    if (name !== 'rds') return [name, withRoutes(value, resources)];
    const wanted = (value as JsonObject).route_config_name;
    return ['route_config', ofKind(resources, 'RDS').find((each) => each.name === wanted)!.json];
  });
  return Object.fromEntries(entries);
}

function withEndpoints(json: JsonObject, resources: readonly XdsResource[]): JsonObject {
  if (json.type !== 'EDS') return json;
  const { eds_cluster_config: _, ...rest } = json;
  const assignment = ofKind(resources, 'EDS').find(({ name }) => name === json.name)!.json;
  return { ...rest, type: 'STATIC', load_assignment: assignment };
}
