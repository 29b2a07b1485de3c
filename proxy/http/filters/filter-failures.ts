/** Rows of the failure table that filters make from their configuration, with the words of Envoy in their bodies. */
import { DEADLINE_PASSED, type Failure, failure } from '../failure.ts';

/** A request that the RBAC filter denies, by the policy that decided it; `none` when none did. */
export function rbacDenied(policy: string): Failure {
  return {
    flag: '-',
    source: 'local',
    retry: 'never',
    status: 403,
    // It is one field of a log line, and of a header.
    details: `rbac_access_denied_matched_policy[${policy.replace(/[^\x21-\x7e]/g, '_')}]`,
    sentence:
      policy === 'none'
        ? 'The access rules (RBAC) allow nothing that this request would be.'
        : `The policy ${policy} of the access rules (RBAC) denies this request.`,
    body: 'RBAC: access denied',
    grpcStatus: null,
    resetCode: 0,
  };
}

/** A request that the fault filter ends. `grpcStatus` null follows from the status. */
export function faultAbort(status: number, grpcStatus: number | null): Failure {
  return {
    flag: 'FI',
    source: 'local',
    retry: 'never',
    status,
    details: 'fault_filter_abort',
    sentence: 'A fault was injected: the configuration wants this request to fail.',
    body: 'fault filter abort',
    grpcStatus,
    resetCode: 0,
  };
}

/** A request over a local rate limit. `grpcStatus` null follows from the status. */
export function rateLimited(status: number, grpcStatus: number | null): Failure {
  return {
    flag: 'RL',
    source: 'local',
    retry: 'never',
    status,
    details: 'local_rate_limited',
    sentence: 'There were more requests than the local rate limit lets through.',
    body: 'local_rate_limited',
    grpcStatus,
    resetCode: 0,
  };
}

/** What the adaptive limit knows when it refuses a request. */
export interface LimitState {
  readonly limit: number;
  readonly inFlight: number;
  readonly queued: number;
  readonly priority: string;
  /** How long the request has waited; 0 when it was not let into the queue. */
  readonly waitedMs: number;
}

/** A request for which the adaptive limit has no place. It has not reached the application. */
export function overLimit({ limit, inFlight, queued, priority, waitedMs }: LimitState): Failure {
  const waited = waitedMs > 0 ? ` It waited ${Math.round(waitedMs)} ms.` : '';
  const details = waitedMs > 0 ? 'adaptive_limit_wait_timeout' : 'adaptive_limit_overflow';
  const sentence =
    `The application is asked for more than it can do: ${inFlight} requests are in flight and ${queued} wait, the ` +
    `adaptive limit is ${limit}; the priority of this one is ${priority}.${waited}`;
  return failure('UO', 'local', 'yes', 503, details, sentence);
}

/** A request that nobody waits for any longer when it comes. `header` said so. */
export function expiredOnArrival(header: string): Failure {
  const sentence = `The deadline of the request (${header}) had passed when it came: the application was not asked.`;
  return { ...DEADLINE_PASSED, details: 'deadline_expired_on_arrival', sentence };
}

/** A request whose deadline, `ms` behind its arrival as `header` said, passes. `sent`: the application works on it. */
export function deadlineExceeded(header: string, ms: number, sent: boolean): Failure {
  const where = sent ? 'while the application worked on it' : 'before it was sent to the application';
  const sentence = `The deadline of the request, ${ms} ms by ${header}, passed ${where}.`;
  const details = sent ? 'deadline_exceeded' : 'deadline_exceeded_while_waiting';
  return { ...DEADLINE_PASSED, details, sentence };
}

/** A request over a quota. `share` is a second, here; `replicas` those that share the quota. */
export function quotaExceeded(name: string, service: string, rate: number, share: number, replicas: number): Failure {
  return {
    flag: 'RL',
    source: 'local',
    retry: 'never',
    status: 429,
    details: 'quota_exceeded',
    sentence:
      `The quota ${name} of ${service} is used up: ${rate} requests a second, of which each of ${replicas} ready ` +
      `replicas lets ${share} through.`,
    body: null,
    // RESOURCE_EXHAUSTED.
    grpcStatus: 8,
    resetCode: 0,
  };
}

/** A health check of this proxy that it does not pass. `sentence` says why. */
export function unhealthy(details: string, sentence: string): Failure {
  return failure('LH', 'local', 'never', 503, details, sentence);
}
