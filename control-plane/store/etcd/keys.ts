/**
 * PURE. How a mesh lies in etcd. Below the prefix:
 *
 *   mesh/revision               the revision, and the commit that made it; whoever commits compares it
 *   mesh/state/MAP/NAME         one object of the state
 *   mesh/history/REVISION       what is told of a commit
 *   mesh/batch/TOKEN/NUMBER     part of a commit that is too large for one transaction
 *   mesh/registry               the registry's table, compressed
 *   mesh/leader                 who leads, under that control plane's lease; every write compares it
 *   mesh/members/ID             where a control plane serves, under its lease
 *
 *   undo/REVISION/NUMBER        what undoes a commit
 *
 * All of `mesh/` is watched by every control plane. Names are escaped as in a URL: a slash is never part of one.
 */
import { STATE_MAPS, type StateMap } from '../../state/history.ts';

/** What a key stands for. */
export type Place =
  | { readonly kind: 'revision' | 'registry' | 'leader' }
  | { readonly kind: 'state'; readonly map: StateMap; readonly name: string }
  | { readonly kind: 'history'; readonly revision: number }
  | { readonly kind: 'batch'; readonly token: string; readonly index: number }
  | { readonly kind: 'member'; readonly id: string };

/** From `key` up to, and without, `rangeEnd`. */
export interface KeyRange {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
}

/** The keys of one prefix, as bytes. A path is what stands behind the prefix. */
export class Keys {
  readonly #prefix: string;

  /** `prefix` ends in a slash. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(place: Place): Buffer {
    return this.at(pathOf(place));
  }

  at(path: string): Buffer {
    return Buffer.from(this.#prefix + path);
  }

  /** What stands behind the prefix. */
  pathIn(key: Buffer): string {
    return key.toString('utf8', Buffer.byteLength(this.#prefix));
  }

  /** What the key stands for; undefined when a later version of this program has written it. */
  placeOf(key: Buffer): Place | undefined {
    return placeAt(this.pathIn(key));
  }

  /** All that is watched. */
  all(): KeyRange {
    return this.#below('mesh/');
  }

  /** All parts of one batch, or of every batch. */
  batch(token?: string): KeyRange {
    return this.#below(token === undefined ? 'mesh/batch/' : `mesh/batch/${token}/`);
  }

  /** What undoes the commits after a revision. */
  undoAfter(revision: number): KeyRange {
    return { key: this.at(undoPath(revision + 1, 0)), rangeEnd: this.#below('undo/').rangeEnd };
  }

  /** The end is the start with its last byte, a slash, raised by one. */
  #below(path: string): KeyRange {
    const rangeEnd = this.at(path);
    rangeEnd[rangeEnd.length - 1]! += 1;
    return { key: this.at(path), rangeEnd };
  }
}

/** Where a place is kept, behind the prefix. */
export function pathOf(place: Place): string {
  switch (place.kind) {
    case 'state':
      return `mesh/state/${place.map}/${encodeURIComponent(place.name)}`;
    case 'batch':
      return `mesh/batch/${place.token}/${String(place.index).padStart(6, '0')}`;
    case 'history':
      return `mesh/history/${sortable(place.revision)}`;
    case 'member':
      return `mesh/members/${encodeURIComponent(place.id)}`;
    default:
      return `mesh/${place.kind}`;
  }
}

/** The place of a path; undefined when it is none of ours. */
export function placeAt(path: string): Place | undefined {
  const [root, head, second, third] = path.split('/');
  if (root !== 'mesh') return undefined;
  if (head === 'revision' || head === 'registry' || head === 'leader') return { kind: head };
  if (second === undefined) return undefined;
  if (head === 'history') return { kind: 'history', revision: Number(second) };
  if (head === 'members') return { kind: 'member', id: decodeURIComponent(second) };
  if (third === undefined) return undefined;
  if (head === 'batch') return { kind: 'batch', token: second, index: Number(third) };
  const map = STATE_MAPS.find((each) => each === second);
  return head === 'state' && map !== undefined ? { kind: 'state', map, name: decodeURIComponent(third) } : undefined;
}

/** Where a part of what undoes a commit is kept, behind the prefix. */
export function undoPath(revision: number, part: number): string {
  return `undo/${sortable(revision)}/${String(part).padStart(6, '0')}`;
}

/** As many digits as a revision can have: keys are sorted as bytes. */
function sortable(revision: number): string {
  return String(revision).padStart(16, '0');
}
