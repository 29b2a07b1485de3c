/**
 * What a TrafficPolicy says of failures: outlier detection, breakers, retries, hedging, fallbacks.
 */
import type { Breaker, Fallback, Hedging, OutlierDetection, RequestBreaker, Retries } from '../state/traffic-policy.ts';
import { BASE_EJECTION_MS, MAX_EJECTION_MS, RETRY_BACKOFF_MS } from '../translate/defaults.ts';
import type { Cursor } from './cursor.ts';
import { missing } from './document.ts';
import {
  COUNT_MAX,
  DAY_MS,
  duration,
  flag,
  HOUR_MS,
  headerName,
  items,
  msText,
  ordered,
  percent,
  real,
  whole,
} from './fields.ts';
import { METHODS } from './http-route.ts';
import { headerValue, LITERAL_CHARS_MAX } from './texts.ts';

const FALLBACK_BODY_BYTES_MAX = 4096;

/** Parses `outlierDetection`. */
export function parseOutlierDetection(cursor: Cursor): OutlierDetection {
  const fields = cursor.object({
    enabled: true,
    consecutiveErrors: true,
    interval: true,
    baseEjection: true,
    maxEjection: true,
    maxPercent: true,
    successRate: true,
    keepLast: true,
    exponential: true,
    probe: true,
  });
  const rate = fields.get('successRate')?.object({ minPercent: true, minRequests: true, minInstances: true });
  const enabled = flag(fields, 'enabled') ?? true;
  if (!enabled && fields.size > 1) fields.get('enabled')!.report('is false: what stands beside it would mean nothing');
  const policy: OutlierDetection = {
    enabled,
    consecutiveErrors: whole(fields, 'consecutiveErrors', 1, 10_000),
    intervalMs: duration(fields, 'interval', 100, HOUR_MS),
    baseEjectionMs: duration(fields, 'baseEjection', 1, DAY_MS),
    maxEjectionMs: duration(fields, 'maxEjection', 1, DAY_MS),
    maxPercent: whole(fields, 'maxPercent', 1, 100),
    minSuccessPercent: whole(rate, 'minPercent', 1, 100),
    minRequests: whole(rate, 'minRequests', 1, COUNT_MAX),
    minInstances: whole(rate, 'minInstances', 1, 1000),
    keepLast: flag(fields, 'keepLast'),
    exponential: flag(fields, 'exponential'),
    probe: flag(fields, 'probe'),
  };
  const { baseEjectionMs, maxEjectionMs } = policy;
  ordered(
    fields,
    ['baseEjection', baseEjectionMs ?? BASE_EJECTION_MS],
    ['maxEjection', maxEjectionMs ?? MAX_EJECTION_MS],
    msText,
  );
  return policy;
}

/** Parses a breaker. */
export function parseBreaker(cursor: Cursor): Breaker {
  const fields = cursor.object({
    minimumRequests: true,
    window: true,
    failurePercent: true,
    slowAfter: true,
    slowPercent: true,
    consecutiveFailures: true,
    openFor: true,
    probes: true,
    successesToClose: true,
  });
  if (fields.has('slowPercent') && !fields.has('slowAfter'))
    fields.get('slowPercent')!.report('needs "slowAfter": nothing is slow without it');
  return {
    minimumRequests: whole(fields, 'minimumRequests', 1, COUNT_MAX),
    windowMs: duration(fields, 'window', 1000, 10 * 60_000),
    failurePercent: percent(fields, 'failurePercent'),
    slowAfterMs: duration(fields, 'slowAfter', 1, HOUR_MS),
    slowPercent: percent(fields, 'slowPercent'),
    consecutiveFailures: whole(fields, 'consecutiveFailures', 1, 10_000),
    openMs: duration(fields, 'openFor', 100, HOUR_MS),
    probes: whole(fields, 'probes', 1, 1000),
    successesToClose: whole(fields, 'successesToClose', 1, 1000),
  };
}

/** Parses one of `requestBreakers`. */
export function parseRequestBreaker(cursor: Cursor): RequestBreaker[] {
  const fields = cursor.object({ template: true, route: true, breaker: true, shared: true });
  const [template, route] = [fields.get('template'), fields.get('route')];
  if (cursor.isMap && (template === undefined) === (route === undefined))
    cursor.report('needs one of "template", such as "GET /products/{id}", and "route", the name of a route');
  const breaker = fields.get('breaker');
  const target = template === undefined ? parseRouteName(route) : parseTemplate(template);
  const settings = breaker === undefined ? NO_BREAKER : parseBreaker(breaker);
  return target === null ? [] : [{ target, breaker: settings, shared: flag(fields, 'shared') ?? false }];
}

const NO_BREAKER: Breaker = {
  minimumRequests: null,
  windowMs: null,
  failurePercent: null,
  slowAfterMs: null,
  slowPercent: null,
  consecutiveFailures: null,
  openMs: null,
  probes: null,
  successesToClose: null,
};

function parseRouteName(cursor: Cursor | undefined): RequestBreaker['target'] | null {
  const name = cursor?.string();
  return name === undefined ? null : { kind: 'route', name };
}

/** `[METHOD] /path`, where `{name}` stands for one segment and a last `/**` for whatever follows. */
function parseTemplate(cursor: Cursor): RequestBreaker['target'] | null {
  const text = cursor.string();
  if (text === undefined) return null;
  const [, method = null, path] = /^(?:([A-Z]+) +)?(\/\S*)$/.exec(text) ?? [];
  if (path === undefined)
    return cursor.report(`"${text}" is no template: write a path, such as "GET /products/{id}"`) ?? null;
  if (method !== null && !METHODS.some((known) => known === method))
    cursor.report(`"${method}" is not one of ${METHODS.join(', ')}`);
  if (path.length > LITERAL_CHARS_MAX)
    return cursor.report(`has ${path.length} characters: a path may have ${LITERAL_CHARS_MAX} at most`) ?? null;
  const open = path.endsWith('/**');
  const segments = (open ? path.slice(0, -3) : path).split('/').map(segmentRegex);
  if (segments.includes(null))
    return (
      cursor.report(`"${text}" is no template: {name} stands for a whole segment, /** for the rest at the end`) ?? null
    );
  return { kind: 'template', text, method, pathRegex: `${segments.join('/')}${open ? '(?:/[^?]*)?' : ''}` };
}

function segmentRegex(segment: string): string | null {
  if (/^\{[\w-]+\}$/.test(segment)) return '[^/?]+';
  return /[{}*?#]/.test(segment) ? null : segment.replace(/[\\^$.+()[\]|]/g, '\\$&');
}

/** Envoy's retry_on and retry_grpc_on, without those that need other fields. */
const RETRY_ON = [
  ...['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'refused-stream', 'retriable-4xx'],
  ...['envoy-ratelimited', 'cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'],
] as const;

/** Parses `retries`. */
export function parseRetries(cursor: Cursor): Retries {
  const fields = cursor.object({
    attempts: true,
    on: true,
    perTryTimeout: true,
    backoff: true,
    budget: true,
    idempotencyHeaders: true,
    maxRetryAfter: true,
  });
  const on = items(fields, 'on', 32).map((each) => parseRetryOn(each));
  const codes = on.filter((each) => typeof each === 'number');
  const words = on.filter((each) => typeof each === 'string');
  const back = fields.get('backoff')?.object({ base: true, max: true });
  const budget = fields.get('budget')?.object({ percent: true, minPerSecond: true, window: true });
  const attempts = whole(fields, 'attempts', 0, 10);
  if (attempts === 0)
    for (const name of ['on', 'backoff', 'budget']) fields.get(name)?.report('means nothing with 0 attempts');
  const headers = items(fields, 'idempotencyHeaders', 16).flatMap((each) => headerName(each) ?? []);
  const backoff = {
    baseMs: duration(back, 'base', 1, 60_000),
    maxMs: duration(back, 'max', 1, 300_000),
  };
  if (back !== undefined)
    ordered(
      back,
      ['base', backoff.baseMs ?? Math.min(RETRY_BACKOFF_MS, backoff.maxMs ?? RETRY_BACKOFF_MS)],
      ['max', backoff.maxMs ?? Number.POSITIVE_INFINITY],
      msText,
    );
  return {
    attempts,
    on: words.length === 0 ? null : words,
    codes,
    perTryTimeoutMs: duration(fields, 'perTryTimeout', 1, HOUR_MS),
    backoff: back === undefined ? null : backoff,
    budget:
      budget === undefined
        ? null
        : {
            percent: percent(budget, 'percent'),
            minPerSecond: real(budget, 'minPerSecond', 0, 10_000),
            windowMs: duration(budget, 'window', 1000, 60_000),
          },
    idempotencyHeaders: fields.has('idempotencyHeaders') ? headers : null,
    maxRetryAfterMs: duration(fields, 'maxRetryAfter', 0, HOUR_MS),
  };
}

/** One of Envoy's words, or a status. */
function parseRetryOn(cursor: Cursor): string | number | null {
  if (/^\d+$/.test(cursor.text() ?? '')) return cursor.integer({ min: 400, max: 599 }) ?? null;
  return cursor.oneOf(RETRY_ON) ?? null;
}

/** Parses `hedging`. */
export function parseHedging(cursor: Cursor): Hedging {
  const fields = cursor.object({ percentile: true, maxExtraPercent: true, minDelay: true });
  return {
    percentile: real(fields, 'percentile', 1, 99.99),
    maxExtraPercent: percent(fields, 'maxExtraPercent'),
    minDelayMs: duration(fields, 'minDelay', 1, 60_000),
  };
}

/** Parses one of `fallbacks`. */
export function parseFallback(cursor: Cursor): Fallback[] {
  const fields = cursor.object({ static: true, lastGood: true, service: true });
  if (fields.size !== 1) {
    if (cursor.isMap) cursor.report('needs one of "static", "lastGood" and "service"');
    return [];
  }
  const service = fields.get('service')?.string();
  if (service !== undefined) return [{ kind: 'service', service }];
  const fixed = fields.get('static');
  if (fixed !== undefined) return [parseStatic(fixed)];
  const kept = fields.get('lastGood')?.object({ maxAge: true, maxBytes: true, maxEntries: true });
  if (kept === undefined) return [];
  return [
    {
      kind: 'last-good',
      maxAgeMs: duration(kept, 'maxAge', 1000, DAY_MS),
      maxBytes: whole(kept, 'maxBytes', 1, 1024 * 1024),
      maxEntries: whole(kept, 'maxEntries', 1, 10_000),
    },
  ];
}

function parseStatic(cursor: Cursor): Fallback {
  const fields = cursor.object({ status: true, contentType: true, body: true });
  const type = fields.get('contentType');
  const body = fields.get('body')?.string() ?? missing(cursor, 'body') ?? '';
  const bytes = Buffer.byteLength(body);
  if (bytes > FALLBACK_BODY_BYTES_MAX)
    fields.get('body')!.report(`has ${bytes} bytes: at most ${FALLBACK_BODY_BYTES_MAX} are allowed`);
  return {
    kind: 'static',
    status: whole(fields, 'status', 200, 599) ?? 200,
    contentType: type === undefined ? null : (headerValue(type) ?? null),
    body,
  };
}
