/** envoy.config.route.v3.RateLimit: what a route or virtual host makes descriptors of. */
import type { RateLimit, RateLimit_Action } from '../../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { RateLimitAction, RateLimitConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeHeaderMatch, decodeQueryMatch } from '../matcher-decoder.ts';

/** The rate limits of one level. */
export function decodeRateLimits(messages: readonly RateLimit[], path: Path, decoding: Decoding): RateLimitConfig[] {
  return messages.map(({ stage, actions }, i) => ({
    stage: stage ?? 0,
    actions: actions.map((each, j) => decodeAction(each, [...path, i, 'actions', j], decoding)),
  }));
}

function decodeAction({ actionSpecifier }: RateLimit_Action, path: Path, decoding: Decoding): RateLimitAction {
  switch (actionSpecifier?.$case) {
    case 'destinationCluster':
      return { kind: 'destination-cluster' };
    case 'requestHeaders': {
      const { headerName, descriptorKey, skipIfAbsent } = actionSpecifier.value;
      return { kind: 'request-header', name: headerName.toLowerCase(), key: descriptorKey, skipIfAbsent };
    }
    case 'genericKey': {
      const { descriptorKey, descriptorValue } = actionSpecifier.value;
      return { kind: 'generic-key', key: descriptorKey || 'generic_key', value: descriptorValue };
    }
    case 'maskedRemoteAddress': {
      const { v4PrefixMaskLen, v6PrefixMaskLen } = actionSpecifier.value;
      return { kind: 'masked-remote-address', v4Bits: v4PrefixMaskLen ?? 32, v6Bits: v6PrefixMaskLen ?? 128 };
    }
    case 'headerValueMatch': {
      const { descriptorKey, descriptorValue, expectMatch, headers } = actionSpecifier.value;
      const place = [...path, 'header_value_match', 'headers'];
      return {
        kind: 'header-match',
        key: descriptorKey || 'header_match',
        value: descriptorValue,
        expectMatch: expectMatch ?? true,
        headers: headers.map((each, i) => decodeHeaderMatch(each, [...place, i], decoding)),
      };
    }
    case 'queryParameterValueMatch': {
      const { descriptorKey, descriptorValue, expectMatch, queryParameters } = actionSpecifier.value;
      const place = [...path, 'query_parameter_value_match', 'query_parameters'];
      return {
        kind: 'query-match',
        key: descriptorKey || 'query_match',
        value: descriptorValue,
        expectMatch: expectMatch ?? true,
        parameters: queryParameters.map((each, i) => decodeQueryMatch(each, [...place, i], decoding)),
      };
    }
    // What is not honoured has been reported by its path.
    default:
      return { kind: 'remote-address' };
  }
}
