/**
 * Who may do what. Over REST a role includes the ones before it; a workload's credential is for gRPC alone:
 *
 *   read        looks at everything but the audit log
 *   operate     changes what runs and how it is routed
 *   administer  ends the control plane, reads the audit log, and may be any node over gRPC
 *   workload    is one workload's: its sidecars and gRPC clients, and nobody else's
 */

/** What somebody may do over REST, from least to most. */
export const ROLES = ['read', 'operate', 'administer'] as const;
/** One of them. */
export type Role = (typeof ROLES)[number];

/** What a credential is for. */
export type Grant = Role | 'workload';

/** Whether `has` is enough where `needed` is asked for. */
export function allows(has: Grant, needed: Role): boolean {
  return has !== 'workload' && ROLES.indexOf(has) >= ROLES.indexOf(needed);
}

/** The workload that a credential is bound to. */
export interface WorkloadBinding {
  readonly workload: string;
  /** The services that it may answer for; null: those that the desired state gives the workload. */
  readonly services: readonly string[] | null;
  /** The one xDS node that it may be; null: any that `nodeIdFits`. */
  readonly nodeId: string | null;
}

/** Somebody who has proved who they are. */
export interface Principal {
  readonly name: string;
  readonly grant: Grant;
  /** By what they proved it: for the audit log. */
  readonly credential: 'token' | 'certificate' | 'local token' | 'replica token' | 'service account' | 'none';
  /** Set when the grant is `workload`, and only then. */
  readonly binding: WorkloadBinding | null;
}

/** Who everybody is where nobody is asked. */
export const ANYBODY: Principal = { name: 'anybody', grant: 'administer', credential: 'none', binding: null };
