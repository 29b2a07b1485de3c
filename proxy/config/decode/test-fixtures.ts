/** What the decoder tests share: sources without a disk, and small configurations to start from. */
import type { MessageTypes } from '../../../protos/gen/registry.ts';
import { readJson } from '../../../protos/json/read-json.ts';
import type { ListenerConfig } from '../model/listener.ts';
import { Decoding } from './decoding.ts';
import { decodeListener } from './listener-decoder.ts';
import { decodeResource, type ResourceConfigs } from './resource-decoder.ts';
import { OTHER_KEY_PEM, TEST_CERTIFICATE_PEM, TEST_KEY_PEM } from './test-certificates.ts';

/** JSON as a test writes it. */
export type Json = Record<string, unknown>;

/** Message names of the kinds. */
export const LISTENER = 'envoy.config.listener.v3.Listener';
export const ROUTES = 'envoy.config.route.v3.RouteConfiguration';
export const CLUSTER = 'envoy.config.cluster.v3.Cluster';
export const ENDPOINTS = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
/** Start of the type URL of every extension. */
export const TYPE = 'type.googleapis.com/envoy.extensions';
/** The router filter. */
export const ROUTER = { name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } };

const FILES: Readonly<Record<string, string>> = {
  'a.pem': TEST_CERTIFICATE_PEM,
  'a.key': TEST_KEY_PEM,
  'b.key': OTHER_KEY_PEM,
};
export const SOURCES = {
  readFile: (path: string) =>
    FILES[path] === undefined
      ? ({ ok: false, problem: `${path} is missing` } as const)
      : ({ ok: true, text: FILES[path] } as const),
  readVariable: (name: string) => ({ ok: true, text: `value of ${name}` }) as const,
  wallMs: () => Date.UTC(2030, 0, 1),
  formatCommands: new Set(['REQ', 'PROTOCOL', 'START_TIME', 'RESPONSE_CODE']),
  knownClusters: new Set(['cart', 'shop']),
  staticClusters: new Set(['sds']),
  staticSecrets: new Set(['own']),
};

function decode<N extends keyof ResourceConfigs>(name: N, json: Json) {
  const read = readJson(name, json);
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return decodeResource(name, read.message as MessageTypes[N], SOURCES);
}

/** The configuration; throws with all issues when it is refused. */
export function accepted<N extends keyof ResourceConfigs>(name: N, json: Json): ResourceConfigs[N] {
  const result = decode(name, json);
  if (!result.ok) throw new Error(result.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return result.value;
}

/** A listener as its decoder reads it, with its issues, whether or not the proxy honours all of its fields. */
export function decodedListener(json: Json): { readonly config: ListenerConfig; readonly problems: readonly string[] } {
  const read = readJson(LISTENER, json);
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  const decoding = new Decoding(SOURCES);
  const config = decodeListener(read.message, [], decoding);
  return { config, problems: decoding.issues.map(({ path, message }) => `${path}: ${message}`) };
}

/** What is wrong, as `path: message`. */
export function refused(name: keyof ResourceConfigs, json: Json): string[] {
  const result = decode(name, json);
  return result.ok ? [] : result.issues.map(({ path, message }) => `${path}: ${message}`);
}

/** A route table with one virtual host for everything. */
export function table(routes: Json[], more: Json = {}): Json {
  return { name: 'table', virtual_hosts: [{ name: 'all', domains: ['*'], routes, ...more }] };
}

/** A network filter: a connection manager with one route to cart. */
export function manager(more: Json = {}): Json {
  const routes = { route_config: table([{ match: { prefix: '/' }, route: { cluster: 'cart' } }]) };
  const type = `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`;
  return {
    name: 'hcm',
    typed_config: { '@type': type, stat_prefix: 'in', http_filters: [ROUTER], ...routes, ...more },
  };
}

/** A listener on 127.0.0.1:80. */
export function listener(chains: Json[], more: Json = {}): Json {
  return {
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 80 } },
    filter_chains: chains,
    ...more,
  };
}
