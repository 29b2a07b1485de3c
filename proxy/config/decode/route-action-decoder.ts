/** What a route does: forward, redirect, answer. */
import { RoutingPriority } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import {
  type DirectResponseAction,
  RouteAction_ClusterNotFoundResponseCode as NotFound,
  RedirectAction_RedirectResponseCode as RedirectCode,
  type RedirectAction as RedirectMessage,
  type Route,
  type RouteAction,
} from '../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { ForwardAction, RedirectAction, RouteActionConfig } from '../model/route.ts';
import { decodeClusterChoice } from './cluster-choice-decoder.ts';
import type { Decoding } from './decoding.ts';
import { decodeHashPolicies } from './hash-policy-decoder.ts';
import { decodeRateLimits } from './http-filters/rate-limit-decoder.ts';
import { decodeRegexRewrite } from './matcher-decoder.ts';
import { decodeRetryPolicy } from './retry-policy-decoder.ts';
import { dataSourceText, durationMs, runtimeFraction, subsetKeys } from './values.ts';

/** Envoy's default for the whole request, in milliseconds. */
const ROUTE_TIMEOUT_MS = 15_000;

const NOT_FOUND_STATUS = {
  [NotFound.SERVICE_UNAVAILABLE]: 503,
  [NotFound.NOT_FOUND]: 404,
  [NotFound.INTERNAL_SERVER_ERROR]: 500,
};

const REDIRECT_STATUS = {
  [RedirectCode.MOVED_PERMANENTLY]: 301,
  [RedirectCode.FOUND]: 302,
  [RedirectCode.SEE_OTHER]: 303,
  [RedirectCode.TEMPORARY_REDIRECT]: 307,
  [RedirectCode.PERMANENT_REDIRECT]: 308,
} as const;

/** Decodes the action of a route. `bodyBytesMax` bounds the body of a direct response. */
export function decodeRouteAction(
  route: Route,
  bodyBytesMax: number,
  path: Path,
  decoding: Decoding,
): RouteActionConfig {
  switch (route.action?.$case) {
    case 'route':
      return decodeForward(route.action.value, [...path, 'route'], decoding);
    case 'redirect':
      return decodeRedirect(route.action.value, [...path, 'redirect'], decoding);
    case 'directResponse':
      return decodeDirectResponse(route.action.value, bodyBytesMax, [...path, 'direct_response'], decoding);
    default:
      return { kind: 'non-forwarding' };
  }
}

function decodeForward(message: RouteAction, path: Path, decoding: Decoding): ForwardAction {
  if (message.prefixRewrite !== '' && message.regexRewrite !== undefined) {
    decoding.report([...path, 'regex_rewrite'], 'regex_rewrite and prefix_rewrite exclude each other');
  }
  const stream = message.maxStreamDuration;
  const subset = subsetKeys(message.metadataMatch);
  return {
    kind: 'forward',
    cluster: decodeClusterChoice(message.clusterSpecifier, subset, path, decoding),
    clusterNotFoundStatus: NOT_FOUND_STATUS[message.clusterNotFoundResponseCode],
    subset,
    pathRewrite: decodePathRewrite(message, path, decoding),
    hostRewrite: decodeHostRewrite(message, path, decoding),
    appendForwardedHost: message.appendXForwardedHost,
    timeoutMs: durationMs(message.timeout, ROUTE_TIMEOUT_MS),
    idleTimeoutMs: durationMs(message.idleTimeout, null),
    maxStreamDuration:
      stream === undefined
        ? null
        : {
            maxStreamDurationMs: durationMs(stream.maxStreamDuration, null),
            grpcTimeoutHeaderMaxMs: durationMs(stream.grpcTimeoutHeaderMax, null),
            grpcTimeoutHeaderOffsetMs: durationMs(stream.grpcTimeoutHeaderOffset, null),
          },
    hedgesOnPerTryTimeout: message.hedgePolicy?.hedgeOnPerTryTimeout ?? null,
    retryPolicy:
      message.retryPolicy === undefined
        ? null
        : decodeRetryPolicy(message.retryPolicy, [...path, 'retry_policy'], decoding),
    hashPolicy: decodeHashPolicies(message.hashPolicy, [...path, 'hash_policy'], decoding),
    mirrors: message.requestMirrorPolicies.map(({ cluster, runtimeFraction: fraction }) => ({
      cluster,
      fraction: fraction === undefined ? null : runtimeFraction(fraction),
    })),
    rateLimits: decodeRateLimits(message.rateLimits, [...path, 'rate_limits'], decoding),
    priority: message.priority === RoutingPriority.HIGH ? 'high' : 'default',
    upgrades: Object.fromEntries(
      message.upgradeConfigs.map((each) => [each.upgradeType.toLowerCase(), each.enabled ?? true]),
    ),
    terminatesConnect: message.upgradeConfigs.some((each) => each.connectConfig !== undefined),
  };
}

function decodePathRewrite(message: RouteAction, path: Path, decoding: Decoding): ForwardAction['pathRewrite'] {
  if (message.regexRewrite !== undefined)
    return { kind: 'regex', ...decodeRegexRewrite(message.regexRewrite, [...path, 'regex_rewrite'], decoding) };
  return message.prefixRewrite === '' ? null : { kind: 'prefix', value: message.prefixRewrite };
}

function decodeHostRewrite(message: RouteAction, path: Path, decoding: Decoding): ForwardAction['hostRewrite'] {
  const rewrite = message.hostRewriteSpecifier;
  switch (rewrite?.$case) {
    case 'hostRewriteLiteral':
      return { kind: 'literal', value: rewrite.value };
    case 'hostRewriteHeader':
      return { kind: 'header', header: rewrite.value.toLowerCase() };
    case 'autoHostRewrite':
      return rewrite.value === true ? { kind: 'endpoint-hostname' } : null;
    case 'hostRewritePathRegex':
      return {
        kind: 'path-regex',
        ...decodeRegexRewrite(rewrite.value, [...path, 'host_rewrite_path_regex'], decoding),
      };
    case undefined:
      return null;
  }
}

function decodeRedirect(message: RedirectMessage, path: Path, decoding: Decoding): RedirectAction {
  const scheme = message.schemeRewriteSpecifier;
  return {
    kind: 'redirect',
    scheme: scheme?.$case === 'schemeRedirect' ? scheme.value.toLowerCase() : scheme?.value === true ? 'https' : null,
    host: message.hostRedirect || null,
    port: message.portRedirect || null,
    path: decodeRedirectPath(message, path, decoding),
    stripQuery: message.stripQuery,
    status: REDIRECT_STATUS[message.responseCode],
  };
}

function decodeRedirectPath(message: RedirectMessage, path: Path, decoding: Decoding): RedirectAction['path'] {
  const rewrite = message.pathRewriteSpecifier;
  switch (rewrite?.$case) {
    case 'pathRedirect':
      return { kind: 'replace', value: rewrite.value };
    case 'prefixRewrite':
      return { kind: 'prefix', value: rewrite.value };
    case 'regexRewrite':
      return { kind: 'regex', ...decodeRegexRewrite(rewrite.value, [...path, 'regex_rewrite'], decoding) };
    case undefined:
      return null;
  }
}

function decodeDirectResponse(
  message: DirectResponseAction,
  bodyBytesMax: number,
  path: Path,
  decoding: Decoding,
): RouteActionConfig {
  const body = message.body === undefined ? '' : dataSourceText(message.body, [...path, 'body'], decoding);
  const bytes = Buffer.byteLength(body);
  if (bytes > bodyBytesMax) {
    decoding.report(
      [...path, 'body'],
      `the body has ${bytes} bytes; max_direct_response_body_size_bytes allows ${bodyBytesMax}`,
    );
  }
  return { kind: 'direct-response', status: message.status, body };
}
