/**
 * Decides whether a backtracking matcher could take exponential time on a pattern.
 *
 * RE2 runs in linear time whatever the pattern; JavaScript backtracks. It is exponential exactly when some part inside a
 * loop can read one text in two ways. That is decided on the position automaton (one state per character set, Glushkov
 * 1961): two different walks from a state back to itself over the same text exist if and only if, in the product of the
 * automaton with itself, a pair of different states lies on a cycle with a pair of equal ones. Two ways to take the same
 * step (as in `(a+)+`) count as well. Polynomial cases such as `.*a.*b` are accepted, since values are bounded in length.
 */
import type { RegexNode } from './regex-syntax.ts';

/** Most states that are analysed; larger patterns are refused by the caller. */
export const POSITIONS_MAX = 120;

/** Counted repetition up to this is unrolled in thought; above, it is treated as a loop. */
const UNROLLED_MAX = 4;

/** What a part of the pattern contributes to the automaton. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly nullable: boolean;
}

/** Answers `'too-large'`, true when the pattern may take exponential time, or false. */
export function isExponential(tree: RegexNode): boolean | 'too-large' {
  const automaton = new PositionAutomaton();
  automaton.add(tree);
  if (automaton.sets.length > POSITIONS_MAX) return 'too-large';
  return automaton.isAmbiguousInLoop();
}

class PositionAutomaton {
  readonly sets: ReadonlySet<number>[] = [];
  /** For each position the positions that may follow, with the number of ways to get there. */
  readonly #follow: Map<number, number>[] = [];

  add(node: RegexNode): Part {
    switch (node.kind) {
      case 'set': {
        const position = this.sets.push(node.codes) - 1;
        this.#follow.push(new Map());
        return { first: [position], last: [position], nullable: false };
      }
      case 'assert':
        return { first: [], last: [], nullable: true };
      case 'group':
        return this.add(node.body);
      case 'choice':
        return this.#choice(node.options.map((option) => this.add(option)));
      case 'concat':
        return this.#concat(node.parts.map((part) => this.add(part)));
      case 'repeat': {
        const body = this.add(node.body);
        const isLoop = node.max > UNROLLED_MAX;
        if (isLoop) this.#link(body.last, body.first);
        // A counted loop may spend any of its rounds on nothing: one more way for every step back.
        if (isLoop && node.max !== Infinity && body.nullable) this.#link(body.last, body.first);
        return { ...body, nullable: body.nullable || node.min === 0 };
      }
    }
  }

  #choice(parts: readonly Part[]): Part {
    return {
      first: parts.flatMap((part) => part.first),
      last: parts.flatMap((part) => part.last),
      nullable: parts.some((part) => part.nullable),
    };
  }

  #concat(parts: readonly Part[]): Part {
    let whole: Part = { first: [], last: [], nullable: true };
    for (const part of parts) {
      this.#link(whole.last, part.first);
      whole = {
        first: whole.nullable ? [...whole.first, ...part.first] : whole.first,
        last: part.nullable ? [...whole.last, ...part.last] : part.last,
        nullable: whole.nullable && part.nullable,
      };
    }
    return whole;
  }

  #link(from: readonly number[], to: readonly number[]): void {
    for (const source of from) {
      const follow = this.#follow[source]!;
      for (const target of to) follow.set(target, (follow.get(target) ?? 0) + 1);
    }
  }

  isAmbiguousInLoop(): boolean {
    const component = stronglyConnected(this.#productSteps());
    const diagonal = new Set(this.sets.map((_, state) => component.get(this.#pair(state, state))));
    for (const [pair, id] of component) {
      const [left, right] = [Math.floor(pair / this.sets.length), pair % this.sets.length];
      if (left !== right && diagonal.has(id)) return true;
      if (left === right && this.#doubleStepInside(left, id, component)) return true;
    }
    return false;
  }

  /** True when two ways of taking one step both stay in the loop. */
  #doubleStepInside(from: number, id: number, component: ReadonlyMap<number, number>): boolean {
    return [...this.#follow[from]!].some(
      ([target, ways]) => ways > 1 && component.get(this.#pair(target, target)) === id,
    );
  }

  /** Steps of two walks over the same text that begin at one state; a pair is `left * size + right`. */
  #productSteps(): ReadonlyMap<number, readonly number[]> {
    const meets = this.sets.map((a) => this.sets.map((b) => !a.isDisjointFrom(b)));
    const steps = new Map<number, number[]>();
    const open = this.sets.map((_, state) => this.#pair(state, state));
    for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
      if (steps.has(pair)) continue;
      const targets: number[] = [];
      for (const a of this.#follow[Math.floor(pair / this.sets.length)]!.keys()) {
        for (const b of this.#follow[pair % this.sets.length]!.keys())
          if (meets[a]![b]!) targets.push(this.#pair(a, b));
      }
      steps.set(pair, targets);
      open.push(...targets.filter((target) => !steps.has(target)));
    }
    return steps;
  }

  #pair(left: number, right: number): number {
    return left * this.sets.length + right;
  }
}

/** Number of the strongly connected component of every node (Tarjan 1972, without recursion). */
function stronglyConnected(steps: ReadonlyMap<number, readonly number[]>): ReadonlyMap<number, number> {
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const component = new Map<number, number>();
  const stack: number[] = [];
  for (const root of steps.keys()) {
    const walk = order.has(root) ? [] : [{ node: root, next: 0 }];
    while (walk.length > 0) {
      const frame = walk.at(-1)!;
      const { node } = frame;
      if (frame.next === 0) {
        order.set(node, order.size);
        low.set(node, order.get(node)!);
        stack.push(node);
      }
      const target = steps.get(node)![frame.next++];
      if (target !== undefined) {
        if (!order.has(target)) walk.push({ node: target, next: 0 });
        else if (!component.has(target)) low.set(node, Math.min(low.get(node)!, order.get(target)!));
        continue;
      }
      walk.pop();
      if (low.get(node) === order.get(node)) {
        for (let member = stack.pop()!; ; member = stack.pop()!) {
          component.set(member, order.get(node)!);
          if (member === node) break;
        }
      }
      const parent = walk.at(-1)?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(node)!));
    }
  }
  return component;
}
