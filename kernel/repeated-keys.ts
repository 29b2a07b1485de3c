/**
 * Keys that stand twice in one map of a YAML document. The library's own check compares every key with every other of its map:
 * a second for 10,000 of them, and hours for a file of some megabytes, in which nothing else is done. Parse with
 * `uniqueKeys: false` and ask here.
 */
import { type Document, isScalar, type Scalar, visit } from 'yaml';

/** What the library says of them. */
export const REPEATED_KEY = 'Map keys must be unique';

/** The second and later ones, in the order of the text. Keys that are no scalars are different from each other. */
export function repeatedKeys(document: Document): Scalar[] {
  const repeated: Scalar[] = [];
  visit(document, {
    Map(_at, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) repeated.push(key);
        seen.add(key.value);
      }
    },
  });
  return repeated.sort((a, b) => (a.range?.[0] ?? 0) - (b.range?.[0] ?? 0));
}
