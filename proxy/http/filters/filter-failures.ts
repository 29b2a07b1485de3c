/** Rows of the failure table that filters make from their configuration, with the words of Envoy in their bodies. */
import type { Failure } from '../failure.ts';

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
