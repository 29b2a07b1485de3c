/**
 * What is wrong with what a user wrote, and where.
 */

/** One mistake. */
export interface Problem {
  /** As the caller named the document, for instance `compose.yaml`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** The place in the document's own words, such as `services.catalog.deploy.replicas`. */
  readonly path: string;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
}

/** Orders problems as a reader meets them in the file. */
export function byPosition(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
