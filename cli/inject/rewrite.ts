/** Puts sidecars into a Compose document. PURE, but for the document, which it changes. */
import { Alias, type Document, isMap, isScalar, isSeq, type Node, Pair, Scalar, YAMLMap } from 'yaml';
import { CHANGED, OF_THE_NETWORK } from './fields.ts';
import {
  CONTROL_PLANE,
  controlPlaneService,
  type InjectSettings,
  PARTS,
  type Part,
  partName,
  partsOf,
  templates,
  volumesOf,
} from './helpers.ts';
import { copyOf, type Entry, entriesOf, entryOf, flatten, keyOf, ownMap, quoted, take, untie } from './nodes.ts';
import type { ServicePlan } from './service-plan.ts';
import { MARK, REPLICAS, TEMPLATES } from './strip.ts';

const HEAD = ' Made by "outrider inject", with all that has x-outrider: { injected: ... }; another run makes it anew.';

/** The document with a sidecar for each plan. What an earlier run has made is gone already. */
export function rewrite(document: Document, plans: readonly ServicePlan[], settings: InjectSettings): void {
  new Rewriting(document, plans, settings).run();
}

class Rewriting {
  readonly #document: Document;
  readonly #plans: readonly ServicePlan[];
  readonly #settings: InjectSettings;
  readonly #root: YAMLMap;
  readonly #services: YAMLMap;
  /** The network that every sidecar shares with the control plane; null where one of another control plane leads there. */
  readonly #common: string | null;
  /** The service that is the control plane; null: it is elsewhere. */
  readonly #controlPlane: string | null;

  constructor(document: Document, plans: readonly ServicePlan[], settings: InjectSettings) {
    this.#document = document;
    this.#plans = plans;
    this.#settings = settings;
    this.#root = document.contents as YAMLMap;
    this.#services = ownMap(document, entryOf(this.#root, 'services'))!;
    this.#common = settings.controlPlane === null ? commonNetwork(plans) : null;
    this.#controlPlane = this.#findControlPlane();
  }

  run(): void {
    this.#untangle();
    for (const name of new Set(this.#plans.flatMap(({ replicaOf }) => replicaOf ?? []))) this.#addReplicas(name);
    for (const plan of this.#plans) this.#addSidecar(plan);
    for (const service of entriesOf(this.#services)) this.#follow(service);
    if (this.#settings.controlPlane === null) this.#addControlPlane();
    this.#root.items.splice(this.#root.items.indexOf(entryOf(this.#root, 'services')!), 0, this.#templates());
    this.#declare('volumes', volumesOf(this.#plans, this.#settings));
    if (this.#common === CONTROL_PLANE) this.#declare('networks', [CONTROL_PLANE]);
  }

  /** Ours, or the first address of the other one that is a service here. */
  #findControlPlane(): string | null {
    const { controlPlane } = this.#settings;
    if (controlPlane === null) return CONTROL_PLANE;
    return controlPlane.find(({ host }) => entryOf(this.#services, host) !== undefined)?.host ?? null;
  }

  /** What services share by anchors and is changed here, each gets for itself. */
  #untangle(): void {
    const injected = new Set(this.#plans.flatMap(({ name, replicaOf }) => (replicaOf === null ? [name] : [])));
    const maps = new Set(entriesOf(this.#services).flatMap(({ value }) => (isMap(value) ? [value] : [])));
    for (const entry of entriesOf(this.#services)) {
      const map = ownMap(this.#document, entry);
      const changes = [...OF_THE_NETWORK, ...CHANGED];
      const isInjected = injected.has(keyOf(entry));
      if (map !== undefined)
        flatten(this.#document, map, (names, sources) => {
          return (isInjected && names.some((each) => changes.includes(each))) || sources.some((each) => maps.has(each));
        });
    }
    for (const name of injected)
      for (const field of [...OF_THE_NETWORK, ...CHANGED])
        untie(this.#document, entryOf(entryOf(this.#services, name)!.value as YAMLMap, field)?.value ?? null);
  }

  /** A service for each further replica; how many there are is for us alone to know from now on. */
  #addReplicas(name: string): void {
    const original = entryOf(this.#services, name)!;
    const map = original.value as YAMLMap;
    take(map, 'scale');
    const deploy = ownMap(this.#document, entryOf(map, 'deploy'));
    if (deploy !== undefined) take(deploy, REPLICAS);
    if (deploy?.items.length === 0) take(map, 'deploy');
    const plans = this.#plans.filter(({ replicaOf }) => replicaOf === name);
    const made = plans.map((plan) => {
      const copy = copyOf(this.#document, map) as YAMLMap;
      this.#put(copy, 'x-outrider', this.#flow({ ...plan.extension, [MARK]: name }));
      return this.#entry(plan.name, copy);
    });
    this.#services.items.splice(this.#services.items.indexOf(original) + 1, 0, ...made);
    const extension = ownMap(this.#document, entryOf(map, 'x-outrider')) ?? (this.#flow({}) as YAMLMap);
    this.#put(extension, REPLICAS, new Scalar(plans.length + 1));
    this.#put(map, 'x-outrider', extension);
  }

  #addSidecar(plan: ServicePlan): void {
    const { name } = plan;
    const entry = entryOf(this.#services, name)!;
    const application = entry.value as YAMLMap;
    const parts = partsOf(plan, this.#settings, this.#controlPlane);
    const profiles = entryOf(application, 'profiles');
    const made = PARTS.map((part) => {
      const map = this.#node(parts[part]);
      map.items.unshift(new Pair(new Scalar('<<'), new Alias(anchorOf(part))));
      if (part === 'network') map.items.push(...this.#moved(application, plan));
      if (profiles !== undefined) this.#put(map, 'profiles', copyOf(this.#document, profiles.value));
      this.#put(map, 'x-outrider', this.#flow({ [MARK]: name }));
      return this.#entry(partName(name, part), map);
    });
    this.#services.items.splice(this.#services.items.indexOf(entry) + 1, 0, ...made);
    this.#put(application, 'network_mode', new Scalar(`service:${partName(name, 'network')}`));
    this.#dependOn(application, partName(name, 'ready'));
  }

  /** What the network's owner takes over. */
  #moved(application: YAMLMap, { name, replicaOf }: ServicePlan): Entry[] {
    const sysctls = entryOf(application, 'sysctls');
    const isOfNetwork = sysctls !== undefined && /^\W*net\./.test(JSON.stringify(sysctls.value));
    const fields = [...OF_THE_NETWORK.filter((each) => each !== 'networks'), ...(isOfNetwork ? ['sysctls'] : [])];
    const moved = fields.flatMap((each) => take(application, each) ?? []);
    const networks = this.#networks(
      take(application, 'networks')?.value ?? null,
      replicaOf === null ? [name] : [name, replicaOf],
    );
    return [...moved, new Pair<Node, Node | null>(new Scalar('networks'), networks)];
  }

  /** In the long form, with the service's names in each: there callers look for it. */
  #networks(written: Node | null, names: readonly string[]): YAMLMap {
    const list = copyOf(this.#document, written);
    const listed = isSeq(list) ? list.items.map((each) => String(isScalar(each) ? each.value : each)) : [];
    const map = isMap(list)
      ? list
      : this.#node(Object.fromEntries((listed.length > 0 ? listed : ['default']).map((each) => [each, {}])));
    for (const entry of entriesOf(map)) for (const name of names) this.#addAlias(entry, name);
    if (this.#common === CONTROL_PLANE && entryOf(map, CONTROL_PLANE) === undefined)
      this.#put(map, CONTROL_PLANE, this.#flow({}));
    return map;
  }

  #addAlias(entry: Entry, name: string): void {
    const network = ownMap(this.#document, entry) ?? new YAMLMap();
    network.flow = false;
    entry.value = network;
    const aliases = entryOf(network, 'aliases');
    if (aliases === undefined) this.#put(network, 'aliases', this.#flow([name]));
    else if (isSeq(aliases.value) && !aliases.value.items.some((each) => isScalar(each) && each.value === name))
      aliases.value.items.push(new Scalar(name));
  }

  #dependOn(application: YAMLMap, ready: string): void {
    const entry = entryOf(application, 'depends_on');
    const written = copyOf(this.#document, entry?.value ?? null);
    const map = isMap(written) ? written : new YAMLMap();
    map.flow = false;
    if (isSeq(written)) {
      map.commentBefore = written.commentBefore ?? written.comment ?? null;
      for (const each of written.items) {
        const name = isScalar(each) ? each : new Scalar(each);
        map.items.push(new Pair<Node, Node | null>(name, this.#node({ condition: 'service_started' })));
      }
    }
    this.#put(map, ready, this.#node({ condition: 'service_completed_successfully' }));
    if (entry === undefined) this.#put(application, 'depends_on', map);
    else entry.value = map;
  }

  /** Who stands in the network of an application stands in that of its owner. */
  #follow({ value }: Entry): void {
    const mode = isMap(value) ? entryOf(value, 'network_mode')?.value : undefined;
    if (!isScalar(mode)) return;
    const target = /^service:(.+)$/.exec(String(mode.value))?.[1];
    if (this.#plans.some(({ name }) => name === target)) mode.value = `service:${partName(target!, 'network')}`;
  }

  #addControlPlane(): void {
    const service = this.#node(controlPlaneService(this.#plans, this.#settings));
    const text = (entryOf(service, 'environment')!.value as YAMLMap).items[0]!.value as Scalar;
    text.type = 'BLOCK_LITERAL';
    if (this.#common !== null && this.#common !== 'default') this.#put(service, 'networks', this.#flow([this.#common]));
    this.#put(service, 'x-outrider', this.#flow({ [MARK]: 'control-plane' }));
    this.#services.items.push(this.#entry(CONTROL_PLANE, service));
  }

  #templates(): Entry {
    const map = new YAMLMap();
    for (const [part, service] of Object.entries(templates(this.#settings))) {
      const node = this.#node(service);
      node.anchor = anchorOf(part as Part);
      this.#put(map, part, node);
    }
    const entry = this.#entry(TEMPLATES, map);
    (entry.key as Scalar).commentBefore = HEAD;
    return entry;
  }

  /** Names at the top level, as far as they are not there. */
  #declare(field: string, names: readonly string[]): void {
    const known = entryOf(this.#root, field);
    const map = ownMap(this.#document, known) ?? new YAMLMap();
    map.flow = false;
    for (const name of names) if (entryOf(map, name) === undefined) this.#put(map, name, this.#flow({}));
    if (known === undefined) this.#root.items.push(this.#entry(field, map));
    else known.value = map;
  }

  #put(map: YAMLMap, name: string, value: Node | null): void {
    const entry = entryOf(map, name);
    if (entry === undefined) map.items.push(new Pair(new Scalar(name), value));
    else entry.value = value;
  }

  /** With an empty line in front of it. */
  #entry(name: string, value: Node): Entry {
    const key = new Scalar(name);
    key.spaceBefore = true;
    return new Pair<Node, Node | null>(key, value);
  }

  /** Maps in lines, lists in brackets; texts that older YAML takes for numbers or truths in quotes. */
  #node(value: unknown): YAMLMap {
    const node = this.#document.createNode(value, { aliasDuplicateObjects: false }) as YAMLMap;
    shape(node);
    return node;
  }

  #flow(value: unknown): Node {
    return this.#document.createNode(value, { flow: true }) as Node;
  }
}

function shape(node: YAMLMap): void {
  for (const entry of entriesOf(node)) {
    const { value } = entry;
    if (isMap(value) && value.items.length > 0) shape(value);
    else if (isSeq(value)) value.flow = keyOf(entry) !== 'volumes';
    else if (isScalar(value) && keyOf(entry) === 'user') entry.value = quoted(String(value.value));
  }
}

function anchorOf(part: Part): string {
  return `outrider-${part}`;
}

/** The one network that all are in; without one, that of the control plane becomes it. */
function commonNetwork(plans: readonly ServicePlan[]): string {
  const [first, ...others] = new Set(plans.flatMap(({ networks }) => networks));
  return first !== undefined && others.length === 0 ? first : CONTROL_PLANE;
}
