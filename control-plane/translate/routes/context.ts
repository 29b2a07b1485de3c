/**
 * What surrounds the routes of one service while they are made.
 */
import type { Protocol } from '../../state/model.ts';
import type { TrafficPolicy } from '../../state/traffic-policy.ts';
import type { Dialect } from '../dialect.ts';

/** See the head of this file. */
export interface RouteContext {
  /** The service whose callers are routed: its policy has the time limits, retries and breakers of its routes. */
  readonly service: string;
  readonly protocol: Protocol;
  readonly dialect: Dialect;
  /** By service. */
  readonly policies: ReadonlyMap<string, TrafficPolicy>;
}

/** The policy of the service that is called. */
export function policyOf({ service, policies }: RouteContext): TrafficPolicy | null {
  return policies.get(service) ?? null;
}
