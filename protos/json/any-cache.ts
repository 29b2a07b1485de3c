/**
 * Anys that were read and encoded before, by the text of their JSON. Resources of one mesh are made of the same few: the
 * retry predicate, the balancer, the filters.
 */
import type { Any } from '../gen/google/protobuf/any.ts';

/** Characters of all texts together; when there are more, everything is forgotten. */
const CHARACTERS_MAX = 2 ** 20;

/** See the head of this file. What it gives back is shared: it must not be changed. */
export class AnyCache {
  readonly #known = new Map<string, Any>();
  #characters = 0;

  get(text: string): Any | undefined {
    return this.#known.get(text);
  }

  /** One that is too long by itself is not kept. */
  set(text: string, any: Any): void {
    if (text.length > CHARACTERS_MAX) return;
    if (this.#characters + text.length > CHARACTERS_MAX) {
      this.#known.clear();
      this.#characters = 0;
    }
    this.#known.set(text, any);
    this.#characters += text.length;
  }
}
