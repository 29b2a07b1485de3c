/** Makes inputs near the border between valid and invalid out of the cases: edits by a seed, which replays them. */
import { SeededRandom } from '../../kernel/random.ts';
import { type Case, stepsOf } from './case.ts';

/** Longer inputs test limits, which the cases themselves do. */
const INPUT_BYTES_MAX = 2_048;
const BYTES = [...'\r\n\0 \t:;,/?#%.\\"\x7f\x80\xff0123456789abcdefXx_-@[]*'];

/** What a case sends, pauses and ends left out. */
export function bytesOf({ raw }: Case): string {
  return stepsOf(raw)
    .map((step) => (step.kind === 'bytes' ? step.text : ''))
    .join('');
}

export class Mutator {
  readonly #random: SeededRandom;
  readonly #inputs: readonly string[];
  readonly #fragments: readonly string[];

  /** `fragments` are put where lines begin, since elsewhere most of them only break a value. */
  constructor(seed: number, cases: readonly Case[], fragments: readonly string[]) {
    this.#random = new SeededRandom(seed);
    this.#inputs = cases.map(bytesOf).filter((text) => text.length <= INPUT_BYTES_MAX);
    this.#fragments = fragments;
  }

  /** An input with up to three edits. `own` are fragments of this input alone. */
  next(own: readonly string[] = []): string {
    let text = this.any(this.#inputs);
    const edits = this.below(4);
    for (let i = 0; i < edits; i++) text = this.#edit(text, own);
    return text;
  }

  /** The input in one piece, or cut in two or three. */
  pieces(text: string): readonly string[] {
    const cuts = Array.from({ length: this.below(3) }, () => this.below(text.length + 1)).sort((a, b) => a - b);
    return [0, ...cuts].map((from, i) => text.slice(from, cuts[i])).filter((piece) => piece !== '');
  }

  any<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  #edit(text: string, own: readonly string[]): string {
    const at = this.below(text.length + 1);
    const length = 1 + this.below(12);
    switch (this.below(7)) {
      case 0:
        return text.slice(0, at) + this.any(BYTES) + text.slice(at);
      case 1:
        return text.slice(0, at) + this.any(BYTES) + text.slice(at + 1);
      case 2:
        return text.slice(0, at) + text.slice(at + length);
      case 3:
        return text.slice(0, at + length) + text.slice(at);
      case 4:
        return text + this.any(this.#inputs);
      case 5:
        return own.length > 0 ? this.#atLine(text, this.any(own)) : text;
      default:
        return this.#atLine(text, this.any(this.#fragments));
    }
  }

  #atLine(text: string, fragment: string): string {
    const starts = [...text.matchAll(/\r\n/g)].map((match) => match.index + 2);
    const at = this.any([0, ...starts, text.length]);
    return text.slice(0, at) + fragment + text.slice(at);
  }
}
