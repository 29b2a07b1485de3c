/**
 * Deleting most of what there is of a kind is more often a slip (the wrong file, an empty one) than a wish: it has to be
 * insisted on.
 */

import type { DocumentKind, Documents } from './model.ts';
import { DOCUMENT_KINDS, resourcesOf } from './queries.ts';

/** Fewer go without a question: small meshes change by halves every day. */
export const MASS_DELETION_MIN = 3;
const NAMES_SHOWN_MAX = 10;

/** What would go of one kind. */
export interface MassDeletion {
  readonly kind: DocumentKind;
  /** How many there are. */
  readonly before: number;
  /** The names of those that would go, sorted. */
  readonly names: readonly string[];
}

/** The kinds of which more than half would go, and at least MASS_DELETION_MIN. */
export function massDeletions(before: Documents, after: Documents): MassDeletion[] {
  return DOCUMENT_KINDS.flatMap((kind) => {
    const old = resourcesOf(before, kind);
    const kept = resourcesOf(after, kind);
    const names = [...old.keys()].filter((name) => !kept.has(name)).sort();
    return names.length >= MASS_DELETION_MIN && names.length * 2 > old.size ? [{ kind, before: old.size, names }] : [];
  });
}

/** Such as `4 of 5 httproutes would be deleted: a, b, c, d`. */
export function massDeletionText({ kind, before, names }: MassDeletion): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  const more = names.length > NAMES_SHOWN_MAX ? `, and ${names.length - NAMES_SHOWN_MAX} more` : '';
  return `${names.length} of ${before} resources of kind ${kind} would be deleted: ${shown}${more}`;
}
