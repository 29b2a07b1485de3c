/** envoy.config.route.v3.RouteConfiguration: hosts, routes and their matches. */
import type { RouteConfiguration } from '../../../protos/gen/envoy/config/route/v3/route.ts';
import {
  type Route,
  type RouteMatch as RouteMatchMessage,
  type VirtualHost,
  VirtualHost_TlsRequirementType,
} from '../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { nearestName } from '../../../protos/json/nearest.ts';
import type { PathMatch, RouteMatch } from '../model/match.ts';
import type { ClusterChoice, RouteConfig, RouteTableConfig, VirtualHostConfig } from '../model/route.ts';
import type { Decoding } from './decoding.ts';
import { decodeHeaderEdits } from './header-edits-decoder.ts';
import { decodePerFilter } from './http-filters/per-filter-decoder.ts';
import { decodeRateLimits } from './http-filters/rate-limit-decoder.ts';
import { decodeHeaderMatch, decodeQueryMatch, decodeRegex } from './matcher-decoder.ts';
import { decodeRoutePolicy } from './policy-decoder.ts';
import { decodeRetryPolicy } from './retry-policy-decoder.ts';
import { decodeRouteAction } from './route-action-decoder.ts';
import { runtimeFraction } from './values.ts';

/** Envoy's bound on the body of a direct response, in bytes. */
const DIRECT_BODY_BYTES_MAX = 4_096;

const REQUIRE_TLS = {
  [VirtualHost_TlsRequirementType.NONE]: 'none',
  [VirtualHost_TlsRequirementType.EXTERNAL_ONLY]: 'external-only',
  [VirtualHost_TlsRequirementType.ALL]: 'all',
} as const;

/** Decodes a route table. `inline` tables validate their clusters unless told otherwise, those of RDS do not. */
export function decodeRouteTable(
  message: RouteConfiguration,
  inline: boolean,
  path: Path,
  decoding: Decoding,
): RouteTableConfig {
  checkDomains(message.virtualHosts, [...path, 'virtual_hosts'], decoding);
  const bodyBytesMax = message.maxDirectResponseBodySizeBytes ?? DIRECT_BODY_BYTES_MAX;
  const table: RouteTableConfig = {
    name: message.name,
    virtualHosts: message.virtualHosts.map((host, i) =>
      decodeVirtualHost(host, bodyBytesMax, [...path, 'virtual_hosts', i], decoding),
    ),
    edits: decodeHeaderEdits(message, path, decoding),
    mostSpecificEditsWin: message.mostSpecificHeaderMutationsWins,
    ignorePortInHostMatching: message.ignorePortInHostMatching,
    internalOnlyHeaders: message.internalOnlyHeaders.map((name) => name.toLowerCase()),
    validateClusters: message.validateClusters ?? inline,
    perFilter: decodePerFilter(message.typedPerFilterConfig, path, decoding),
  };
  if (table.validateClusters) checkClusters(table, path, decoding);
  return table;
}

/** Every cluster that a route names must exist, as far as that can be known. */
function checkClusters(table: RouteTableConfig, path: Path, decoding: Decoding): void {
  const known = decoding.sources.knownClusters;
  if (known === null) return;
  for (const [i, host] of table.virtualHosts.entries()) {
    for (const [j, { action }] of host.routes.entries()) {
      if (action.kind !== 'forward') continue;
      const place = [...path, 'virtual_hosts', i, 'routes', j, 'route'];
      const mirrors = action.mirrors.map(({ cluster }, k) => ({
        name: cluster,
        place: [...place, 'request_mirror_policies', k, 'cluster'],
      }));
      for (const each of [...namedClusters(action.cluster, place), ...mirrors]) {
        if (known.has(each.name)) continue;
        const near = nearestName(each.name, known);
        decoding.report(
          each.place,
          `there is no cluster ${each.name}${near === undefined ? '' : `; did you mean ${near}?`}`,
        );
      }
    }
  }
}

function namedClusters(choice: ClusterChoice, path: Path): { name: string; place: Path }[] {
  if (choice.kind === 'header') return [];
  if (choice.kind === 'cluster') return [{ name: choice.name, place: [...path, 'cluster'] }];
  return choice.clusters.map(({ name }, i) => ({ name, place: [...path, 'weighted_clusters', 'clusters', i, 'name'] }));
}

/** Each domain may stand only once in the whole table. */
function checkDomains(hosts: readonly VirtualHost[], path: Path, decoding: Decoding): void {
  const owners = new Map<string, string>();
  for (const [i, host] of hosts.entries()) {
    for (const [j, written] of host.domains.entries()) {
      const domain = written.toLowerCase();
      const place = [...path, i, 'domains', j];
      const owner = owners.get(domain);
      if (owner !== undefined)
        decoding.report(place, `domain ${written} stands in virtual host ${owner} already; each may stand only once`);
      else if (domain === '') decoding.report(place, 'a domain must not be empty');
      owners.set(domain, owner ?? host.name);
    }
  }
}

function decodeVirtualHost(host: VirtualHost, bodyBytesMax: number, path: Path, decoding: Decoding): VirtualHostConfig {
  return {
    name: host.name,
    domains: host.domains.map((domain) => domain.toLowerCase()),
    routes: host.routes.map((route, i) => decodeRoute(route, bodyBytesMax, [...path, 'routes', i], decoding)),
    edits: decodeHeaderEdits(host, path, decoding),
    requireTls: REQUIRE_TLS[host.requireTls],
    hedgesOnPerTryTimeout: host.hedgePolicy?.hedgeOnPerTryTimeout ?? null,
    retryPolicy:
      host.retryPolicy === undefined ? null : decodeRetryPolicy(host.retryPolicy, [...path, 'retry_policy'], decoding),
    includeRequestAttemptCount: host.includeRequestAttemptCount,
    includeAttemptCountInResponse: host.includeAttemptCountInResponse,
    bodyLimitBytes: host.perRequestBufferLimitBytes ?? null,
    perFilter: decodePerFilter(host.typedPerFilterConfig, path, decoding),
    rateLimits: decodeRateLimits(host.rateLimits, [...path, 'rate_limits'], decoding),
  };
}

function decodeRoute(route: Route, bodyBytesMax: number, path: Path, decoding: Decoding): RouteConfig {
  return {
    name: route.name,
    match: decodeMatch(route.match, [...path, 'match'], decoding),
    action: decodeRouteAction(route, bodyBytesMax, path, decoding),
    edits: decodeHeaderEdits(route, path, decoding),
    perFilter: decodePerFilter(route.typedPerFilterConfig, path, decoding),
    policy: decodeRoutePolicy(route.metadata, path, decoding),
    bodyLimitBytes: route.perRequestBufferLimitBytes ?? null,
  };
}

function decodeMatch(match: RouteMatchMessage | undefined, path: Path, decoding: Decoding): RouteMatch {
  return {
    path: decodePath(match, path, decoding),
    headers: (match?.headers ?? []).map((each, i) => decodeHeaderMatch(each, [...path, 'headers', i], decoding)),
    query: (match?.queryParameters ?? []).map((each, i) =>
      decodeQueryMatch(each, [...path, 'query_parameters', i], decoding),
    ),
    runtimeFraction: match?.runtimeFraction === undefined ? null : runtimeFraction(match.runtimeFraction),
    grpcOnly: match?.grpc !== undefined,
  };
}

function decodePath(match: RouteMatchMessage | undefined, path: Path, decoding: Decoding): PathMatch {
  const caseSensitive = match?.caseSensitive ?? true;
  const specifier = match?.pathSpecifier;
  switch (specifier?.$case) {
    case 'path':
      return { kind: 'exact', value: specifier.value, caseSensitive };
    case 'pathSeparatedPrefix':
      return { kind: 'separated-prefix', value: specifier.value, caseSensitive };
    case 'connectMatcher':
      return { kind: 'connect' };
    case 'safeRegex':
      return { kind: 'regex', regex: decodeRegex(specifier.value, [...path, 'safe_regex'], decoding) };
    default:
      return { kind: 'prefix', value: specifier?.$case === 'prefix' ? specifier.value : '/', caseSensitive };
  }
}
