/**
 * What is wrong with the state as a whole, and what should be known of it.
 */
import type { DocumentKind } from './model.ts';

/** Something about one resource. */
export interface ResourceProblem {
  readonly resource: { readonly kind: DocumentKind; readonly name: string };
  /** Where in the user's document, such as `spec.rules[0].backendRefs[1].name`. */
  readonly path: string;
  readonly message: string;
  /** The nearest name that exists. */
  readonly suggestion?: string;
}
