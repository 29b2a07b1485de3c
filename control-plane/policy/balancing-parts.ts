/**
 * `loadBalancing` and `limits` of a TrafficPolicy.
 */
import {
  BALANCERS,
  type HashInput,
  isHashing,
  isSubsetKey,
  type LoadBalancing,
  type LocalityChoice,
  type ServiceLimits,
  type SlowStart,
  SUBSET_KEYS,
  type SubsetSelector,
} from '../state/traffic-policy.ts';
import type { Cursor } from './cursor.ts';
import { missing } from './document.ts';
import {
  COUNT_MAX,
  DAY_MS,
  duration,
  durationBetween,
  type Fields,
  flag,
  HOUR_MS,
  headerName,
  items,
  percent,
  real,
  whole,
} from './fields.ts';
import { cookieText, parameterName } from './texts.ts';

const HASHING = 'RingHash or Maglev';
const YEAR_MS = 365 * DAY_MS;
const SUBSET_KEYS_MAX = 8;

/** Parses `loadBalancing`. */
export function parseLoadBalancing(cursor: Cursor): LoadBalancing {
  const fields = cursor.object({
    policy: true,
    hash: true,
    slowStart: true,
    boundedLoad: true,
    subsets: true,
    localityWeighted: true,
    zoneAware: true,
  });
  const policy = fields.get('policy')?.oneOf(BALANCERS) ?? null;
  const hashing = isHashing(policy);
  for (const name of ['hash', 'boundedLoad'])
    if (!hashing) fields.get(name)?.report(`means something with policy ${HASHING} alone, which choose by a hash`);
  if (hashing || policy === 'Random')
    fields
      .get('slowStart')
      ?.report(`means nothing with policy ${policy}, which gives every instance its share at once`);
  const balancing: LoadBalancing = {
    policy,
    hash: items(fields, 'hash', 8).flatMap(parseHash),
    slowStart: fields.has('slowStart') ? parseSlowStart(fields.get('slowStart')!) : null,
    boundedLoadPercent: whole(fields, 'boundedLoad', 100, 10_000),
    subsets: items(fields, 'subsets', 16).map(parseSubset),
    locality: parseLocality(fields, hashing),
  };
  if (policy === 'PeakEwma') checkPeakEwma(balancing, fields);
  return balancing;
}

/** It compares all instances; what first leaves some of them out goes with the others alone. */
function checkPeakEwma({ subsets, locality }: LoadBalancing, fields: Fields): void {
  const refuse = (name: string) =>
    fields.get(name)!.report('cannot stand beside policy PeakEwma: choose another, such as LeastRequest');
  if (subsets.length > 0) refuse('subsets');
  if (locality !== null) refuse(locality.kind === 'weighted' ? 'localityWeighted' : 'zoneAware');
}

function parseHash(cursor: Cursor): HashInput[] {
  const fields = cursor.object({ header: true, cookie: true, sourceIp: true, query: true, terminal: true });
  const terminal = flag(fields, 'terminal') ?? false;
  const sources = ['header', 'cookie', 'sourceIp', 'query'].filter((name) => fields.has(name));
  if (sources.length !== 1) {
    if (cursor.isMap) cursor.report('needs one of "header", "cookie", "sourceIp" and "query"');
    return [];
  }
  const source = parseHashSource(sources[0]!, fields.get(sources[0]!)!);
  return source === null ? [] : [{ source, terminal }];
}

function parseHashSource(name: string, cursor: Cursor): HashInput['source'] | null {
  switch (name) {
    case 'header': {
      const header = headerName(cursor);
      return header === null ? null : { kind: 'header', name: header };
    }
    case 'cookie': {
      const fields = cursor.object({ name: true, ttl: true, path: true });
      const name = fields.get('name');
      const cookie = name === undefined ? missing(cursor, 'name') : cookieText(name);
      const path = fields.get('path')?.parsed((text) => (/^\/[^;\s]*$/.test(text) ? text : null), 'a path') ?? null;
      const ttlMs = durationBetween(fields.get('ttl'), { min: 0, max: YEAR_MS });
      return cookie === undefined ? null : { kind: 'cookie', name: cookie, ttlMs, path };
    }
    case 'query': {
      const parameter = parameterName(cursor);
      return parameter === undefined ? null : { kind: 'query', name: parameter };
    }
    default:
      if (cursor.boolean() === false) cursor.report('is false: leave it out');
      return { kind: 'source-ip' };
  }
}

function parseSlowStart(cursor: Cursor): SlowStart {
  const fields = cursor.object({ window: true, minWeightPercent: true, successes: true });
  return {
    windowMs: duration(fields, 'window', 0, HOUR_MS),
    minWeightPercent: percent(fields, 'minWeightPercent'),
    successes: whole(fields, 'successes', 1, COUNT_MAX),
  };
}

function parseSubset(cursor: Cursor): SubsetSelector {
  const fields = cursor.object({ keys: true, fallback: true });
  const keys = items(fields, 'keys', SUBSET_KEYS_MAX).flatMap(parseSubsetKey);
  if (cursor.isMap && keys.length === 0) cursor.report(`needs "keys": some of ${SUBSET_KEYS.join(', ')}, metadata.KEY`);
  if (new Set(keys).size < keys.length) fields.get('keys')!.report('has a key twice');
  return { keys, fallback: fields.get('fallback')?.oneOf(['AnyEndpoint', 'NoFallback']) ?? 'AnyEndpoint' };
}

function parseSubsetKey(cursor: Cursor): string[] {
  const key = cursor.isString ? cursor.json() : null;
  if (typeof key === 'string' && isSubsetKey(key)) return [key];
  return cursor.oneOf(SUBSET_KEYS) === undefined ? [] : [String(key)];
}

function parseLocality(fields: Fields, hashing: boolean): LocalityChoice | null {
  const weighted = flag(fields, 'localityWeighted') === true;
  const zone = fields.get('zoneAware');
  if (zone === undefined) return weighted ? { kind: 'weighted' } : null;
  if (weighted) zone.report('stands beside "localityWeighted": one of the two must go');
  if (hashing) zone.report(`means nothing with policy ${HASHING}, where the hash decides`);
  if (!zone.isMap) return zone.boolean() === true ? { kind: 'zone-aware', minInstances: null, percent: null } : null;
  const settings = zone.object({ minInstances: true, percent: true });
  return {
    kind: 'zone-aware',
    minInstances: whole(settings, 'minInstances', 1, 10_000),
    percent: real(settings, 'percent', 0, 100),
  };
}

/** Parses `limits`. */
export function parseLimits(cursor: Cursor): ServiceLimits {
  const fields = cursor.object({
    maxConnections: true,
    maxRequests: true,
    maxPending: true,
    maxPendingWait: true,
    perInstance: true,
  });
  const own = fields.get('perInstance')?.object({ maxConnections: true, maxRequests: true, maxPending: true });
  const limits: ServiceLimits = {
    maxConnections: whole(fields, 'maxConnections', 1, COUNT_MAX),
    maxRequests: whole(fields, 'maxRequests', 1, COUNT_MAX),
    maxPending: whole(fields, 'maxPending', 1, COUNT_MAX),
    maxPendingWaitMs: duration(fields, 'maxPendingWait', 1, 300_000),
    perInstance: {
      maxConnections: whole(own, 'maxConnections', 1, COUNT_MAX),
      maxRequests: whole(own, 'maxRequests', 1, COUNT_MAX),
      maxPending: whole(own, 'maxPending', 1, COUNT_MAX),
    },
  };
  for (const name of ['maxConnections', 'maxRequests', 'maxPending'] as const) {
    const [one, all] = [limits.perInstance[name], limits[name]];
    if (one !== null && all !== null && one > all)
      own!.get(name)!.report(`${one} for one instance is more than the ${all} for all of them`);
  }
  return limits;
}
