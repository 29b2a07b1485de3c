/**
 * A set of objects that come and go often, in no order. What has gone is not referred to any more, which a Set or a Map
 * does not do: after so many additions V8 gives it a new table, and the old one goes on referring to what it held. Once both
 * have moved into the old generation, everything that was in the set at that moment moves there, too, long dead.
 *
 * Each member keeps its place, so that it is in one roster at a time.
 */
import { assert } from './assert.ts';

/** What may be in a roster. */
export interface Rostered {
  /** The roster's; NOWHERE outside of one. */
  place: number;
}

/** In no roster. */
export const NOWHERE = -1;

/** See the head of this file. */
export class Roster<Member extends Rostered> {
  /** The first `#size` are members. It only grows: a list that shrinks is copied when it grows again. */
  readonly #members: (Member | null)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The member must be in no roster. HOT. */
  add(member: Member): void {
    assert(member.place === NOWHERE, 'it is in a roster already');
    member.place = this.#size;
    if (this.#size === this.#members.length) this.#members.push(member);
    else this.#members[this.#size] = member;
    this.#size++;
  }

  /** Whether it was in it: a member may only be asked of its own roster, or of any when it is in none. HOT. */
  delete(member: Member): boolean {
    const { place } = member;
    if (place === NOWHERE) return false;
    const last = this.#members[--this.#size]!;
    this.#members[this.#size] = null;
    if (last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = NOWHERE;
    return true;
  }

  /** Those that are in it now: they may leave while one goes through them. */
  values(): Member[] {
    return this.#members.slice(0, this.#size) as Member[];
  }
}
