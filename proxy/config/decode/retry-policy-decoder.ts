/** envoy.config.route.v3.RetryPolicy with Envoy's defaults. */
import {
  type RetryPolicy,
  RetryPolicy_ResetHeaderFormat,
} from '../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { nearestName } from '../../../protos/json/nearest.ts';
import { typeNameOf, unpackAny } from '../../../protos/json/registry.ts';
import type { RetryPolicyConfig, SubsetKeys } from '../model/route.ts';
import { RETRY_DEFAULTS } from '../retry-defaults.ts';
import type { Decoding } from './decoding.ts';
import { decodeHeaderMatch } from './matcher-decoder.ts';
import { durationMs, subsetKeys } from './values.ts';

/** Conditions that Envoy knows, of HTTP and of gRPC. */
const CONDITIONS: readonly string[] = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

const PREVIOUS_HOSTS = 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate';
const OMIT_CANARIES = 'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate';
const OMIT_METADATA = 'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig';

/** Decodes a retry policy. An unknown condition is refused, though Envoy would ignore it: it is always a slip. */
export function decodeRetryPolicy(message: RetryPolicy, path: Path, decoding: Decoding): RetryPolicyConfig {
  const backoffBaseMs = durationMs(message.retryBackOff?.baseInterval, RETRY_DEFAULTS.backoffBaseMs);
  const backoffMaxMs = durationMs(message.retryBackOff?.maxInterval, backoffBaseMs * 10);
  if (backoffMaxMs < backoffBaseMs) {
    decoding.report(
      [...path, 'retry_back_off', 'max_interval'],
      `${backoffMaxMs} ms is below the base_interval of ${backoffBaseMs} ms`,
    );
  }
  const limited = message.rateLimitedRetryBackOff;
  return {
    retryOn: decodeConditions(message.retryOn, [...path, 'retry_on'], decoding),
    numRetries: message.numRetries ?? RETRY_DEFAULTS.numRetries,
    perTryTimeoutMs: durationMs(message.perTryTimeout, RETRY_DEFAULTS.perTryTimeoutMs),
    perTryIdleTimeoutMs: durationMs(message.perTryIdleTimeout, RETRY_DEFAULTS.perTryIdleTimeoutMs),
    retriableStatusCodes: message.retriableStatusCodes,
    retriableHeaders: message.retriableHeaders.map((each, i) =>
      decodeHeaderMatch(each, [...path, 'retriable_headers', i], decoding),
    ),
    retriableRequestHeaders: message.retriableRequestHeaders.map((each, i) =>
      decodeHeaderMatch(each, [...path, 'retriable_request_headers', i], decoding),
    ),
    backoffBaseMs,
    backoffMaxMs,
    rateLimitedResetHeaders: (limited?.resetHeaders ?? []).map(({ name, format }) => ({
      name: name.toLowerCase(),
      format: format === RetryPolicy_ResetHeaderFormat.SECONDS ? 'seconds' : 'unix-timestamp',
    })),
    rateLimitedMaxMs: durationMs(limited?.maxInterval, RETRY_DEFAULTS.rateLimitedMaxMs),
    ...decodePredicates(message, [...path, 'retry_host_predicate'], decoding),
    hostSelectionMaxAttempts: Math.max(RETRY_DEFAULTS.hostSelectionMaxAttempts, message.hostSelectionRetryMaxAttempts),
  };
}

/** Which endpoints a retry goes past. */
function decodePredicates(
  message: RetryPolicy,
  path: Path,
  decoding: Decoding,
): Pick<RetryPolicyConfig, 'avoidPreviousHosts' | 'omittedHosts'> {
  const omittedHosts: SubsetKeys[] = [];
  let avoidPreviousHosts = false;
  for (const [i, { configType }] of message.retryHostPredicate.entries()) {
    const any = configType?.value;
    const type = typeNameOf(any?.typeUrl ?? '');
    if (type === PREVIOUS_HOSTS) avoidPreviousHosts = true;
    else if (type === OMIT_CANARIES) omittedHosts.push({ canary: 'true' });
    else if (type === OMIT_METADATA) {
      const { metadataMatch } = unpackAny(OMIT_METADATA, any!) ?? {};
      omittedHosts.push(subsetKeys(metadataMatch) ?? {});
    } else {
      const known = [PREVIOUS_HOSTS, OMIT_CANARIES, OMIT_METADATA].join(', ');
      decoding.report([...path, i, 'typed_config'], `${type || 'nothing'} is no host predicate; there are ${known}`);
    }
  }
  return { avoidPreviousHosts, omittedHosts };
}

/** The words of a `retry_on`. */
export function decodeConditions(text: string, path: Path, decoding: Decoding): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  for (const name of names) {
    if (CONDITIONS.includes(name)) continue;
    const near = nearestName(name, CONDITIONS);
    decoding.report(
      path,
      `${JSON.stringify(name)} is no retry condition; ${near === undefined ? `there are ${CONDITIONS.join(', ')}` : `did you mean ${near}?`}`,
    );
  }
  return names;
}
