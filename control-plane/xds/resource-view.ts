/**
 * What is to be had of one kind, and what of that is made once for all the streams that see it: a client that wants
 * everything, and has it, holds no table of its own, and what changed from one view to the next is looked for once. With
 * 1,000 clients of 100 services that is most of what a stream would cost.
 */
import { contentVersion } from './content-version.ts';

/** One resource, as far as subscriptions care. */
export interface Entry {
  readonly hash: string;
}

/** Each name with the hash of its contents. A view does not change. */
export interface ResourceView {
  get(name: string): Entry | undefined;
  values(): Iterable<Entry & { readonly name: string; readonly onDemand: boolean }>;
}

/** Names with hashes. */
export type Hashes = ReadonlyMap<string, string>;

/** All of a view but what has to be asked for by name. */
interface Whole {
  readonly hashes: Hashes;
  readonly names: ReadonlySet<string>;
}

/** What leads from one table of hashes to another. */
export interface Differences {
  /** Names that are new, or have another hash. */
  readonly changed: readonly string[];
  /** Names that are not there any more; GONE is not there. */
  readonly gone: readonly string[];
}

/** In the place of a hash: the client knows that there is no such resource. */
export const GONE = '';

/** No hashes at all: where every client starts. */
export const NO_HASHES: Hashes = new Map();

const WHOLES = new WeakMap<ResourceView, Whole>();
/** What a set of names covered last. */
const COVERED = new WeakMap<ReadonlySet<string>, Whole>();
/** Of wholes alone. */
const VERSIONS = new WeakMap<Hashes, string>([[NO_HASHES, contentVersion(NO_HASHES)]]);
const DIFFERENCES = new WeakMap<Hashes, WeakMap<Hashes, Differences>>();

/** The whole of a view. */
export function wholeOf(view: ResourceView): Whole {
  const known = WHOLES.get(view);
  if (known !== undefined) return known;
  const hashes = new Map<string, string>();
  for (const each of view.values()) if (!each.onDemand) hashes.set(each.name, each.hash);
  const whole = { hashes, names: new Set(hashes.keys()) };
  WHOLES.set(view, whole);
  VERSIONS.set(hashes, contentVersion(hashes));
  return whole;
}

/** The whole of the view when these names are exactly all of it; else undefined. */
export function coveredBy(names: ReadonlySet<string>, view: ResourceView): Whole | undefined {
  const whole = wholeOf(view);
  if (names === whole.names || COVERED.get(names) === whole) return whole;
  if (names.size !== whole.names.size) return undefined;
  for (const name of names) if (!whole.names.has(name)) return undefined;
  COVERED.set(names, whole);
  return whole;
}

/** Whether the table is the whole of some view, and not a client's own. */
export function isWhole(hashes: Hashes): boolean {
  return VERSIONS.has(hashes);
}

/** See contentVersion; that of a whole is made once. */
export function versionOf(hashes: Hashes): string {
  return VERSIONS.get(hashes) ?? contentVersion(hashes);
}

/** Between two wholes they are looked for once. */
export function differences(from: Hashes, to: Hashes): Differences {
  if (!isWhole(from) || !isWhole(to)) return differencesNow(from, to);
  const known = DIFFERENCES.get(from)?.get(to);
  if (known !== undefined) return known;
  const found = differencesNow(from, to);
  const ofFrom = DIFFERENCES.get(from) ?? new WeakMap<Hashes, Differences>();
  DIFFERENCES.set(from, ofFrom.set(to, found));
  return found;
}

function differencesNow(from: Hashes, to: Hashes): Differences {
  const changed: string[] = [];
  const gone: string[] = [];
  if (from === to) return { changed, gone };
  for (const [name, hash] of to) if (from.get(name) !== hash) changed.push(name);
  for (const [name, hash] of from) if (hash !== GONE && !to.has(name)) gone.push(name);
  return { changed, gone };
}
