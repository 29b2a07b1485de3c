/**
 * TrafficPolicy (outrider.dev/v1). docs/policies.md has every field with its default and its limits.
 */
import type { AdaptiveLimit, Inbound, Quota, RateLimit, Timeouts, TrafficPolicy } from '../state/traffic-policy.ts';
import { REQUEST_TIMEOUT_MS } from '../translate/defaults.ts';
import { parseLimits, parseLoadBalancing } from './balancing-parts.ts';
import type { ParsedResource } from './compose.ts';
import type { Cursor } from './cursor.ts';
import { missing, parseDocumentParts, parseTarget } from './document.ts';
import {
  parseBreaker,
  parseFallback,
  parseHedging,
  parseOutlierDetection,
  parseRequestBreaker,
  parseRetries,
} from './failure-parts.ts';
import { DAY_MS, duration, type Fields, flag, headerName, items, msText, ordered, real, whole } from './fields.ts';
import { parseRequestMatch } from './request-match.ts';

const RATE = { min: 0.001, max: 1_000_000 };

const SPEC = {
  targetRef: true,
  loadBalancing: true,
  limits: true,
  outlierDetection: true,
  serviceBreaker: true,
  requestBreakers: true,
  retries: true,
  hedging: true,
  timeouts: true,
  fallbacks: true,
  inbound: true,
} as const;

/** Parses one document. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseTrafficPolicy(root: Cursor): ParsedResource {
  const document = parseDocumentParts(root, 'policy', SPEC);
  const { spec, at } = document;
  if (spec !== undefined && spec.size === (spec.has('targetRef') ? 1 : 0)) at.report('says nothing of its service');
  const part = <T>(name: string, parse: (cursor: Cursor) => T): T | null => {
    const cursor = spec?.get(name);
    return cursor === undefined ? null : parse(cursor);
  };
  const policy: Omit<TrafficPolicy, 'origin' | 'revision' | 'createdAtMs'> = {
    kind: 'trafficpolicy',
    name: document.name,
    service: parseTarget(document),
    loadBalancing: part('loadBalancing', parseLoadBalancing),
    limits: part('limits', parseLimits),
    outlierDetection: part('outlierDetection', parseOutlierDetection),
    serviceBreaker: part('serviceBreaker', parseBreaker),
    requestBreakers: items(spec, 'requestBreakers', 64).flatMap(parseRequestBreaker),
    retries: part('retries', parseRetries),
    hedging: part('hedging', parseHedging),
    timeouts: part('timeouts', parseTimeouts),
    fallbacks: items(spec, 'fallbacks', 4).flatMap(parseFallback),
    inbound: part('inbound', parseInbound),
    manifest: document.manifest,
  };
  checkTryTimeout(policy, root);
  return { draft: policy, cursor: root };
}

function checkTryTimeout({ retries, timeouts }: Pick<TrafficPolicy, 'retries' | 'timeouts'>, root: Cursor): void {
  const tryMs = retries?.perTryTimeoutMs ?? null;
  const wholeMs = timeouts?.requestMs ?? REQUEST_TIMEOUT_MS;
  if (tryMs === null || wholeMs === 0 || tryMs <= wholeMs) return;
  const limit = `${msText(wholeMs)} of timeouts.request${timeouts?.requestMs == null ? ', the default' : ''}`;
  root.find('spec.retries.perTryTimeout').report(`${msText(tryMs)} for one try is more than the ${limit}`);
}

function parseTimeouts(cursor: Cursor): Timeouts {
  const fields = cursor.object({
    connect: true,
    request: true,
    idle: true,
    propagateDeadline: true,
    spareStreams: true,
  });
  return {
    connectMs: duration(fields, 'connect', 1, 60_000),
    requestMs: duration(fields, 'request', 0, DAY_MS),
    idleMs: duration(fields, 'idle', 0, DAY_MS),
    propagateDeadline: flag(fields, 'propagateDeadline'),
    spareStreams: flag(fields, 'spareStreams'),
  };
}

function parseInbound(cursor: Cursor): Inbound {
  const fields = cursor.object({ adaptiveLimit: true, deadline: true, quotas: true, rateLimit: true });
  const quotas = items(fields, 'quotas', 32).flatMap(parseQuota);
  quotas.forEach(({ name }, i) => {
    if (quotas.findIndex((each) => each.name === name) < i)
      cursor.find(`quotas[${i}].name`).report(`"${name}" is the name of another quota, too`);
  });
  const [adaptive, rate] = [fields.get('adaptiveLimit'), fields.get('rateLimit')];
  return {
    adaptiveLimit: adaptive === undefined ? null : parseAdaptiveLimit(adaptive),
    deadline: flag(fields, 'deadline') ?? true,
    quotas,
    rateLimit: rate === undefined ? null : parseRateLimit(rate),
  };
}

/** Defaults of the filter: initial 20, minimum 10, maximum 1,000. */
function parseAdaptiveLimit(cursor: Cursor): AdaptiveLimit {
  const fields = cursor.object({
    initial: true,
    min: true,
    max: true,
    tolerance: true,
    maxQueue: true,
    maxWait: true,
    priorityHeader: true,
  });
  const limit: AdaptiveLimit = {
    initial: whole(fields, 'initial', 1, 100_000),
    min: whole(fields, 'min', 1, 100_000),
    max: whole(fields, 'max', 1, 100_000),
    tolerance: real(fields, 'tolerance', 1, 10),
    maxQueue: whole(fields, 'maxQueue', 0, 1_024),
    maxWaitMs: duration(fields, 'maxWait', 1, 60_000),
    priorityHeader: headerName(fields.get('priorityHeader')),
  };
  const [min, initial, max] = [limit.min ?? 10, limit.initial ?? 20, limit.max ?? 1000];
  if (min > max) ordered(fields, ['min', min], ['max', max]);
  else {
    ordered(fields, ['min', min], ['initial', initial]);
    ordered(fields, ['initial', initial], ['max', max]);
  }
  if (fields.has('maxWait') && !limit.maxQueue)
    fields.get('maxWait')!.report('needs "maxQueue": nobody waits without it');
  return limit;
}

function parseQuota(cursor: Cursor): Quota[] {
  const fields = cursor.object({
    name: true,
    requestsPerSecond: true,
    burst: true,
    match: true,
    perHeader: true,
    maxValues: true,
  });
  if (fields.has('maxValues') && !fields.has('perHeader'))
    fields.get('maxValues')!.report('needs "perHeader": there is one bucket without it');
  const quota = {
    name: fields.get('name')?.label('quota') ?? 'default',
    requestsPerSecond: rateOf(cursor, fields),
    burst: real(fields, 'burst', 1, 10_000_000),
    match: parseRequestMatch(fields.get('match')),
    perHeader: headerName(fields.get('perHeader')),
    maxValues: whole(fields, 'maxValues', 1, 100_000),
  };
  return quota.requestsPerSecond === null ? [] : [{ ...quota, requestsPerSecond: quota.requestsPerSecond }];
}

/** A token bucket fills 20 times a second at most. */
function parseRateLimit(cursor: Cursor): RateLimit | null {
  const fields = cursor.object({ requestsPerSecond: true, burst: true });
  const requestsPerSecond = rateOf(cursor, fields);
  if (requestsPerSecond !== null && !Number.isInteger(requestsPerSecond) && requestsPerSecond > 20)
    fields.get('requestsPerSecond')!.report(`${requestsPerSecond} is not allowed: above 20 it must be a whole number`);
  const burst = whole(fields, 'burst', 1, 10_000_000);
  if (burst !== null && requestsPerSecond !== null && burst < Math.floor(requestsPerSecond))
    fields
      .get('burst')!
      .report(`${burst} is less than requestsPerSecond, ${requestsPerSecond}, which could never be had`);
  return requestsPerSecond === null ? null : { requestsPerSecond, burst };
}

function rateOf(cursor: Cursor, fields: Fields): number | null {
  if (cursor.isMap && !fields.has('requestsPerSecond')) missing(cursor, 'requestsPerSecond');
  return real(fields, 'requestsPerSecond', RATE.min, RATE.max);
}
