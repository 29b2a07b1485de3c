/**
 * Who a workload is: a SPIFFE ID of the form that Istio and Kubernetes meshes use,
 *
 *   spiffe://<trust domain>/ns/<namespace>/sa/<workload>
 *
 * It stands as URI in the certificate and as principal in authorization policies.
 */
import { labelProblem } from './names.ts';

/** The parts of an id. */
export interface WorkloadId {
  /** A DNS name, lower case. */
  readonly trustDomain: string;
  readonly namespace: string;
  readonly workload: string;
}

/** Writes an id. Throws when a part is not allowed: the caller has checked them where they were entered. */
export function formatWorkloadId(id: WorkloadId): string {
  const problem = workloadIdProblem(id);
  if (problem !== undefined) throw new Error(problem);
  return `spiffe://${id.trustDomain}/ns/${id.namespace}/sa/${id.workload}`;
}

/** Reads an id; undefined when the text is no SPIFFE ID of this form. */
export function parseWorkloadId(text: string): WorkloadId | undefined {
  const match = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(text);
  if (match === null) return undefined;
  const id = { trustDomain: match[1]!, namespace: match[2]!, workload: match[3]! };
  return workloadIdProblem(id) === undefined ? id : undefined;
}

/** What is wrong with the parts of an id, or undefined. */
export function workloadIdProblem(id: WorkloadId): string | undefined {
  return (
    trustDomainProblem(id.trustDomain) ??
    labelProblem('namespace', id.namespace) ??
    labelProblem('workload', id.workload)
  );
}

function trustDomainProblem(domain: string): string | undefined {
  if (domain.length > 255) return `the trust domain has ${domain.length} characters; at most 255 are allowed`;
  if (/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(domain)) return undefined;
  return `trust domain ${JSON.stringify(domain)} is no DNS name; use lower case letters, digits, dots and hyphens`;
}
