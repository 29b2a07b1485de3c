/** envoy.extensions.filters.http.stateful_session.v3. */
import type {
  StatefulSession,
  StatefulSessionPerRoute,
} from '../../../../protos/gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../../protos/json/registry.ts';
import type { PerFilterConfig, StatefulSessionConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { durationMs } from '../values.ts';

const STATES = 'envoy.extensions.http.stateful_session';

/** Decodes the filter's own settings, or those of a route. */
export function decodeStatefulSession(message: StatefulSession, path: Path, decoding: Decoding): StatefulSessionConfig {
  return { kind: 'stateful-session', state: decodeState(message, path, decoding), strict: message.strict };
}

/** Decodes what a route says: other settings, or that there are none. */
export function decodeStatefulSessionPerRoute(
  { override }: StatefulSessionPerRoute,
  path: Path,
  decoding: Decoding,
): PerFilterConfig {
  if (override?.$case !== 'statefulSession') return { kind: 'disabled' };
  return decodeStatefulSession(override.value, [...path, 'stateful_session'], decoding);
}

function decodeState(
  { sessionState }: StatefulSession,
  path: Path,
  decoding: Decoding,
): StatefulSessionConfig['state'] {
  const any = sessionState?.typedConfig;
  if (any === undefined) return null;
  const cookie = unpackAny(`${STATES}.cookie.v3.CookieBasedSessionState`, any);
  if (cookie !== undefined) {
    const { name = '', ttl, path: cookiePath = '' } = cookie.cookie ?? {};
    return { kind: 'cookie', name, ttlSeconds: Math.floor(durationMs(ttl, 0) / 1000), path: cookiePath };
  }
  const header = unpackAny(`${STATES}.header.v3.HeaderBasedSessionState`, any);
  if (header !== undefined) return { kind: 'header', name: header.name.toLowerCase() };
  decoding.report(
    [...path, 'session_state', 'typed_config'],
    `${typeNameOf(any.typeUrl)} is no session state of this proxy; those of cookies and headers are`,
  );
  return null;
}
