/** What becomes of the fields of a Compose service when it gets a sidecar. PURE. */
import { SIDECAR_PORTS } from '../../protos/contract/sidecar-place.ts';

/**
 * They belong to whoever owns the network namespace: Docker refuses them beside `network_mode: service:...`. Everything
 * else stays where it is.
 */
export const OF_THE_NETWORK: readonly string[] = [
  'hostname',
  'domainname',
  'mac_address',
  'dns',
  'dns_opt',
  'dns_search',
  'extra_hosts',
  'networks',
  'ports',
  'expose',
];

/** Fields that are changed, besides. */
export const CHANGED: readonly string[] = ['network_mode', 'depends_on', 'sysctls'];

/** How to get by a refusal. */
export const LEAVE_OUT = 'or leave the service out of the mesh with x-outrider: { inject: false }';
const RESOLVE = 'run "docker compose config" first, and inject what it prints';

/** Fields that cannot be seen through from here, and what to do. Each completes the sentence `"FIELD" ...`. */
export const REFUSED: Readonly<Record<string, string>> = {
  extends: `brings in what stands elsewhere: ${RESOLVE}`,
  links: `need a network namespace of the service's own: use the other service's name, or aliases of its networks, ${LEAVE_OUT}`,
  external_links: `need a network namespace of the service's own: use a network that both are on, ${LEAVE_OUT}`,
};

/** The same at the top level. */
export const REFUSED_ON_TOP: Readonly<Record<string, string>> = {
  include: `brings in what stands elsewhere: ${RESOLVE}`,
};

/** Capabilities with which an application could take the rules away that the sidecar lives by. */
export const DANGEROUS_CAPABILITIES: readonly string[] = ['ALL', 'CAP_ALL', 'NET_ADMIN', 'CAP_NET_ADMIN'];

const { admin, outbound, inbound, settings, dns } = SIDECAR_PORTS;
/** Of the sidecar in a container: an application cannot have them in the same network namespace. */
export const TAKEN_PORTS: readonly number[] = [admin, outbound, inbound, settings, dns];
