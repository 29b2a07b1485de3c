/**
 * Who is asking: a sidecar that the mesh runs, an Envoy that somebody else runs, or a gRPC client that speaks xDS itself.
 */

/** A client of the control plane, as far as its resources depend on it. */
export type MeshNode = SidecarNode | EnvoyNode | ProxylessNode;

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
  /** Where callers come in; left out: 127.0.0.1. Under redirection: everywhere. */
  readonly inboundHost?: string;
  /** Left out: its application knows of it, and dials it. */
  readonly interception?: Interception | LoopbackPorts;
  /** Left out: names are resolved by others. */
  readonly dns?: DnsNode;
  /** It asks for the clusters that its application needs, when it needs them; left out: for all. */
  readonly onDemand?: true;
}

/**
 * The kernel hands the application's connections to the sidecar; by `tproxy` those from outside keep the client's address on
 * their way to the application. `egress`: what leads out of the mesh.
 */
export interface Interception {
  readonly kind: 'redirect' | 'tproxy';
  readonly egress: 'allow' | 'deny';
  /** Whether there is IPv6 here. */
  readonly ipv6: boolean;
}

/** Without any privilege: the sidecar listens at the virtual address of every service. */
export interface LoopbackPorts {
  readonly kind: 'loopback';
  /** Of 127.x.0.0/16, in which the addresses are. */
  readonly network: number;
  /** Ports below it cannot be bound. */
  readonly lowestPort: number;
}

/** The sidecar answers names. */
export interface DnsNode {
  readonly port: number;
  /** Also at ::1. */
  readonly ipv6: boolean;
}

/** DEFAULT: 127.77.0.0/16, and net.ipv4.ip_unprivileged_port_start. */
export const LOOPBACK_NETWORK = 77;
export const LOWEST_PORT = 1_024;

/** An Envoy, told by `node.user_agent_name`; which listeners it wants is in `node.metadata.outrider`. */
export interface EnvoyNode {
  readonly kind: 'envoy';
  readonly id: string;
  /** Where clients reach every service by its name; null: nowhere. */
  readonly outbound: Address | null;
  /** What it stands in front of; null: nothing. */
  readonly inbound: EnvoyInbound | null;
  /** Ports that lead into one service each, by the port. */
  readonly published: readonly PublishedService[];
}

/** Where to listen. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A local application behind an Envoy. */
export interface EnvoyInbound extends Address {
  readonly service: string;
  readonly appPort: number;
}

/** A port that leads into one service. */
export interface PublishedService extends Address {
  readonly service: string;
}

/** Anything else: it is given what it asks for by name. */
export interface ProxylessNode {
  readonly kind: 'proxyless';
  readonly id: string;
}

/** What an xDS node says of itself. `metadata` is the proto Struct as JSON; `userAgent` is `user_agent_name`. */
export interface NodeIdentity {
  readonly id: string;
  readonly userAgent: string;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** The value of `subscription`. */
export const ON_DEMAND = 'on-demand';

/** What every Envoy calls itself. */
const ENVOY_USER_AGENT = 'envoy';

/**
 * Reads the node. A sidecar whose metadata are incomplete counts as proxyless; of an Envoy's metadata, what is incomplete
 * counts as not there.
 */
export function meshNode({ id, userAgent, metadata }: NodeIdentity): MeshNode {
  const outrider = isObject(metadata?.outrider) ? metadata.outrider : {};
  if (userAgent === ENVOY_USER_AGENT) return envoyNode(id, outrider);
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
    ...(isFilled(outrider.inbound_host) ? { inboundHost: outrider.inbound_host as string } : {}),
    ...interceptionOf(outrider),
    ...(outrider.subscription === ON_DEMAND ? { onDemand: true } : {}),
    ...(isPort(outrider.dns_port) ? { dns: { port: outrider.dns_port as number, ipv6: outrider.ipv6 === true } } : {}),
  };
}

/** A word that is not known lets nothing out. */
function interceptionOf({
  interception,
  egress,
  ipv6,
  loopback_network,
  lowest_port,
}: Readonly<Record<string, unknown>>): Pick<SidecarNode, 'interception'> {
  if (interception === 'loopback') {
    const network = isPort(loopback_network) && Number(loopback_network) < 255 ? Number(loopback_network) : null;
    const lowestPort = typeof lowest_port === 'number' ? lowest_port : LOWEST_PORT;
    return { interception: { kind: 'loopback', network: network ?? LOOPBACK_NETWORK, lowestPort } };
  }
  if (interception !== 'redirect' && interception !== 'tproxy') return {};
  const allowed = (egress ?? 'allow') === 'allow' ? 'allow' : 'deny';
  return { interception: { kind: interception, egress: allowed, ipv6: ipv6 === true } };
}

function envoyNode(id: string, { outbound, inbound, published }: Readonly<Record<string, unknown>>): EnvoyNode {
  const services = Array.isArray(published) ? published.filter(isPublished) : [];
  return {
    kind: 'envoy',
    id,
    outbound: isAddress(outbound) ? outbound : null,
    inbound: isInbound(inbound) ? inboundOf(inbound) : null,
    // Two listeners of one name cannot be told apart.
    published: [...new Map(services.map((each) => [each.port, each])).values()],
  };
}

function inboundOf({ host, port, service, app_port }: InboundMetadata): EnvoyInbound {
  return { host, port, service, appPort: app_port };
}

/** The metadata that `meshNode` reads back. */
export function nodeMetadata(node: SidecarNode): { outrider: Record<string, unknown> } {
  const { workload, services, version, outboundPort, inboundPort, appPort, inboundHost, interception, dns, onDemand } =
    node;
  const host = inboundHost === undefined ? {} : { inbound_host: inboundHost };
  const ports = { outbound_port: outboundPort, inbound_port: inboundPort, app_port: appPort, ...host };
  const names = dns === undefined ? {} : { dns_port: dns.port, ...(dns.ipv6 ? { ipv6: true } : {}) };
  const subscription = onDemand === true ? { subscription: ON_DEMAND } : {};
  const rest = { ...names, ...subscription, ...interceptionMetadata(interception) };
  return { outrider: { workload, services, version, ...ports, ...rest } };
}

function interceptionMetadata(interception: SidecarNode['interception']): Record<string, unknown> {
  if (interception === undefined) return {};
  const { kind, ...rest } = interception;
  if (kind !== 'loopback') return { interception: kind, ...rest };
  const { network, lowestPort } = interception as LoopbackPorts;
  return { interception: kind, loopback_network: network, lowest_port: lowestPort };
}

/** The same for an Envoy; what it does not want is left out. */
export function envoyMetadata({ outbound, inbound, published }: Omit<EnvoyNode, 'kind' | 'id'>): {
  outrider: Record<string, unknown>;
} {
  return {
    outrider: {
      ...(outbound === null ? {} : { outbound }),
      ...(inbound === null ? {} : { inbound: inboundMetadata(inbound) }),
      ...(published.length === 0 ? {} : { published }),
    },
  };
}

/** As it is written in metadata. */
interface InboundMetadata extends PublishedService {
  readonly app_port: number;
}

function inboundMetadata({ appPort, ...rest }: EnvoyInbound): InboundMetadata {
  return { ...rest, app_port: appPort };
}

function isAddress(value: unknown): value is Address {
  return isObject(value) && isFilled(value.host) && isPort(value.port);
}

function isPublished(value: unknown): value is PublishedService {
  return isAddress(value) && isFilled((value as Partial<PublishedService>).service);
}

function isInbound(value: unknown): value is InboundMetadata {
  return isPublished(value) && isPort((value as { readonly app_port?: unknown }).app_port);
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}
