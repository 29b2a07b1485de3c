/** envoy.config.route.v3.RouteAction.HashPolicy. */
import type { RouteAction_HashPolicy as HashPolicy } from '../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { HashPolicyConfig } from '../model/route.ts';
import type { Decoding } from './decoding.ts';
import { decodeRegexRewrite } from './matcher-decoder.ts';
import { durationMs } from './values.ts';

/** Decodes the policies of a route, in order. One that asks for nothing (source_ip: false) is left out, as in Envoy. */
export function decodeHashPolicies(
  messages: readonly HashPolicy[],
  path: Path,
  decoding: Decoding,
): readonly HashPolicyConfig[] {
  const policies: HashPolicyConfig[] = [];
  for (const [i, message] of messages.entries()) {
    const source = decodeSource(message, [...path, i], decoding);
    if (source !== null) policies.push({ source, terminal: message.terminal });
  }
  return policies;
}

function decodeSource(
  { policySpecifier }: HashPolicy,
  path: Path,
  decoding: Decoding,
): HashPolicyConfig['source'] | null {
  switch (policySpecifier?.$case) {
    case 'header': {
      const { headerName, regexRewrite } = policySpecifier.value;
      const place = [...path, 'header', 'regex_rewrite'];
      const rewrite = regexRewrite === undefined ? null : decodeRegexRewrite(regexRewrite, place, decoding);
      return { kind: 'header', name: headerName.toLowerCase(), rewrite };
    }
    case 'cookie': {
      const { name, ttl, path: cookiePath, attributes } = policySpecifier.value;
      const ttlMs = durationMs(ttl, null);
      return {
        kind: 'cookie',
        name,
        ttlSeconds: ttlMs === null ? null : Math.floor(ttlMs / 1000),
        path: cookiePath,
        attributes: attributes.map((each) => ({ name: each.name, value: each.value })),
      };
    }
    case 'queryParameter':
      return { kind: 'query', name: policySpecifier.value.name };
    case 'connectionProperties':
      return policySpecifier.value.sourceIp ? { kind: 'source-ip' } : null;
    case undefined:
      return null;
  }
}
