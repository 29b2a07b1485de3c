/**
 * What a client may ask for: every name that it tells is kept until it takes it back, so their length and number are
 * bounded.
 */
import { RESOURCE_NAME_BYTES_MAX, SUBSCRIBED_NAMES_MAX } from '../../protos/contract/limits.ts';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';

/** The first name that is too long, as a sentence; undefined when there is none. */
export function longNameProblem(kind: ResourceKind, names: Iterable<string>): string | undefined {
  for (const name of names) {
    // No character takes more than three bytes of UTF-8 for each unit of UTF-16.
    if (name.length * 3 <= RESOURCE_NAME_BYTES_MAX) continue;
    const bytes = Buffer.byteLength(name);
    if (bytes > RESOURCE_NAME_BYTES_MAX)
      return `${kind}: a name has ${bytes} bytes: at most ${RESOURCE_NAME_BYTES_MAX} are allowed`;
  }
  return undefined;
}

/** The same for how many names are subscribed, or told as held. */
export function countProblem(kind: ResourceKind, count: number, verb: 'subscribed' | 'held'): string | undefined {
  if (count <= SUBSCRIBED_NAMES_MAX) return undefined;
  return `${kind}: ${count} names are ${verb}: at most ${SUBSCRIBED_NAMES_MAX} are allowed`;
}
