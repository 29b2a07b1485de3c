/**
 * Is a history of one register linearizable: is there an order of its operations in which each takes effect at one moment of
 * its interval and has the result that it had?
 *
 * The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) over the list of calls and returns: an
 * operation whose call stands before the first return may come next. Lowe's memoisation ("Testing for Linearizability",
 * 2017): a set of operations done and a value that were met before lead nowhere new. Operations of unknown outcome
 * return never; they need not be done.
 */
import { type Span, step } from './history.ts';

/** What was found. */
export interface Verdict {
  readonly linearizable: boolean;
  /** The most operations that any order could explain, in that order: what follows is where it breaks. */
  readonly longest: readonly Span[];
  /** States of the search that were looked at. */
  readonly states: number;
}

/** A call, or the return of one, in a doubly linked list by time. */
interface Entry {
  readonly index: number;
  /** Of a call: its return. Null: this is a return. */
  readonly match: Entry | null;
  previous: Entry | null;
  next: Entry | null;
}

/** One step that was taken and may be taken back. */
interface Taken {
  readonly entry: Entry;
  readonly valueBefore: string | null;
}

/** Checks the spans of one register, which holds `initial` at first. Throws when the search outgrows `statesMax`. */
export function check(spans: readonly Span[], initial: string | null = null, statesMax = 5_000_000): Verdict {
  const head = listOf(spans);
  const seen = new Set<string>();
  const done = new Done(spans.length);
  const taken: Taken[] = [];
  let longest: readonly Span[] = [];
  let value = initial;
  let certain = spans.filter(({ endedAt }) => endedAt !== Infinity).length;
  let entry = head.next;
  while (certain > 0) {
    // A return, or the end: whatever is still open cannot explain it.
    if (entry === null || entry.match === null) {
      const last = taken.pop();
      if (last === undefined) return { linearizable: false, longest, states: seen.size };
      value = last.valueBefore;
      done.remove(last.entry.index);
      certain += certainty(spans[last.entry.index]!);
      unlift(last.entry);
      entry = last.entry.next;
      continue;
    }
    const span = spans[entry.index]!;
    const next = step(span.operation, value);
    if (next === undefined || !isNew(seen, done.with(entry.index), next.value)) {
      entry = entry.next;
      continue;
    }
    if (seen.size > statesMax) throw new Error(`the search has met ${statesMax} states: record a shorter history`);
    taken.push({ entry, valueBefore: value });
    value = next.value;
    done.add(entry.index);
    certain -= certainty(span);
    lift(entry);
    if (taken.length > longest.length) longest = taken.map((each) => spans[each.entry.index]!);
    entry = head.next;
  }
  return { linearizable: true, longest, states: seen.size };
}

/** Which operations are done. */
class Done {
  readonly #words: Uint32Array;

  constructor(count: number) {
    this.#words = new Uint32Array(Math.ceil(count / 32));
  }

  add(index: number): void {
    this.#words[index >>> 5]! |= 1 << (index & 31);
  }

  remove(index: number): void {
    this.#words[index >>> 5]! &= ~(1 << (index & 31));
  }

  /** These and one more, as a text: without the words at both ends that are full or empty. */
  with(index: number): string {
    this.add(index);
    let start = 0;
    let end = this.#words.length;
    while (start < end && this.#words[start] === 0xffff_ffff) start++;
    while (end > start && this.#words[end - 1] === 0) end--;
    const text = `${start}:${this.#words.subarray(start, end).join(',')}`;
    this.remove(index);
    return text;
  }
}

function isNew(seen: Set<string>, done: string, value: string | null): boolean {
  const size = seen.size;
  seen.add(`${done}|${value === null ? '' : `=${value}`}`);
  return seen.size > size;
}

/** Operations that have to be explained. */
function certainty({ endedAt }: Span): number {
  return endedAt === Infinity ? 0 : 1;
}

/** The list; its head is no entry of it. Of a call and a return at the same time the call comes first: they overlap. */
function listOf(spans: readonly Span[]): Entry {
  const moments = spans.flatMap(({ startedAt, endedAt }, index) => [
    { index, at: startedAt, call: true },
    { index, at: endedAt, call: false },
  ]);
  moments.sort((a, b) => (a.at === b.at ? Number(b.call) - Number(a.call) : a.at - b.at));
  const returns = spans.map((_, index): Entry => ({ index, match: null, previous: null, next: null }));
  const head: Entry = { index: -1, match: null, previous: null, next: null };
  let last = head;
  for (const { index, call } of moments) {
    const entry = call ? { index, match: returns[index]!, previous: null, next: null } : returns[index]!;
    entry.previous = last;
    last.next = entry;
    last = entry;
  }
  return head;
}

/** Takes a call and its return out of the list. */
function lift(entry: Entry): void {
  for (const each of [entry, entry.match!]) {
    each.previous!.next = each.next;
    if (each.next !== null) each.next.previous = each.previous;
  }
}

/** Puts them back where they were. */
function unlift(entry: Entry): void {
  for (const each of [entry.match!, entry]) {
    each.previous!.next = each;
    if (each.next !== null) each.next.previous = each;
  }
}
