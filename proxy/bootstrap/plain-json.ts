/**
 * JSON text that JSON.parse reads as the YAML parser would: most bootstraps are written by programs, and for them the YAML
 * parser (250 kB of code) need not be loaded.
 */

/** The value; undefined when the text is no JSON, or names a member twice, which YAML refuses and JSON.parse does not. */
export function parsePlainJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return countMembers(value) === countColons(text) ? value : undefined;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children: unknown[] = Array.isArray(value) ? value : Object.values(value);
  const own = Array.isArray(value) ? 0 : children.length;
  return children.reduce((sum: number, child) => sum + countMembers(child), own);
}

/** Colons outside of strings: as many as members were written. */
function countColons(text: string): number {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
}
