/** The bootstrap of a sidecar as the control plane configures it, with the routes and endpoints of the other peers. */
import { meshBootstrap } from '../../test/mesh/mesh-bootstrap.ts';
import { endpointPorts, HOSTS, PREFIXES, type Scenario, sendsHttp2 } from './scenario.ts';

const CALLER = 'caller';
/** One cluster behind all routes, as the others have it: connections are what batching depends on. */
const BACKEND = 'orders';

/** On the way out the routes of all services lead to the endpoints of the backend; on the way in the backend is the application. */
export function sidecarBootstrap(scenario: Scenario): ReturnType<typeof meshBootstrap> {
  const outbound = sendsHttp2(scenario.kind);
  const ports = endpointPorts(scenario);
  return meshBootstrap({
    text: [services(), ...HOSTS.map(route)].join('---\n'),
    instances: { [BACKEND]: ports },
    sidecar: {
      workload: CALLER,
      outboundPort: scenario.port,
      inboundPort: scenario.port,
      appPort: ports[0]!,
    },
    adminPort: scenario.adminPort,
    listeners: [outbound ? 'outbound' : 'inbound'],
  });
}

function services(): string {
  const service = (name: string) => `  ${name}: { command: x, x-outrider: { port: 80, protocol: http } }\n`;
  return `services:\n${[CALLER, BACKEND, ...HOSTS].map(service).join('')}`;
}

/** The same three prefixes as everywhere, the last of them matching. */
function route(host: string): string {
  const rules = PREFIXES.map(
    (prefix) =>
      `    - { matches: [{ path: { type: PathPrefix, value: ${prefix} } }], backendRefs: [{ name: ${BACKEND} }] }\n`,
  );
  return [
    'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n',
    `metadata: { name: ${host} }\nspec:\n  parentRefs: [{ kind: Service, name: ${host} }]\n  rules:\n`,
    ...rules,
  ].join('');
}
