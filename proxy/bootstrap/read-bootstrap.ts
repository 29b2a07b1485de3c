/**
 * From the text of an Envoy v3 bootstrap (YAML or JSON) to a frozen Bootstrap, or to everything that is wrong with it.
 *
 *   text ─► syntax ─► names and types ─► constraints, unhonoured fields ─► meaning ─► Bootstrap
 *
 * Each step needs the one before, so the errors of one step are reported together. Every error has its line and column.
 */
import type { Bootstrap as BootstrapMessage } from '../../protos/gen/envoy/config/bootstrap/v3/bootstrap.ts';
import { findBrokenConstraints } from '../../protos/json/constraint.ts';
import { type Issue, issueAt, type Path } from '../../protos/json/issue.ts';
import { readJson } from '../../protos/json/read-json.ts';
import { unpackAny } from '../../protos/json/registry.ts';
import { findUnhonoured } from '../../protos/json/unhonoured.ts';
import { decodeCluster } from '../config/decode/cluster-decoder.ts';
import { Decoding, type MachineSources } from '../config/decode/decoding.ts';
import { decodeListener } from '../config/decode/listener-decoder.ts';
import { onePerPlace } from '../config/decode/resource-decoder.ts';
import { decodeSecret } from '../config/decode/secret-decoder.ts';
import { socketAddress } from '../config/decode/values.ts';
import { filterChainsOf } from '../config/filter-chains.ts';
import { HONOURED } from '../config/honoured.ts';
import type { SecretConfig } from '../config/model/secret.ts';
import { type SecretReference, secretKey } from '../config/model/secret-reference.ts';
import { secretsOf } from '../config/resolve-tls.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { decodeAds, decodeDynamic } from './ads-decoder.ts';
import { decodeAgentSettings } from './agent-settings.ts';
import type { AgentSettings, Bootstrap, NodeIdentity } from './bootstrap.ts';
import { parseText } from './parse-text.ts';
import { duplicateLayers, flattenRuntime, hasAdminLayer } from './runtime-layers.ts';
import type { Position } from './source-text.ts';

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';

/** One error, with its place in the file. */
export interface BootstrapError extends Position {
  readonly file: string;
  /** Place in the configuration; empty for errors of syntax. */
  readonly path: string;
  readonly message: string;
}

/** A bootstrap that was accepted. */
export interface LoadedBootstrap {
  readonly config: Bootstrap;
  /** As it was written, for dumps and for the control plane. */
  readonly message: BootstrapMessage;
}

/** The bootstrap, or all errors of the first step that found any. */
export type BootstrapResult =
  | { readonly ok: true; readonly bootstrap: Bootstrap; readonly message: BootstrapMessage }
  | { readonly ok: false; readonly errors: readonly BootstrapError[] };

/** Reads a bootstrap. `file` only names the text in errors; `sources` is what the configuration may refer to. */
export async function readBootstrap(file: string, text: string, sources: MachineSources): Promise<BootstrapResult> {
  const parsed = await parseText(text);
  if (!parsed.ok) return { ok: false, errors: parsed.problems.map((each) => ({ file, path: '', ...each })) };
  const { value, locate } = parsed;
  const refuse = async (issues: readonly Issue[]): Promise<BootstrapResult> => {
    const places = await Promise.all(issues.map(({ segments }) => locate(segments)));
    return { ok: false, errors: issues.map(({ path, message }, i) => ({ file, ...places[i]!, path, message })) };
  };
  if (value === null) return refuse([issueAt([], 'the file is empty; a bootstrap has at least static_resources')]);
  const read = readJson(BOOTSTRAP, value);
  if (!read.ok) return refuse(read.issues);
  const checked = [
    ...findBrokenConstraints(BOOTSTRAP, read.message),
    ...findUnhonoured(BOOTSTRAP, read.message, HONOURED),
  ];
  const known = new Set((read.message.staticResources?.clusters ?? []).map((cluster) => cluster.name));
  const staticSecrets = new Set((read.message.staticResources?.secrets ?? []).map((secret) => secret.name));
  const decoding = new Decoding({ ...sources, knownClusters: known, staticClusters: known, staticSecrets });
  const bootstrap = decodeBootstrap(read.message, known, decoding);
  const issues = onePerPlace([...checked, ...decoding.issues]);
  return issues.length === 0 ? { ok: true, bootstrap: deepFreeze(bootstrap), message: read.message } : refuse(issues);
}

/** Writes an error for people: `file:line:column: path: message`. */
export function formatBootstrapError({ file, line, column, path, message }: BootstrapError): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

function decodeBootstrap(message: BootstrapMessage, known: ReadonlySet<string>, decoding: Decoding): Bootstrap {
  const { admin } = message;
  for (const { index, name } of duplicateLayers(message.layeredRuntime)) {
    decoding.report(['layered_runtime', 'layers', index, 'name'], `another layer is named ${name} already`);
  }
  const statics = decodeStatics(message, decoding);
  const dynamic = decodeDynamic(message, decoding);
  const ads = decodeAds(message, dynamic, known, decoding);
  if (ads === null) refuseDynamicParts(statics, decoding);
  const agent = decodeAgent(message, known, decoding);
  return {
    node: decodeNode(message),
    localCluster: decodeLocalCluster(message, known, decoding),
    admin: admin?.address === undefined ? null : socketAddress(admin.address, ['admin', 'address'], decoding),
    statics,
    ads,
    dynamic,
    runtime: flattenRuntime(message.layeredRuntime),
    runtimeModifiable: hasAdminLayer(message.layeredRuntime),
    agent,
  };
}

function decodeLocalCluster(
  { clusterManager }: BootstrapMessage,
  known: ReadonlySet<string>,
  decoding: Decoding,
): string | null {
  const name = clusterManager?.localClusterName ?? '';
  if (name === '') return null;
  if (!known.has(name))
    decoding.report(['cluster_manager', 'local_cluster_name'], `there is no static cluster ${name}`);
  return name;
}

function decodeNode({ node }: BootstrapMessage): NodeIdentity {
  const { region = '', zone = '', subZone = '' } = node?.locality ?? {};
  return { id: node?.id ?? '', cluster: node?.cluster ?? '', region, zone, subZone, metadata: node?.metadata ?? {} };
}

function decodeStatics(message: BootstrapMessage, decoding: Decoding): Snapshot {
  const { listeners = [], clusters = [], secrets = [] } = message.staticResources ?? {};
  const place: Path = ['static_resources'];
  const decodedClusters = clusters.map((each, i) => decodeCluster(each, [...place, 'clusters', i], decoding));
  const decodedListeners = listeners.map((each, i) => {
    const config = decodeListener(each, [...place, 'listeners', i], decoding);
    return config.name === '' ? { ...config, name: `${config.address.host}:${config.address.port}` } : config;
  });
  const decodedSecrets = secrets.map((each, i) => decodeSecret(each, [...place, 'secrets', i], decoding));
  return {
    listeners: byName(decodedListeners, [...place, 'listeners'], decoding),
    routes: new Map(),
    clusters: byName(decodedClusters, [...place, 'clusters'], decoding),
    endpoints: new Map(),
    secrets: keyed(byName(decodedSecrets, [...place, 'secrets'], decoding)),
  };
}

/** Static resources may leave endpoints, routes and secrets to a control plane; then there has to be one. */
function refuseDynamicParts({ clusters, listeners }: Snapshot, decoding: Decoding): void {
  const where = 'come from a control plane, but there is no dynamic_resources.ads_config';
  for (const [i, { discovery, tls }] of [...clusters.values()].entries()) {
    const path = ['static_resources', 'clusters', i];
    if (discovery.kind === 'eds' && discovery.file === null)
      decoding.report([...path, 'eds_cluster_config'], `its endpoints ${where}`);
    if (secretsOf(tls).some(isDynamic)) decoding.report([...path, 'transport_socket'], `its secrets ${where}`);
  }
  for (const [i, listener] of [...listeners.values()].entries()) {
    const rds = filterChainsOf(listener).some(
      ({ network }) =>
        network.kind === 'http-connection-manager' && network.routes.kind === 'rds' && network.routes.file === null,
    );
    if (rds) decoding.report(['static_resources', 'listeners', i], `its routes (rds) ${where}`);
    const secrets = filterChainsOf(listener).flatMap(({ tls }) => secretsOf(tls));
    if (secrets.some(isDynamic))
      decoding.report(['static_resources', 'listeners', i, 'filter_chains'], `its secrets ${where}`);
  }
}

function isDynamic({ source }: SecretReference): boolean {
  return source.kind !== 'static' && source.kind !== 'file';
}

function keyed(secrets: ReadonlyMap<string, SecretConfig>): Snapshot['secrets'] {
  return new Map([...secrets].map(([name, secret]) => [secretKey({ kind: 'static' }, name), secret]));
}

function byName<T extends { readonly name: string }>(
  configs: readonly T[],
  path: Path,
  decoding: Decoding,
): Map<string, T> {
  const named = new Map<string, T>();
  for (const [i, config] of configs.entries()) {
    if (named.has(config.name))
      decoding.report([...path, i, 'name'], `the name ${config.name} is taken already; names are unique`);
    named.set(config.name, config);
  }
  return named;
}

function decodeAgent(message: BootstrapMessage, known: ReadonlySet<string>, decoding: Decoding): AgentSettings | null {
  let agent: AgentSettings | null = null;
  for (const [i, { typedConfig }] of message.bootstrapExtensions.entries()) {
    const path = ['bootstrap_extensions', i, 'typed_config'];
    const config = typedConfig && unpackAny('outrider.agent.v1.AgentConfig', typedConfig);
    if (config === undefined) {
      decoding.report(path, 'only outrider.agent.v1.AgentConfig is supported as bootstrap extension');
      continue;
    }
    agent = decodeAgentSettings(config, path, decoding);
    if (agent.clusterName !== '' && !known.has(agent.clusterName)) {
      decoding.report([...path, 'cluster_name'], `there is no static cluster ${agent.clusterName}`);
    }
  }
  return agent;
}

/** Freezes plain values all the way down; maps keep their type, which has no way to change them. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) for (const each of value.values()) deepFreeze(each);
  else for (const each of Object.values(value)) deepFreeze(each);
  return value instanceof Map ? value : Object.freeze(value);
}
