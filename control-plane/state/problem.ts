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

/** Says what is wrong at a path of one resource. */
export type Report = (path: string, message: string, suggestion?: string) => void;

/** Reports about `resource` go into `found`. */
export function reporter(found: ResourceProblem[], { kind, name }: ResourceProblem['resource']): Report {
  return (path, message, suggestion) =>
    found.push({ resource: { kind, name }, path, message, ...(suggestion === undefined ? {} : { suggestion }) });
}
