/** outrider.filters.http.v1.Quota, the filter's own or that of a route. */
import type { Quota, QuotaLimit } from '../../../../protos/gen/outrider/filters/http/v1/limits.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { QuotaConfig, QuotaLimitConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeHeaderMatch } from '../matcher-decoder.ts';

const MAX_VALUES = 1_024;
/** A bucket costs as much as a short string. */
const VALUES_BOUND = 100_000;

export function decodeQuota({ service, limits }: Quota, path: Path, decoding: Decoding): QuotaConfig {
  if (service === '') decoding.report([...path, 'service'], 'service is required: its ready replicas share the quota');
  if (limits.length === 0) decoding.report([...path, 'limits'], 'limits has no entry: there is nothing to limit');
  const seen = new Set<string>();
  const decoded = limits.map((limit, i) => {
    const place = [...path, 'limits', i];
    if (limit.name === '' || seen.has(limit.name))
      decoding.report(
        [...place, 'name'],
        'each limit has a name of its own, for statistics and for whoever is refused',
      );
    seen.add(limit.name);
    return decodeLimit(limit, place, decoding);
  });
  return { kind: 'quota', service, limits: decoded };
}

function decodeLimit(limit: QuotaLimit, path: Path, decoding: Decoding): QuotaLimitConfig {
  const { name, requestsPerSecond, burst, perHeader, perCaller, maxValues } = limit;
  if (!(requestsPerSecond > 0 && requestsPerSecond < Infinity))
    decoding.report([...path, 'requests_per_second'], `requests_per_second is ${requestsPerSecond}; it is above 0`);
  if (!(burst >= 0 && burst < Infinity)) decoding.report([...path, 'burst'], `burst is ${burst}; it is at least 0`);
  if (perCaller && perHeader !== '')
    decoding.report([...path, 'per_caller'], 'per_caller and per_header are set; a bucket belongs to one of them');
  if (maxValues > VALUES_BOUND)
    decoding.report([...path, 'max_values'], `max_values is ${maxValues}; at most ${VALUES_BOUND} are remembered`);
  return {
    name,
    headers: limit.headers.map((each, i) => decodeHeaderMatch(each, [...path, 'headers', i], decoding)),
    per: perHeader !== '' ? { kind: 'header', name: perHeader.toLowerCase() } : { kind: perCaller ? 'caller' : 'all' },
    requestsPerSecond,
    burst: burst || requestsPerSecond,
    maxValues: maxValues || MAX_VALUES,
  };
}
