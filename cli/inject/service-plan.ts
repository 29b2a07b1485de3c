/** Reads one service of a Compose file: whether it gets a sidecar, which, or why it cannot. PURE. */
import { Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { type ComposeContext, parseService } from '../../control-plane/policy/compose.ts';
import { Cursor, type Source } from '../../control-plane/policy/cursor.ts';
import type { HealthCheck, Workload } from '../../control-plane/state/model.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import { SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';
import { DANGEROUS_CAPABILITIES, LEAVE_OUT, REFUSED, TAKEN_PORTS } from './fields.ts';

/** A service that gets a sidecar. */
export interface ServicePlan {
  readonly name: string;
  /** It is another replica of that service, and made here; null: it is the user's own. */
  readonly replicaOf: string | null;
  readonly services: readonly string[];
  readonly version: string;
  readonly protocol: Workload['protocol'];
  /** Where the application listens; null: nobody calls it. */
  readonly port: number | null;
  /** Null: by a connection to its port. */
  readonly health: HealthCheck | null;
  /** Networks by name; what Compose means when nothing is said is `default`. */
  readonly networks: readonly string[];
  /** `x-outrider` without what is meant for us alone; undefined when nothing else is in it. */
  readonly extension: Readonly<Record<string, unknown>> | undefined;
}

/** What is told to the person who injects, and refuses nothing. */
export type Note = (message: string) => void;

type Fields = ReadonlyMap<string, Cursor>;

const REPLICAS_MAX = 50;
const NO_FILES: ComposeContext = { dir: '/', readFile: () => null };

/** Who made a service, as `x-outrider.injected` of it says; undefined for a user's own. */
export function injectedFor(fields: Fields): string | undefined {
  return fields.get('x-outrider')?.isMap === true
    ? plain(fields.get('x-outrider')!.entries()?.get('injected'))
    : undefined;
}

/** Whether the user leaves it out: `x-outrider: { inject: false }`, or the label `outrider.inject: "false"`. */
export function isLeftOut(fields: Fields): boolean {
  return injectSetting(fields) === false;
}

function injectSetting(fields: Fields): boolean | undefined {
  const extension = fields.get('x-outrider');
  const own = extension?.isMap === true ? extension.entries()?.get('inject')?.boolean() : undefined;
  if (own !== undefined) return own;
  const label = pairsOf(fields.get('labels')).get('outrider.inject');
  return label === undefined ? undefined : label !== 'false';
}

/** The plan, and one for each further replica; none when something is wrong, which has been reported. */
export function servicePlan(name: string, cursor: Cursor, source: Source, note: Note): ServicePlan[] {
  const before = source.problems.length;
  const fields = cursor.entries() ?? new Map<string, Cursor>();
  const problem = labelProblem('service', name);
  if (problem !== undefined) cursor.report(`${problem}: rename it, ${LEAVE_OUT}`);
  for (const [field, why] of Object.entries(REFUSED)) fields.get(field)?.report(`"${field}" ${why}`);
  checkNetworkMode(fields.get('network_mode'));
  const replicas = replicasOf(fields);
  checkPrivileges(fields, injectSetting(fields) === true);
  checkSysctls(fields.get('sysctls'));
  const port = portOf(fields, cursor);
  if (port !== null && TAKEN_PORTS.includes(port))
    cursor.report(`port ${port} is the sidecar's own: let the application listen on another one, ${LEAVE_OUT}`);
  // A name that is refused already is not refused twice.
  const named = problem === undefined ? name : 'service';
  const workload = parseService(named, meshPart(name, fields, source, port), NO_FILES);
  if (source.problems.length > before) return [];
  const { services, version, protocol } = workload;
  const health = workload.health ?? composeHealth(name, fields, source, port, note);
  const networks = networksOf(fields);
  const extension = extensionOf(fields);
  const plan = { name, replicaOf: null, services, version, protocol, port, health, networks, extension };
  return [plan, ...Array.from({ length: replicas - 1 }, (_, i) => replicaPlan(plan, i + 2))];
}

/** The same under another name, for the same callers. */
function replicaPlan(plan: ServicePlan, number: number): ServicePlan {
  const service = plan.services[1] ?? plan.name;
  const name = `${plan.name}-${number}`;
  return { ...plan, name, replicaOf: plan.name, services: [name, service], extension: { ...plan.extension, service } };
}

function checkNetworkMode(cursor: Cursor | undefined): void {
  const mode = cursor?.text();
  if (mode === undefined) return;
  const what = mode === 'host' ? 'the network of the machine' : `"${mode}"`;
  cursor!.report(
    `"network_mode: ${mode}": a sidecar stands in the service's own network namespace, and it has ${what} instead: take network_mode away, ${LEAVE_OUT}`,
  );
}

/** How many there are to be: containers that join a network namespace join one, so that each becomes a service of its own. */
function replicasOf(fields: Fields): number {
  const deploy = fields.get('deploy')?.entries();
  const mode = deploy?.get('mode');
  if (mode !== undefined && mode.text() !== 'replicated')
    mode.report(`"mode: ${mode.text()}" is for a swarm: take it away, ${LEAVE_OUT}`);
  const written = deploy?.get('replicas') ?? fields.get('scale');
  if (written === undefined) return 1;
  const count = written.text() ?? '';
  if (!/^\d{1,3}$/.test(count) || Number(count) < 1 || Number(count) > REPLICAS_MAX) {
    written.report(
      `"${count}" replicas: each becomes a service of its own, so that it must be a number from 1 to ${REPLICAS_MAX}, ${LEAVE_OUT}`,
    );
    return 1;
  }
  if (Number(count) > 1) checkSharing(fields);
  return Number(count);
}

/** What one container alone can have. */
function checkSharing(fields: Fields): void {
  fields.get('container_name')?.report('"container_name" beside several replicas: only one can have it; take it away');
  for (const each of fields.get('ports')?.list() ?? []) {
    const published = each.isMap
      ? each.entries()!.has('published')
      : /^(?:(?:\[[^\]]+\]|[^:[\]]+):)?[^:]*:\d+(?:\/\w+)?$/.test(each.text() ?? '');
    if (published)
      each.report(
        'a port of the machine beside several replicas: only one can have it; publish the port of the container alone',
      );
  }
}

function checkPrivileges(fields: Fields, insisted: boolean): void {
  const user = fields.get('user')?.text();
  if (user?.split(':')[0] === String(SIDECAR_UID))
    fields
      .get('user')!
      .report(`"user: ${user}" is the sidecar's: what it sends passes by the sidecar; choose another one`);
  if (insisted) return;
  const insist =
    'could take the rules away that lead its traffic to the sidecar: take it away, say x-outrider: { inject: true } if it does not';
  const privileged = fields.get('privileged');
  if (privileged?.text() === 'true') privileged.report(`"privileged" ${insist}, ${LEAVE_OUT}`);
  for (const each of fields.get('cap_add')?.list() ?? [])
    if (DANGEROUS_CAPABILITIES.includes(each.text()?.toUpperCase() ?? ''))
      each.report(`capability ${each.text()} ${insist}, ${LEAVE_OUT}`);
}

/** Those of the network go with it, and the others cannot. */
function checkSysctls(cursor: Cursor | undefined): void {
  if (cursor === undefined) return;
  const names = [...pairsOf(cursor).keys()];
  const own = names.find((each) => !each.startsWith('net.'));
  if (own !== undefined && names.some((each) => each.startsWith('net.')))
    cursor.report(
      `has "${own}" beside those of the network, which is another container's: split the service's settings, ${LEAVE_OUT}`,
    );
}

/** x-outrider says it, else what is exposed first, else the one that is published. */
function portOf(fields: Fields, service: Cursor): number | null {
  const extension = fields.get('x-outrider');
  const own = extension?.isMap === true ? extension.entries()?.get('port') : undefined;
  if (own !== undefined) return Number(own.text());
  const exposed = (fields.get('expose')?.list() ?? []).flatMap((each) => exposedPort(each));
  if (exposed.length > 0) return exposed[0]!;
  const published = [...new Set((fields.get('ports')?.list() ?? []).flatMap((each) => targetPort(each)))];
  if (published.length > 1)
    service.report(
      `ports lead to ${published.join(' and ')}: which one is the application's? say x-outrider: { port: ${published[0]} }; the others pass by the mesh`,
    );
  return published[0] ?? null;
}

function exposedPort(cursor: Cursor): number[] {
  const text = cursor.text() ?? '';
  const match = /^(\d+)(?:\/(tcp|udp))?$/.exec(text);
  if (match === null) return unknownPort(cursor, text);
  return match[2] === 'udp' ? [] : [Number(match[1])];
}

/** The container's port of one entry, in either form. */
function targetPort(cursor: Cursor): number[] {
  if (cursor.isMap) {
    const fields = cursor.entries()!;
    return fields.get('protocol')?.text() === 'udp' ? [] : [Number(fields.get('target')?.text() ?? Number.NaN)];
  }
  const text = cursor.text() ?? '';
  const match = /(?:^|:)(\d+)(?:\/(tcp|udp))?$/.exec(text);
  if (match === null) return unknownPort(cursor, text);
  return match[2] === 'udp' ? [] : [Number(match[1])];
}

function unknownPort(cursor: Cursor, text: string): number[] {
  cursor.report(`"${text}": which port the application listens on cannot be told: say x-outrider: { port: NUMBER }`);
  return [];
}

/** What `outrider apply` understands of the service, at its places in the file. */
function meshPart(name: string, fields: Fields, source: Source, port: number | null): Cursor {
  const map = new YAMLMap();
  const add = (key: string, node: unknown) => map.items.push(new Pair(new Scalar(key), node as never));
  const extension = fields.get('x-outrider');
  if (extension !== undefined) add('x-outrider', extension.node);
  if (port !== null) add('expose', numbers([port]));
  add('deploy', mapOf('replicas', 0));
  return new Cursor(source, map, `services.${name}`, extension?.node?.range?.[0] ?? 0);
}

function mapOf(key: string, value: unknown): YAMLMap {
  const map = new YAMLMap();
  map.items.push(new Pair(new Scalar(key), new Scalar(value)));
  return map;
}

function numbers(values: readonly number[]): YAMLSeq {
  const list = new YAMLSeq();
  for (const each of values) list.items.push(new Scalar(each));
  return list;
}

/** Compose's own check, where it is a request that the sidecar can make as well. */
function composeHealth(
  name: string,
  fields: Fields,
  source: Source,
  port: number | null,
  note: Note,
): HealthCheck | null {
  const check = fields.get('healthcheck');
  if (check === undefined || port === null) return null;
  const map = new YAMLMap();
  map.items.push(new Pair(new Scalar('healthcheck'), check.node as never));
  map.items.push(new Pair(new Scalar('deploy'), mapOf('replicas', 0)));
  const problems: Source['problems'] = [];
  const { health } = parseService(name, new Cursor({ ...source, problems }, map, ''), NO_FILES);
  if (problems.length === 0 && health?.probe.kind === 'http') return health;
  if (problems.length > 0 || health !== null)
    note(
      `services.${name}.healthcheck runs in its own container, where the sidecar runs nothing: the mesh asks for a connection to port ${port} instead, or what x-outrider.health says`,
    );
  return null;
}

function networksOf(fields: Fields): string[] {
  const networks = fields.get('networks');
  if (networks === undefined || networks.isNull) return ['default'];
  if (networks.isList) return networks.list().map((each) => each.text() ?? '');
  return [...(networks.entries()?.keys() ?? [])];
}

function extensionOf(fields: Fields): Readonly<Record<string, unknown>> | undefined {
  const written = fields.get('x-outrider')?.entries() ?? new Map<string, Cursor>();
  const rest = [...written].filter(([key]) => key !== 'inject');
  return rest.length === 0 ? undefined : Object.fromEntries(rest.map(([key, value]) => [key, value.json()]));
}

/** A map of texts, or a list of `KEY=value`. */
function pairsOf(cursor: Cursor | undefined): ReadonlyMap<string, string> {
  if (cursor === undefined || cursor.isNull) return new Map();
  const pairs = cursor.isList
    ? cursor.list().map((each) => (plain(each) ?? '').split(/=(.*)/s))
    : [...(cursor.entries() ?? [])].map(([key, value]) => [key, plain(value) ?? '']);
  return new Map(pairs.map(([key = '', value = '']) => [key, value]));
}

function plain(cursor: Cursor | undefined): string | undefined {
  const value = cursor?.json();
  return value === undefined || value === null ? undefined : String(value);
}
