/** What Envoy calls an endpoint's health flags. */
import { HealthStatus } from '../../protos/gen/envoy/config/core/v3/health_check.ts';
import type { EndpointView } from './views.ts';

/** `healthy`, or every flag that speaks against it: `/failed_outlier_check/failed_eds_health`. */
export function healthFlags({
  ejected,
  health,
  checked,
}: Pick<EndpointView, 'ejected' | 'health' | 'checked'>): string {
  let flags = '';
  if (checked?.failed) flags += '/failed_active_hc';
  if (ejected) flags += '/failed_outlier_check';
  if (health === 'unhealthy' || health === 'timeout' || health === 'draining') flags += '/failed_eds_health';
  if (checked?.degraded) flags += '/degraded_active_hc';
  if (health === 'degraded') flags += '/degraded_eds_health';
  if (health === 'suspect') flags += '/suspect';
  if (checked?.pending) flags += '/pending_active_hc';
  if (checked?.excluded) flags += '/excluded_via_immediate_hc_fail';
  if (checked?.timedOut) flags += '/active_hc_timeout';
  if (health === 'draining') flags += '/eds_status_draining';
  return flags === '' ? 'healthy' : flags;
}

/** As Envoy reports it: an unknown or suspect health counts as healthy, a timeout and a drain keep their names. */
export function edsHealthStatus(health: EndpointView['health']): HealthStatus {
  switch (health) {
    case 'unhealthy':
      return HealthStatus.UNHEALTHY;
    case 'timeout':
      return HealthStatus.TIMEOUT;
    case 'draining':
      return HealthStatus.DRAINING;
    case 'degraded':
      return HealthStatus.DEGRADED;
    default:
      return HealthStatus.HEALTHY;
  }
}
