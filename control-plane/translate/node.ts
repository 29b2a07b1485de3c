/**
 * Who is asking: a sidecar that the mesh runs, or a gRPC client that speaks xDS itself.
 */

/** A client of the control plane, as far as its resources depend on it. */
export type MeshNode = SidecarNode | ProxylessNode;

/** A sidecar, told by `node.metadata.outrider`. */
export interface SidecarNode {
  readonly kind: 'sidecar';
  readonly id: string;
  readonly workload: string;
  readonly services: readonly string[];
  readonly version: string;
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly appPort: number;
}

/** Anything else: it is given what it asks for by name. */
export interface ProxylessNode {
  readonly kind: 'proxyless';
  readonly id: string;
}

/** What an xDS node says of itself. `metadata` is the proto Struct as JSON. */
export interface NodeIdentity {
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** Reads the node; one whose metadata are incomplete counts as proxyless. */
export function meshNode({ id, metadata }: NodeIdentity): MeshNode {
  const outrider = metadata?.outrider;
  if (!isObject(outrider)) return { kind: 'proxyless', id };
  const { workload, services, version, outbound_port, inbound_port, app_port } = outrider;
  const ports = [outbound_port, inbound_port, app_port];
  if (typeof workload !== 'string' || !ports.every(isPort)) return { kind: 'proxyless', id };
  return {
    kind: 'sidecar',
    id,
    workload,
    services: Array.isArray(services) ? services.filter((each) => typeof each === 'string') : [workload],
    version: typeof version === 'string' ? version : '',
    outboundPort: outbound_port as number,
    inboundPort: inbound_port as number,
    appPort: app_port as number,
  };
}

/** The metadata that `meshNode` reads back. */
export function nodeMetadata(node: SidecarNode): { outrider: Record<string, unknown> } {
  const { workload, services, version, outboundPort, inboundPort, appPort } = node;
  const ports = { outbound_port: outboundPort, inbound_port: inboundPort, app_port: appPort };
  return { outrider: { workload, services, version, ...ports } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}
