/**
 * Time, retries and sessions of an HTTPRoute's rule.
 */
import type { HttpRouteRule, RouteRetry, SessionCookie } from '../state/routes.ts';
import { REQUEST_TIMEOUT_MS } from '../translate/defaults.ts';
import type { Cursor } from './cursor.ts';
import { missing, NOT_YET } from './document.ts';
import { DAY_MS, durationBetween, msText } from './fields.ts';
import { cookieText } from './texts.ts';

const DEFAULT_ATTEMPTS = 1;

/** `timeouts`. */
export function parseTimeouts(
  cursor: Cursor | undefined,
): Pick<HttpRouteRule, 'requestTimeoutMs' | 'backendTimeoutMs'> {
  const fields = cursor?.object({ request: true, backendRequest: true });
  const read = (name: string) => durationBetween(fields?.get(name), { min: 0, max: DAY_MS });
  const [requestTimeoutMs, backendTimeoutMs] = [read('request'), read('backendRequest')];
  const wholeMs = requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  if (backendTimeoutMs !== null && wholeMs > 0 && backendTimeoutMs > wholeMs) {
    const limit = `${msText(wholeMs)} of the whole request${requestTimeoutMs === null ? ', the default' : ''}`;
    fields!.get('backendRequest')!.report(`${msText(backendTimeoutMs)} for one try is more than the ${limit}`);
  }
  return { requestTimeoutMs, backendTimeoutMs };
}

/** `retry` (experimental in the standard). */
export function parseRetry(cursor: Cursor): RouteRetry {
  const fields = cursor.object({ codes: true, attempts: true, backoff: true });
  const codes = fields.get('codes')?.list() ?? [];
  return {
    codes: codes.flatMap((each) => each.integer({ min: 400, max: 599 }) ?? []),
    attempts: fields.get('attempts')?.integer({ min: 0, max: 10 }) ?? DEFAULT_ATTEMPTS,
    backoffMs: durationBetween(fields.get('backoff'), { min: 1, max: 60_000 }),
  };
}

/** `sessionPersistence` (experimental in the standard): by a cookie whose value is hashed. */
export function parseSession(cursor: Cursor): SessionCookie {
  const fields = cursor.object({
    sessionName: true,
    absoluteTimeout: true,
    idleTimeout: NOT_YET,
    type: true,
    cookieConfig: true,
  });
  if (fields.get('type')?.oneOf(['Cookie', 'Header']) === 'Header')
    fields.get('type')!.report('"Header" is not supported yet: sessions are kept by cookies', 'Cookie');
  const written = fields.get('sessionName');
  const config = fields.get('cookieConfig')?.object({ lifetimeType: true });
  const permanent = config?.get('lifetimeType')?.oneOf(['Permanent', 'Session']) === 'Permanent';
  const lifetime = fields.get('absoluteTimeout');
  const ttlMs = durationBetween(lifetime, { min: 1000, max: 365 * DAY_MS });
  if (permanent && lifetime === undefined) missing(cursor, 'absoluteTimeout');
  if (!permanent && lifetime !== undefined)
    lifetime.report('is kept by the cookie alone: set cookieConfig.lifetimeType to Permanent');
  const name = written && cookieText(written);
  return { name: name ?? 'outrider-session', ttlMs: permanent ? (ttlMs ?? 0) : 0 };
}
