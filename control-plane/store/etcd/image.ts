/**
 * What etcd holds of the mesh, in memory: the state, and what control planes know of each other. No I/O: it is told.
 *
 * Objects change only together with `mesh/revision`; objects that change without it are a batch being unfolded, which
 * has counted since its revision came. That makes every revision appear at once, whole, and one time only.
 */

import { STATE_MAPS, type StateMap } from '../../state/history.ts';
import { EMPTY_STATE, type State } from '../../state/model.ts';
import { upgraded } from '../upgrade.ts';
import { type Edit, editsIn, NO_POINTER, type Pointer } from './edits.ts';
import { type KeptMark, markIn } from './history.ts';
import { type Keys, placeAt } from './keys.ts';

/** A key that was written or, with null, deleted. */
export interface KeyChange {
  readonly key: Buffer;
  readonly value: Buffer | null;
  /** etcd's revision of the change. */
  readonly modRevision: number;
  /** etcd's revision at which the key came to be; of a deleted key nothing. */
  readonly createRevision: number;
}

/** What a key under a lease says, and the revision that tells it from an earlier one. */
export interface Claim {
  readonly value: string;
  readonly createRevision: number;
}

/** What has changed in an image. */
export interface ImageChange {
  readonly state: boolean;
  readonly leader: boolean;
}

/** See the head of this file. */
export class Image {
  readonly #keys: Keys;
  #state = EMPTY_STATE;
  /** Oldest first. */
  #history: readonly KeptMark[] = [];
  #pointer = NO_POINTER;
  /** etcd's revision of the pointer; 0: there is none yet. */
  #mark = 0;
  #batches = new Map<string, Map<number, Buffer>>();
  #registry: Buffer | null = null;
  #leader: Claim | null = null;
  #members = new Map<string, string>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  get state(): State {
    return this.#state;
  }

  /** What is told of the commits that are kept, oldest first. */
  get history(): readonly KeptMark[] {
    return this.#history;
  }

  get pointer(): Pointer {
    return this.#pointer;
  }

  /** etcd's revision at which the state became what it is. Whoever commits compares it. */
  get mark(): number {
    return this.#mark;
  }

  get registry(): Buffer | null {
    return this.#registry;
  }

  get leader(): Claim | null {
    return this.#leader;
  }

  /** What each control plane says of itself, by id. */
  get members(): ReadonlyMap<string, string> {
    return this.#members;
  }

  /** What is left to unfold. */
  pending(): readonly Edit[] {
    const { batch } = this.#pointer;
    return batch === null ? [] : this.#edits(batch);
  }

  /** Begins anew from all keys that there are, of one revision. */
  load(all: readonly KeyChange[]): ImageChange {
    const [commit, leader] = [this.#pointer.commit, this.#leader?.createRevision];
    this.#batches = new Map();
    this.#members = new Map();
    this.#registry = null;
    this.#leader = null;
    const objects: Edit[] = [];
    let pointer: KeyChange | undefined;
    for (const change of all) {
      const place = this.#keys.placeOf(change.key);
      if (place?.kind === 'revision') pointer = change;
      else if (place?.kind === 'state' || place?.kind === 'history') objects.push(this.#editOf(change));
      else this.#takeOther(change);
    }
    this.#pointer = pointer === undefined ? NO_POINTER : pointerIn(pointer);
    this.#mark = pointer?.modRevision ?? 0;
    // A state that is not new stays the same object: nobody is told of it, and none of it is written again.
    const state = this.#pointer.commit !== commit;
    if (state) {
      const { revision } = this.#pointer;
      const edits = [...objects, ...this.pending()];
      this.#state = edited(EMPTY_STATE, edits, revision);
      this.#history = told([], edits);
    }
    return { state, leader: leader !== this.leader?.createRevision };
  }

  /** Takes in what has changed, in the order in which it did. Throws when a part of a batch is missing. */
  apply(changes: readonly KeyChange[]): ImageChange {
    let [state, leader] = [false, false];
    for (const group of Map.groupBy(changes, ({ modRevision }) => modRevision).values()) {
      const before = this.#leader?.createRevision;
      const objects: Edit[] = [];
      let pointer: KeyChange | undefined;
      for (const change of group) {
        const place = this.#keys.placeOf(change.key);
        if (place?.kind === 'revision') pointer = change;
        else if (place?.kind === 'state' || place?.kind === 'history') objects.push(this.#editOf(change));
        else this.#takeOther(change);
      }
      leader ||= before !== this.leader?.createRevision;
      if (pointer !== undefined && pointer.modRevision > this.#mark) state = this.#advance(pointer, objects) || state;
    }
    return { state, leader };
  }

  /** Our own commit was done: true when that is news. What the watch tells of it later, or has told already, is not. */
  adopt(state: State, edits: readonly Edit[], pointer: Pointer, mark: number): boolean {
    if (mark < this.#mark) return false;
    this.#state = state;
    if (mark === this.#mark) return false;
    this.#history = told(this.#history, edits);
    this.#pointer = pointer;
    this.#mark = mark;
    return true;
  }

  /** True when there is another revision now. */
  #advance(change: KeyChange, objects: readonly Edit[]): boolean {
    const pointer = pointerIn(change);
    const fresh = pointer.commit !== this.#pointer.commit;
    const edits = fresh && pointer.batch !== null ? this.#edits(pointer.batch) : objects;
    this.#pointer = pointer;
    this.#mark = change.value === null ? 0 : change.modRevision;
    if (!fresh) return false;
    this.#state = edited(this.#state, edits, pointer.revision);
    this.#history = told(this.#history, edits);
    return true;
  }

  #takeOther(change: KeyChange): void {
    const place = this.#keys.placeOf(change.key);
    const { value } = change;
    if (place?.kind === 'registry') this.#registry = value;
    if (place?.kind === 'leader') {
      this.#leader = value === null ? null : { value: value.toString('utf8'), createRevision: change.createRevision };
    }
    if (place?.kind === 'member') {
      if (value === null) this.#members.delete(place.id);
      else this.#members.set(place.id, value.toString('utf8'));
    }
    if (place?.kind === 'batch') this.#takePart(place.token, place.index, value);
  }

  #takePart(token: string, index: number, value: Buffer | null): void {
    const parts = this.#batches.get(token) ?? new Map<number, Buffer>();
    if (value === null) parts.delete(index);
    else parts.set(index, value);
    if (parts.size === 0) this.#batches.delete(token);
    else this.#batches.set(token, parts);
  }

  #edits({ token, parts }: NonNullable<Pointer['batch']>): Edit[] {
    const known = this.#batches.get(token);
    const all = Array.from({ length: parts }, (_, i) => known?.get(i));
    if (all.includes(undefined)) throw new Error(`batch ${token} lacks a part of its ${parts}`);
    return editsIn(all as Buffer[]);
  }

  #editOf({ key, value }: KeyChange): Edit {
    return { path: this.#keys.pathIn(key), value: value === null ? null : value.toString('utf8') };
  }
}

function pointerIn({ value }: KeyChange): Pointer {
  return value === null ? NO_POINTER : (JSON.parse(value.toString('utf8')) as Pointer);
}

/** The state with these objects in it. Edits of anything else are left out. */
function edited(state: State, edits: readonly Edit[], revision: number): State {
  const maps = new Map<StateMap, Map<string, unknown>>();
  for (const { path, value } of edits) {
    const place = placeAt(path);
    if (place?.kind !== 'state') continue;
    const { map, name } = place;
    if (!maps.has(map)) maps.set(map, new Map<string, unknown>(state[map]));
    if (value === null) maps.get(map)!.delete(name);
    else maps.get(map)!.set(name, upgraded(map, JSON.parse(value)));
  }
  const changed = STATE_MAPS.filter((kind) => maps.has(kind)).map((kind) => [kind, maps.get(kind)!] as const);
  // Each object was written from one of its map.
  return { ...state, ...(Object.fromEntries(changed) as Partial<State>), revision };
}

/** The history with these edits in it. */
function told(history: readonly KeptMark[], edits: readonly Edit[]): readonly KeptMark[] {
  const marks = new Map(history.map((mark) => [mark.entry.revision, mark]));
  for (const { path, value } of edits) {
    const place = placeAt(path);
    if (place?.kind !== 'history') continue;
    if (value === null) marks.delete(place.revision);
    else marks.set(place.revision, markIn(value));
  }
  return [...marks.values()].sort((a, b) => a.entry.revision - b.entry.revision);
}
