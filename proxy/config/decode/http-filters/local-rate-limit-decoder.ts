/** envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, and what routes make descriptors of. */
import {
  XRateLimitHeadersRFCVersion as LimitHeaders,
  type LocalRateLimitDescriptor,
  VhRateLimitsOptions as VhLimits,
} from '../../../../protos/gen/envoy/extensions/common/ratelimit/v3/ratelimit.ts';
import type { LocalRateLimit } from '../../../../protos/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.ts';
import type { TokenBucket } from '../../../../protos/gen/envoy/type/v3/token_bucket.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { LimitedDescriptor, LocalRateLimitConfig, TokenBucketConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeHeaderAdds } from '../header-edits-decoder.ts';
import { durationMs, runtimeFraction } from '../values.ts';

const TOO_MANY_REQUESTS = 429;
/** Envoy's own bound. */
const FILL_INTERVAL_MS_MIN = 50;

const VH_LIMITS = {
  [VhLimits.OVERRIDE]: 'override',
  [VhLimits.INCLUDE]: 'include',
  [VhLimits.IGNORE]: 'ignore',
} as const;

/** The filter's settings, its own or those of a route, which must have a bucket. */
export function decodeLocalRateLimit(
  message: LocalRateLimit,
  ofRoute: boolean,
  path: Path,
  decoding: Decoding,
): LocalRateLimitConfig {
  const { tokenBucket, filterEnabled, filterEnforced } = message;
  const place = [...path, 'token_bucket'];
  if (ofRoute && tokenBucket === undefined)
    decoding.report(place, 'token_bucket is required where a route has a limit of its own');
  // Below 400 it would not look like a refusal: Envoy takes 429 then, too.
  const code = message.status?.code ?? 0;
  return {
    kind: 'local-rate-limit',
    statPrefix: message.statPrefix,
    status: code >= 400 ? code : TOO_MANY_REQUESTS,
    bucket: tokenBucket === undefined ? null : decodeBucket(tokenBucket, place, decoding),
    descriptors: decodeDescriptors(message.descriptors, [...path, 'descriptors'], decoding),
    alwaysConsumeDefault: message.alwaysConsumeDefaultTokenBucket ?? true,
    enabled: filterEnabled === undefined ? null : runtimeFraction(filterEnabled),
    enforced: filterEnforced === undefined ? null : runtimeFraction(filterEnforced),
    requestAddWhenNotEnforced: decodeHeaderAdds(
      message.requestHeadersToAddWhenNotEnforced,
      [...path, 'request_headers_to_add_when_not_enforced'],
      decoding,
    ),
    responseAdd: decodeHeaderAdds(message.responseHeadersToAdd, [...path, 'response_headers_to_add'], decoding),
    perConnection: message.localRateLimitPerDownstreamConnection,
    limitHeaders: message.enableXRatelimitHeaders === LimitHeaders.DRAFT_VERSION_03,
    resourceExhausted: message.rateLimitedAsResourceExhausted,
    stage: message.stage,
    virtualHostLimits: VH_LIMITS[message.vhRateLimits] ?? 'override',
  };
}

function decodeBucket(message: TokenBucket, path: Path, decoding: Decoding): TokenBucketConfig {
  const fillIntervalMs = durationMs(message.fillInterval, 0);
  if (fillIntervalMs < FILL_INTERVAL_MS_MIN) {
    decoding.report(
      [...path, 'fill_interval'],
      `fill_interval is ${fillIntervalMs} ms; at least ${FILL_INTERVAL_MS_MIN} ms are needed, and tokens come evenly in it`,
    );
  }
  return { maxTokens: message.maxTokens, tokensPerFill: message.tokensPerFill ?? 1, fillIntervalMs };
}

function decodeDescriptors(
  descriptors: readonly LocalRateLimitDescriptor[],
  path: Path,
  decoding: Decoding,
): LimitedDescriptor[] {
  const seen = new Set<string>();
  return descriptors.map(({ entries, tokenBucket }, i) => {
    const plain = entries.map(({ key, value }) => ({ key, value }));
    const text = JSON.stringify(plain);
    if (seen.has(text)) decoding.report([...path, i, 'entries'], 'another descriptor has the same entries');
    seen.add(text);
    const bucket = decodeBucket(
      tokenBucket ?? { maxTokens: 1, tokensPerFill: undefined, fillInterval: undefined },
      [...path, i, 'token_bucket'],
      decoding,
    );
    return { entries: plain, bucket };
  });
}
