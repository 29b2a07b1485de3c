/**
 * What can be asked of the state, and what comes of it.
 */
import type { FaultPolicy, FaultPolicyDraft } from './fault-policy.ts';
import type { Document, DocumentKind } from './model.ts';
import type { RunAction } from './run-decision.ts';

/** A resource as the policy parser makes it: the state gives it revision and time, and a fault its end. */
export type ResourceDraft = DraftOf<Exclude<Document, FaultPolicy>> | FaultPolicyDraft;

type DraftOf<T> = T extends unknown ? Omit<T, 'revision' | 'createdAtMs' | 'origin'> : never;

/** A wish. `apply` grants it whole or not at all. */
export type Command =
  | {
      readonly kind: 'apply';
      /** The file that the resources come from, or empty. */
      readonly origin: string;
      /** Deletes what came from the same origin before and is not here any more. */
      readonly prune: boolean;
      readonly resources: readonly ResourceDraft[];
    }
  | { readonly kind: 'delete'; readonly resource: DocumentKind; readonly name: string }
  | { readonly kind: 'scale'; readonly service: string; readonly replicas: number; readonly reason: string }
  | { readonly kind: 'run'; readonly service: string; readonly action: RunAction; readonly reason: string }
  | { readonly kind: 'set-config'; readonly workload: string; readonly key: string; readonly value: string }
  | { readonly kind: 'delete-config'; readonly workload: string; readonly key: string };

/** What happened to one thing. */
export interface Change {
  readonly kind: DocumentKind | 'config' | 'scale' | 'run';
  /** For configuration `workload/key`. */
  readonly name: string;
  readonly action: 'created' | 'updated' | 'unchanged' | 'deleted';
}

/** Why a command was not granted; nothing has changed. */
export interface Rejection {
  readonly code: 'not_found' | 'invalid';
  readonly message: string;
  readonly details: readonly RejectionDetail[];
}

/** One place that is wrong. `path` is in the user's words, such as `HTTPRoute/catalog.spec.rules[0]`. */
export interface RejectionDetail {
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}
