/**
 * What a command has done.
 */
import type { DocumentKind } from './model.ts';

/** What happened to one thing. */
export interface Change {
  readonly kind: DocumentKind | 'config' | 'scale' | 'run';
  /** For configuration `workload/key`. */
  readonly name: string;
  readonly action: 'created' | 'updated' | 'unchanged' | 'deleted';
}
