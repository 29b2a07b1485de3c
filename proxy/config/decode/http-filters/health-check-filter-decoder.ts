/** envoy.extensions.filters.http.health_check.v3.HealthCheck. */
import type { HealthCheck } from '../../../../protos/gen/envoy/extensions/filters/http/health_check/v3/health_check.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { HealthCheckFilterConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeHeaderMatch } from '../matcher-decoder.ts';
import { durationMs } from '../values.ts';

/** Decodes the filter. As in Envoy, caching is for pass-through and percentages are for answers of our own. */
export function decodeHealthCheckFilter(message: HealthCheck, path: Path, decoding: Decoding): HealthCheckFilterConfig {
  const passThrough = message.passThroughMode ?? false;
  const clusters = Object.entries(message.clusterMinHealthyPercentages).map(([name, percent]) => ({
    name,
    minHealthyPercent: Math.floor(percent?.value ?? 0),
  }));
  if (!passThrough && message.cacheTime !== undefined)
    decoding.report([...path, 'cache_time'], 'only answers of the application are kept: it needs pass_through_mode');
  if (passThrough && clusters.length > 0)
    decoding.report(
      [...path, 'cluster_min_healthy_percentages'],
      'with pass_through_mode the application answers: clusters are not looked at',
    );
  return {
    kind: 'health-check',
    passThrough,
    cacheTimeMs: durationMs(message.cacheTime, 0),
    clusters,
    headers: message.headers.map((header, i) => decodeHeaderMatch(header, [...path, 'headers', i], decoding)),
  };
}
