/** Small steps on YAML documents, which keep comments and order. PURE. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';

/** An entry of a map. */
export type Entry = Pair<Node, Node | null>;

/** The text of a key. */
export function keyOf({ key }: Pick<Entry, 'key'>): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/** Its entries. */
export function entriesOf(map: YAMLMap): Entry[] {
  return map.items as Entry[];
}

/** One of them. */
export function entryOf(map: YAMLMap, name: string): Entry | undefined {
  return entriesOf(map).find((each) => keyOf(each) === name);
}

/** Takes an entry out, and gives it. */
export function take(map: YAMLMap, name: string): Entry | undefined {
  const entry = entryOf(map, name);
  if (entry !== undefined) map.items.splice(map.items.indexOf(entry), 1);
  return entry;
}

/** What a node stands for: where an alias leads. */
export function resolved(document: Document, node: Node | null | undefined): Node | null {
  let target = node ?? null;
  for (let depth = 0; isAlias(target) && depth < ALIASES_MAX; depth++) target = target.resolve(document) ?? null;
  return target;
}

const ALIASES_MAX = 20;

/** A copy of what a node stands for, to be changed; anchors stay with the original. */
export function copyOf(document: Document, node: Node | null): Node | null {
  const copy = resolved(document, node)?.clone() as Node | undefined;
  if (copy === undefined) return null;
  visit(copy, (_, each) => {
    if (isMap(each) || isSeq(each) || isScalar(each)) delete each.anchor;
  });
  return copy;
}

/** The value of an entry as a map that belongs to it alone; undefined when it is none. */
export function ownMap(document: Document, entry: Entry | undefined): YAMLMap | undefined {
  if (entry === undefined) return undefined;
  if (isAlias(entry.value)) entry.value = copyOf(document, entry.value);
  return isMap(entry.value) ? entry.value : undefined;
}

/** Whoever refers to an anchor in here gets a copy: what is here is going to be changed or moved. */
export function untie(document: Document, node: Node | null): void {
  const anchors = new Set<string>();
  visit(node, (_, each) => {
    if ((isMap(each) || isSeq(each) || isScalar(each)) && each.anchor !== undefined) anchors.add(each.anchor);
  });
  if (anchors.size === 0) return;
  visit(document, {
    Alias: (_, alias) => (anchors.has(alias.source) ? (copyOf(document, alias) ?? undefined) : undefined),
  });
  visit(node, (_, each) => {
    if (isMap(each) || isSeq(each) || isScalar(each)) delete each.anchor;
  });
}

/**
 * What `<<` brings into the map is written into it, where `needed` says so of the names that come in, or of the maps that
 * they come from.
 */
export function flatten(
  document: Document,
  map: YAMLMap,
  needed: (names: readonly string[], sources: readonly YAMLMap[]) => boolean,
): void {
  const merges = entriesOf(map).filter((each) => keyOf(each) === '<<');
  const sources = merges.flatMap(({ value }) => mergedMaps(document, value));
  const names = sources.flatMap(({ all }) => all.map(keyOf));
  if (
    merges.length === 0 ||
    !needed(
      names,
      sources.map(({ map }) => map),
    )
  )
    return;
  const at = map.items.indexOf(merges[0]!);
  for (const each of merges) map.items.splice(map.items.indexOf(each), 1);
  const known = new Set(entriesOf(map).map(keyOf));
  const inherited = sources
    .flatMap(({ all }) => all)
    .filter((each) => !known.has(keyOf(each)) && known.add(keyOf(each)));
  const copies = inherited.map((each) => document.createPair(keyOf(each), copyOf(document, each.value)));
  map.items.splice(at, 0, ...copies);
}

interface Merged {
  readonly map: YAMLMap;
  /** Its own entries, and those that it inherits itself. */
  readonly all: readonly Entry[];
}

function mergedMaps(document: Document, value: Node | null, depth = 0): Merged[] {
  const target = resolved(document, value);
  if (isSeq(target)) return target.items.flatMap((each) => mergedMaps(document, each as Node, depth));
  if (!isMap(target) || depth > ALIASES_MAX) return [];
  const own = entriesOf(target).filter((each) => keyOf(each) !== '<<');
  const more = entriesOf(target)
    .filter((each) => keyOf(each) === '<<')
    .flatMap((each) => mergedMaps(document, each.value, depth + 1))
    .flatMap(({ all }) => all);
  return [{ map: target, all: [...own, ...more] }];
}

/** A text that every version of YAML reads as a text. */
export function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}
