/**
 * For tests: texts as users write them into the state, and resources by name.
 */
import { parsePolicy } from '../policy/parse.ts';
import type { Instance, InstanceIdentity } from '../registry/instance.ts';
import { apply } from '../state/apply.ts';
import { EMPTY_STATE, type Protocol, type State } from '../state/model.ts';
import type { JsonObject, XdsResource } from './resource.ts';
import type { RouteContext } from './routes/context.ts';

/** Nobody is there. */
export const NOBODY = { instances: [], preserving: false };
/** A service that speaks HTTP/1.1, one that speaks gRPC, and one of which nothing is known. */
export const SERVICES = `services:
  cart: {command: x, ports: ['8080:80'], x-outrider: {port: 80, protocol: http, config: {limit: 5}}}
  cart-v2: {command: x, x-outrider: {service: shop, protocol: grpc}}
  orders: {command: x, x-outrider: {service: shop}}
`;

/** The state that comes of a text. */
export function stateOf(text: string): State {
  const input = {
    text,
    file: 'mesh.yaml',
    dir: '/',
    origin: 'mesh.yaml',
    readFile: () => null,
    state: EMPTY_STATE,
    nowMs: 0,
  };
  const parsed = parsePolicy(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const applied = apply(EMPTY_STATE, { kind: 'apply', origin: '', prune: false, resources: parsed.value }, 0);
  if (!applied.ok) throw new Error(applied.error.message);
  return applied.value.state;
}

/** The document of a route to `cart` or another parent. */
export const route = (name: string, rules: string, parent = 'cart', kind = 'HTTPRoute') =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {parentRefs: [{kind: Service, name: ${parent}}], rules: [${rules}]}\n`;

/** The same as a GRPCRoute. */
export const grpcRoute = (name: string, rules: string, parent = 'cart') => route(name, rules, parent, 'GRPCRoute');

/** The surroundings of a service without policies. */
export const contextOf = (service: string, protocol: Protocol): RouteContext => ({
  service,
  protocol,
  dialect: 'sidecar',
  policies: new Map(),
});

/** An instance of `cart` that takes traffic, with these differences. */
export function instance(
  id: string,
  identity: Partial<InstanceIdentity> = {},
  fields: Partial<Omit<Instance, 'identity'>> = {},
): Instance {
  return {
    identity: {
      id,
      workload: 'cart',
      services: ['cart'],
      version: 'v1',
      region: '',
      zone: '',
      subZone: '',
      address: '127.0.0.1',
      port: 5000,
      protocol: 'auto',
      weight: 0,
      metadata: {},
      incarnation: '1',
      ...identity,
    },
    leaseId: id,
    renewal: null,
    state: 'live',
    health: 'healthy',
    healthReason: '',
    applicationDown: false,
    connected: true,
    heardAtMs: 0,
    registeredAtMs: 0,
    drainReason: '',
    ...fields,
  };
}

/** A resource of a list; the test fails when it is missing. */
export function find(resources: readonly XdsResource[], kind: string, name: string): JsonObject {
  const found = resources.find((each) => each.kind === kind && each.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found.json;
}
