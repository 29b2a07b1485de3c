/** An attempt passes the breaker of its cluster and that of its route, or is counted by neither. */
import type { Failure } from '../../http/failure.ts';
import type { Gate } from '../../http/gate.ts';

/** Passes both or neither. */
export function enterBoth(service: Gate | null, request: Gate | null): Failure | null {
  const refusal = service?.enter() ?? null;
  if (refusal !== null || request === null) return refusal;
  const other = request.enter();
  if (other !== null) service?.release(service.epoch);
  return other;
}
