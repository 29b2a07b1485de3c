/**
 * Listeners at the virtual address of every service, for an application whose connections nobody redirects: all of
 * 127.0.0.0/8 is this machine's, so that it takes no privilege (docs/dns.md).
 *
 *   127.77.11.3:80, :8080 ──► catalog       the ports by which callers know it; 80 where it may speak HTTP
 *
 * What was dialled says which service is meant, whatever Host says. Nobody shares these ports: connections of one
 * application must not come out of another one's sidecar.
 */
import { protocolOf, type State } from '../state/model.ts';
import { portsOfServices } from '../state/queries.ts';
import type { VirtualAddresses } from '../state/virtual-addresses.ts';
import { httpChain, listener, onlyHttp, tcpChain } from './listeners.ts';
import type { LoopbackPorts } from './node.ts';
import type { JsonObject, XdsResource } from './resource.ts';
import { connectionChoice, type ServiceRoutes, virtualHost } from './routes/tables.ts';

const HTTP_PORT = 80;

/** The addresses in the node's own network. */
export function loopbackAddresses(addresses: VirtualAddresses, { network }: LoopbackPorts): VirtualAddresses {
  return new Map([...addresses].map(([service, each]) => [service, each.replace(/^127\.\d+/, `127.${network}`)]));
}

/** `filters` stand in front of the routers. */
export function loopbackListeners(
  state: State,
  { lowestPort }: LoopbackPorts,
  addresses: VirtualAddresses,
  services: readonly ServiceRoutes[],
  filters: readonly JsonObject[],
): XdsResource[] {
  const known = portsOfServices(state.workloads.values());
  return services.flatMap((each) => {
    const address = addresses.get(each.service);
    if (address === undefined) return [];
    const protocol = protocolOf(each.members);
    const wanted = new Set([...(protocol === 'tcp' ? [] : [HTTP_PORT]), known.get(each.service) ?? HTTP_PORT]);
    if (protocol === 'tcp' && known.get(each.service) == null) return [];
    return [...wanted]
      .filter((port) => port >= lowestPort)
      .map((port) => {
        const name = `service-${each.service}-${port}`;
        const chains = chainsOf(each, name, filters);
        return listener(name, address, port, 'OUTBOUND', { ...chains, enable_reuse_port: false });
      });
  });
}

function chainsOf(routes: ServiceRoutes, name: string, filters: readonly JsonObject[]): JsonObject {
  const { service, members, tcp } = routes;
  const protocol = protocolOf(members);
  const bytes = tcpChain(service, connectionChoice(service, tcp));
  if (protocol === 'tcp') return { filter_chains: [bytes] };
  const hosts = [{ ...virtualHost(routes, 'sidecar'), domains: ['*'] }];
  const http = httpChain('outbound', { route_config: { name, virtual_hosts: hosts } }, 'ALLOW', filters);
  return protocol === 'auto' ? onlyHttp(http, bytes) : { filter_chains: [http] };
}
