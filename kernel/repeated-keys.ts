/**
 * Keys that stand twice in one map of a YAML document. The library's own check compares every key with every other of its map:
 * a second for 10,000 of them, and hours for a file of some megabytes, in which nothing else is done. Parse with
 * `uniqueKeys: false` and have them noted here.
 */
import { type Document, isScalar, type LineCounter, type Scalar, visit, YAMLParseError } from 'yaml';

/**
 * Adds them to the document's errors, which stay in the order of the text, as the library would have. `lines` is what the
 * document was parsed with; keys of which `mayRepeat` is true are left out.
 */
export function noteRepeatedKeys(
  document: Document,
  lines: LineCounter,
  mayRepeat: (key: Scalar) => boolean = () => false,
): void {
  for (const key of repeatedKeys(document)) {
    if (mayRepeat(key)) continue;
    const [start = 0, end = start] = key.range ?? [];
    const error = new YAMLParseError([start, end], 'DUPLICATE_KEY', 'Map keys must be unique');
    error.linePos = [lines.linePos(start)];
    document.errors.push(error);
  }
  document.errors.sort((a, b) => a.pos[0] - b.pos[0]);
}

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
