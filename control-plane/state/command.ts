/**
 * What can be asked of the state, and what comes of it.
 */
import type { FaultPolicy, FaultPolicyDraft } from './fault-policy.ts';
import type { HistoryRecord } from './history.ts';
import type { Document, DocumentKind, State } from './model.ts';
import type { RunAction } from './run-decision.ts';

/** A resource as the policy parser makes it: the state gives it revision and time, and a fault its end. */
export type ResourceDraft = DraftOf<Exclude<Document, FaultPolicy>> | FaultPolicyDraft;

type DraftOf<T> = T extends unknown ? Omit<T, 'revision' | 'createdAtMs' | 'origin'> : never;

/** A wish. `apply` grants it whole or not at all. `force` lets more than half of a kind go, see mass-deletion.ts. */
export type Command =
  | {
      readonly kind: 'apply';
      /** The file that the resources come from, or empty. */
      readonly origin: string;
      /** Deletes what came from the same origin before and is not here any more. */
      readonly prune: boolean;
      readonly resources: readonly ResourceDraft[];
      readonly force?: boolean;
    }
  | { readonly kind: 'delete'; readonly resource: DocumentKind; readonly name: string; readonly force?: boolean }
  | {
      readonly kind: 'restore';
      /** What is restored, in words. */
      readonly origin: string;
      readonly content: Omit<State, 'revision'>;
      /** The next revision is above it, as it is above the present one. */
      readonly revisionFloor: number;
      /** What leads to the content, oldest first: kept where there is no history yet. Null: there is none. */
      readonly history: readonly HistoryRecord[] | null;
      /** Whether it may take the place of what is there already. */
      readonly replaces: boolean;
      readonly force?: boolean;
    }
  | { readonly kind: 'scale'; readonly service: string; readonly replicas: number; readonly reason: string }
  | { readonly kind: 'run'; readonly service: string; readonly action: RunAction; readonly reason: string }
  | {
      readonly kind: 'set-config';
      readonly workload: string;
      readonly key: string;
      readonly value: string;
      /** Only if the value is still the one of this revision; 0: only if nothing is set. */
      readonly ifRevision?: number;
    }
  | { readonly kind: 'delete-config'; readonly workload: string; readonly key: string };

/** Why a command was not granted; nothing has changed. */
export interface Rejection {
  readonly code: 'not_found' | 'invalid' | 'needs_force' | 'conflict';
  readonly message: string;
  readonly details: readonly RejectionDetail[];
}

/** One place that is wrong. `path` is in the user's words, such as `HTTPRoute/catalog.spec.rules[0]`. */
export interface RejectionDetail {
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}
