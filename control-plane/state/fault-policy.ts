/**
 * FaultPolicy: failures made on purpose in front of one service's application. They end by themselves.
 */
import type { Resource } from './resource.ts';
import type { RequestMatch } from './traffic-policy.ts';

/** No fault lasts longer: 24 hours. */
export const FAULT_DURATION_MS_MAX = 24 * 3_600_000;

/** What a user wrote. */
export interface FaultPolicyDraft extends Omit<Resource, 'revision' | 'createdAtMs' | 'origin'> {
  readonly kind: 'faultpolicy';
  readonly service: string;
  readonly match: RequestMatch;
  /** One of the two is not null. */
  readonly delay: { readonly durationMs: number; readonly percent: number } | null;
  readonly abort: FaultAbort | null;
  /** `for`, counted from the apply, or `expiresAt`, in milliseconds since 1970. */
  readonly lasts: { readonly kind: 'for'; readonly ms: number } | { readonly kind: 'until'; readonly atMs: number };
}

/** What it is answered with instead. */
export interface FaultAbort {
  readonly answer: { readonly kind: 'http' | 'grpc'; readonly status: number };
  readonly percent: number;
}

/** A fault and its end. */
export interface FaultPolicy extends FaultPolicyDraft, Resource {
  /** Milliseconds since 1970. From then on it does nothing, and stays only to be seen. */
  readonly expiresAtMs: number;
}

/** When a fault ends that is applied now. */
export function expiryOf({ lasts }: FaultPolicyDraft, nowMs: number): number {
  return lasts.kind === 'until' ? lasts.atMs : nowMs + lasts.ms;
}
