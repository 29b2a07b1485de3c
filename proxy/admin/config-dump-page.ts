/**
 * `/config_dump`: the configuration in use, as it came, in the sections of Envoy's dump (envoy.admin.v3, config_dump.proto).
 * `resource` picks one list out of a section, `mask` the fields, `name_regex` the names; endpoints come with `include_eds`.
 */
import { type Json, writeJson } from '../../protos/json/write-json.ts';
import { type AdminEndpoint, type AdminReply, jsonReply, patternOf, textReply } from './admin-endpoint.ts';
import { applyFieldMask } from './field-mask.ts';
import { redact } from './redact.ts';
import type { AdminViews, ConfigDumpView, DumpedResource } from './views.ts';

type JsonObject = { [key: string]: Json };
type Kind = DumpedResource['kind'];

/** How one kind of resource is dumped. */
interface Section {
  readonly kind: Kind;
  /** `ClustersConfigDump`. */
  readonly dump: string;
  /** The field that holds the resource in an entry. */
  readonly field: string;
  /** The lists and the message names of their entries. */
  readonly statics: readonly [list: string, entry: string];
  readonly dynamics: readonly [list: string, entry: string];
}

const SECTIONS: readonly Section[] = [
  {
    kind: 'cluster',
    dump: 'ClustersConfigDump',
    field: 'cluster',
    statics: ['static_clusters', 'StaticCluster'],
    dynamics: ['dynamic_active_clusters', 'DynamicCluster'],
  },
  {
    kind: 'listener',
    dump: 'ListenersConfigDump',
    field: 'listener',
    statics: ['static_listeners', 'StaticListener'],
    dynamics: ['dynamic_listeners', 'DynamicListener'],
  },
  {
    kind: 'route',
    dump: 'RoutesConfigDump',
    field: 'route_config',
    statics: ['static_route_configs', 'StaticRouteConfig'],
    dynamics: ['dynamic_route_configs', 'DynamicRouteConfig'],
  },
  {
    kind: 'endpoint',
    dump: 'EndpointsConfigDump',
    field: 'endpoint_config',
    statics: ['static_endpoint_configs', 'StaticEndpointConfig'],
    dynamics: ['dynamic_endpoint_configs', 'DynamicEndpointConfig'],
  },
  {
    kind: 'secret',
    dump: 'SecretsConfigDump',
    field: 'secret',
    statics: ['static_secrets', 'StaticSecret'],
    dynamics: ['dynamic_active_secrets', 'DynamicSecret'],
  },
];

/** The endpoint over this dump. */
export function configDumpEndpoint(views: Pick<AdminViews, 'configDump'>): AdminEndpoint {
  return {
    path: '/config_dump',
    help: 'dump current Envoy configs',
    parameters: ['resource=LIST', 'mask=FIELDS', 'name_regex=REGEX', 'include_eds'],
    handle: ({ query }) => configDumpPage(views.configDump(), query),
  };
}

/** Answers with `{ configs: [...] }`; 400 for a bad pattern, 404 for a list that does not exist. */
export function configDumpPage(view: ConfigDumpView, query: URLSearchParams): AdminReply {
  const pattern = patternOf(query, 'name_regex');
  if (typeof pattern === 'string') return textReply(`${pattern}\n`, 400);
  // Envoy matches whole names.
  const whole = pattern === null ? null : new RegExp(`^(?:${pattern.source})$`);
  const resources = view.resources.filter(({ name }) => whole === null || whole.test(name));
  const chosen = { ...view, resources };
  const mask = (query.get('mask') ?? '').split(',').filter((path) => path !== '');
  const resource = query.get('resource');
  const configs = resource === null ? sections(chosen, query.has('include_eds')) : entriesOf(chosen, resource);
  if (configs === null) return textReply(`${resource} not found in config dump\n`, 404);
  return jsonReply({ configs: configs.map((each) => applyFieldMask(redact(each), mask)) });
}

function sections(view: ConfigDumpView, withEndpoints: boolean): Json[] {
  const bootstrap = { bootstrap: view.bootstrap, last_updated: timestamp(view.startedAtMs) };
  const dumps: Json[] = [{ '@type': typeUrl('BootstrapConfigDump'), ...bootstrap }];
  for (const section of SECTIONS) {
    if (section.kind === 'endpoint' && !withEndpoints) continue;
    const dump: JsonObject = { '@type': typeUrl(section.dump) };
    const version = versionOf(view, section.kind);
    if (version !== '') dump.version_info = version;
    const statics = entries(view, section, 'static');
    const dynamics = entries(view, section, 'dynamic');
    if (statics.length > 0) dump[section.statics[0]] = statics;
    if (dynamics.length > 0) dump[section.dynamics[0]] = dynamics;
    dumps.push(dump);
  }
  return dumps;
}

/** The entries of one list by its name, each with its own type; null when there is no such list. */
function entriesOf(view: ConfigDumpView, list: string): Json[] | null {
  for (const section of SECTIONS) {
    for (const origin of ['static', 'dynamic'] as const) {
      const [name, entry] = origin === 'static' ? section.statics : section.dynamics;
      if (name !== list) continue;
      const type = typeUrl(`${section.dump}.${entry}`);
      return entries(view, section, origin).map((each) => ({ '@type': type, ...each }));
    }
  }
  return list === 'dynamic_warming_clusters' ? [] : null;
}

function entries(view: ConfigDumpView, section: Section, origin: DumpedResource['origin']): JsonObject[] {
  return view.resources
    .filter((each) => each.kind === section.kind && each.origin === origin)
    .map((each) => (section.kind === 'listener' && origin === 'dynamic' ? listenerEntry(each) : entry(section, each)));
}

function entry({ field, kind }: Section, resource: DumpedResource): JsonObject {
  const name = kind === 'secret' ? { name: resource.name } : {};
  return { ...name, ...stateOf(field, resource), ...errorOf(resource) };
}

/** Envoy keeps the states of a dynamic listener apart: in use, warming, draining. Ours is in use or refused. */
function listenerEntry(resource: DumpedResource): JsonObject {
  const active = resource.any === undefined ? {} : { active_state: stateOf('listener', resource) };
  return { name: resource.name, ...active, ...errorOf(resource) };
}

function stateOf(field: string, { any, versionInfo, updatedAtMs }: DumpedResource): JsonObject {
  if (any === undefined) return {};
  const version = versionInfo === '' ? {} : { version_info: versionInfo };
  return { ...version, [field]: writeJson('google.protobuf.Any', any), last_updated: timestamp(updatedAtMs) };
}

function errorOf({ refused }: DumpedResource): JsonObject {
  if (refused === undefined) return {};
  const { any, details, atMs } = refused;
  const failed_configuration = writeJson('google.protobuf.Any', any);
  return { error_state: { failed_configuration, last_update_attempt: timestamp(atMs), details } };
}

function versionOf(view: ConfigDumpView, kind: Kind): string {
  if (kind === 'cluster') return view.clustersVersion;
  return kind === 'listener' ? view.listenersVersion : '';
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

function typeUrl(name: string): string {
  return `type.googleapis.com/envoy.admin.v3.${name}`;
}
