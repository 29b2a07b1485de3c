/** envoy.config.route.v3.RateLimit: what a route or virtual host makes descriptors of. */

import type { TypedExtensionConfig } from '../../../../protos/gen/envoy/config/core/v3/extension.ts';
import type { RateLimit, RateLimit_Action } from '../../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../../protos/json/registry.ts';
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
    case 'extension':
      return decodeExpression(actionSpecifier.value, [...path, 'extension', 'typed_config'], decoding);
    // What is not honoured has been reported by its path.
    default:
      return { kind: 'remote-address' };
  }
}

/** Expressions that are understood: there is no evaluator of CEL here, but these three say who calls. */
const CERTIFICATE_NAMES: Readonly<Record<string, 'uri' | 'dns' | 'subject'>> = {
  'connection.uri_san_peer_certificate': 'uri',
  'connection.dns_san_peer_certificate': 'dns',
  'connection.subject_peer_certificate': 'subject',
};

/** envoy.rate_limit_descriptors.expr. */
function decodeExpression({ typedConfig }: TypedExtensionConfig, path: Path, decoding: Decoding): RateLimitAction {
  const message = typedConfig && unpackAny('envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor', typedConfig);
  if (message === undefined) {
    decoding.report(path, `${typeNameOf(typedConfig?.typeUrl ?? '')} makes no descriptors here`);
    return { kind: 'remote-address' };
  }
  const { descriptorKey: key, skipIfError: skipIfAbsent, exprSpecifier } = message;
  const text = exprSpecifier?.value ?? '';
  const name = Object.hasOwn(CERTIFICATE_NAMES, text) ? CERTIFICATE_NAMES[text] : undefined;
  if (name === undefined) {
    const known = Object.keys(CERTIFICATE_NAMES).join(', ');
    decoding.report([...path, 'text'], `${JSON.stringify(text)} is no expression that is understood here: ${known}`);
  }
  return { kind: 'peer-certificate', name: name ?? 'uri', key, skipIfAbsent };
}
