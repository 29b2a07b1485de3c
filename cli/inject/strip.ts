/**
 * Takes out what an earlier run has put into a file, and gives the application back what is its own. PURE, but for the
 * document, which it changes.
 */
import { type Document, isMap, isScalar, type YAMLMap } from 'yaml';
import { OF_THE_NETWORK } from './fields.ts';
import { CONTROL_PLANE, type Part, partName, STATE_VOLUME, volumeOf } from './helpers.ts';
import { type Entry, entriesOf, entryOf, keyOf, ownMap, resolved, take } from './nodes.ts';

/** The place of what all parts have in common. */
export const TEMPLATES = 'x-outrider-parts';
/** Marks what was made here, in `x-outrider`: with the service that it was made for. */
export const MARK = 'injected';

/** How many there are, in `deploy` and, once each has a service of its own, in `x-outrider`. */
export const REPLICAS = 'replicas';

/** What stands twice, and nobody knows which one counts. */
export type Conflict = (service: string, field: string) => void;

/** See the head of this file. */
export function strip(document: Document, conflict: Conflict): void {
  const root = document.contents;
  if (!isMap(root)) return;
  take(root, TEMPLATES);
  const services = ownMap(document, entryOf(root, 'services'));
  if (services === undefined) return;
  const made = entriesOf(services).filter((each) => markOf(document, each) !== undefined);
  for (const each of made) services.items.splice(services.items.indexOf(each), 1);
  const byName = new Map(made.map((each) => [keyOf(each), each]));
  const named = (kind: Part) => made.filter((each) => keyOf(each) === partName(markOf(document, each)!, kind));
  for (const network of named('network')) giveBack(document, services, markOf(document, network)!, network, conflict);
  for (const each of entriesOf(services)) release(document, each, byName);
  takeUnused(
    document,
    root,
    'volumes',
    new Set([STATE_VOLUME, ...named('sidecar').map((each) => volumeOf(markOf(document, each)!))]),
    made.length > 0,
  );
  takeUnused(document, root, 'networks', new Set([CONTROL_PLANE]), made.length > 0);
}

/** The service that an entry was made for; undefined for a user's own. */
function markOf(document: Document, { value }: Entry): string | undefined {
  const service = resolved(document, value);
  const extension = isMap(service) ? entryOf(service, 'x-outrider')?.value : undefined;
  const mark = isMap(extension) ? entryOf(extension, MARK)?.value : undefined;
  return isScalar(mark) ? String(mark.value) : undefined;
}

function giveBack(document: Document, services: YAMLMap, name: string, network: Entry, conflict: Conflict): void {
  const application = ownMap(document, entryOf(services, name));
  if (application === undefined || !isMap(network.value)) return;
  for (const field of [...OF_THE_NETWORK, 'sysctls']) {
    const entry = take(network.value, field);
    if (entry === undefined || (field === 'networks' && isPlain(entry, name))) continue;
    if (field === 'networks' && isMap(entry.value)) take(entry.value, CONTROL_PLANE);
    if (entryOf(application, field) === undefined) application.items.push(entry);
    else conflict(name, field);
  }
  restoreReplicas(document, application);
}

/** What Compose must not see has stood in `x-outrider` meanwhile. */
function restoreReplicas(document: Document, application: YAMLMap): void {
  const extension = ownMap(document, entryOf(application, 'x-outrider'));
  const replicas = extension && take(extension, REPLICAS);
  if (replicas === undefined) return;
  if (extension!.items.length === 0) take(application, 'x-outrider');
  const deploy = ownMap(document, entryOf(application, 'deploy'));
  if (deploy === undefined) application.items.push(document.createPair('deploy', { [REPLICAS]: replicas.value }));
  else if (entryOf(deploy, REPLICAS) === undefined) deploy.items.push(replicas);
}

/** What a service without `networks` gets. */
function isPlain({ value }: Entry, name: string): boolean {
  const plain = JSON.stringify({ default: { aliases: [name] } });
  const controlled = JSON.stringify({ default: { aliases: [name] }, [CONTROL_PLANE]: {} });
  return [plain, controlled].includes(JSON.stringify(value));
}

/** Nothing leads to what is gone. */
function release(document: Document, service: Entry, made: ReadonlyMap<string, Entry>): void {
  const map = resolved(document, service.value);
  if (!isMap(map)) return;
  const mode = entryOf(map, 'network_mode')?.value;
  const owner = isScalar(mode) ? /^service:(.+)-network$/.exec(String(mode.value))?.[1] : undefined;
  if (owner !== undefined && made.has(partName(owner, 'network'))) {
    if (owner === keyOf(service)) take(map, 'network_mode');
    else if (isScalar(mode)) mode.value = `service:${owner}`;
  }
  const dependencies = entryOf(map, 'depends_on')?.value;
  if (!isMap(dependencies)) return;
  const ready = partName(keyOf(service), 'ready');
  if (made.has(ready)) take(dependencies, ready);
  if (dependencies.items.length === 0) take(map, 'depends_on');
}

function takeUnused(document: Document, root: YAMLMap, field: string, names: ReadonlySet<string>, any: boolean): void {
  const map = ownMap(document, entryOf(root, field));
  if (map === undefined || !any) return;
  const ours = entriesOf(map).filter((each) => names.has(keyOf(each)) && isOurs(each));
  for (const each of ours) map.items.splice(map.items.indexOf(each), 1);
  if (map.items.length === 0 && ours.length > 0) take(root, field);
}

/** A volume or network that nobody has given settings of their own. */
function isOurs({ value }: Entry): boolean {
  return value === null || (isMap(value) && value.items.length === 0) || (isScalar(value) && value.value === null);
}
