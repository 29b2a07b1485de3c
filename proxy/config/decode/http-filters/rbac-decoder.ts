/** envoy.extensions.filters.http.rbac.v3.RBAC: policies in the order in which they are tried. */
import type {
  RBAC_Action as Action,
  Permission,
  Principal,
  RBAC as RulesMessage,
} from '../../../../protos/gen/envoy/config/rbac/v3/rbac.ts';
import type {
  RBACPerRoute,
  RBAC as RbacMessage,
} from '../../../../protos/gen/envoy/extensions/filters/http/rbac/v3/rbac.ts';
import type { PathMatcher } from '../../../../protos/gen/envoy/type/matcher/v3/path.ts';
import type { Int32Range } from '../../../../protos/gen/envoy/type/v3/range.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { StringMatch } from '../../model/match.ts';
import type { RbacConfig, RbacRule, RbacRules } from '../../model/rbac.ts';
import type { Decoding } from '../decoding.ts';
import { decodeHeaderMatch, decodeStringMatch } from '../matcher-decoder.ts';
import { cidrText } from '../values.ts';

/** By number: 0 is ALLOW. */
const ACTIONS: Readonly<Record<Action, RbacRules['action']>> = { 0: 'allow', 1: 'deny', 2: 'log' };

const PORT_END_MAX = 65_536;

/** The filter's own settings. */
export function decodeRbac(message: RbacMessage, path: Path, decoding: Decoding): RbacConfig {
  return {
    kind: 'rbac',
    rules: decodeRules(message.rules, [...path, 'rules'], decoding),
    shadowRules: decodeRules(message.shadowRules, [...path, 'shadow_rules'], decoding),
    rulesStatPrefix: statPrefix(message.rulesStatPrefix),
    shadowRulesStatPrefix: statPrefix(message.shadowRulesStatPrefix),
    trackPerRuleStats: message.trackPerRuleStats,
  };
}

/** A route's settings; without any of its own it is free. */
export function decodeRbacPerRoute({ rbac }: RBACPerRoute, path: Path, decoding: Decoding): RbacConfig {
  if (rbac !== undefined) return decodeRbac(rbac, [...path, 'rbac'], decoding);
  return {
    kind: 'rbac',
    rules: null,
    shadowRules: null,
    rulesStatPrefix: '',
    shadowRulesStatPrefix: '',
    trackPerRuleStats: false,
  };
}

function statPrefix(prefix: string): string {
  return prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
}

function decodeRules(message: RulesMessage | undefined, path: Path, decoding: Decoding): RbacRules | null {
  if (message === undefined) return null;
  const policies = Object.entries(message.policies).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    action: ACTIONS[message.action] ?? 'allow',
    policies: policies.map(([name, { permissions, principals }]) => {
      const place = [...path, 'policies', name];
      return {
        name,
        permissions: permissions.map((each, i) => decodePermission(each, [...place, 'permissions', i], decoding)),
        principals: principals.map((each, i) => decodePrincipal(each, [...place, 'principals', i], decoding)),
      };
    }),
  };
}

function decodePermission({ rule }: Permission, path: Path, decoding: Decoding): RbacRule {
  const all = (rules: readonly Permission[], name: string): RbacRule[] =>
    rules.map((each, i) => decodePermission(each, [...path, name, 'rules', i], decoding));
  switch (rule?.$case) {
    case 'andRules':
      return { kind: 'and', rules: all(rule.value.rules, 'and_rules') };
    case 'orRules':
      return { kind: 'or', rules: all(rule.value.rules, 'or_rules') };
    case 'notRule':
      return { kind: 'not', rule: decodePermission(rule.value, [...path, 'not_rule'], decoding) };
    case 'header':
      return { kind: 'header', match: decodeHeaderMatch(rule.value, [...path, 'header'], decoding) };
    case 'urlPath':
      return { kind: 'path', match: decodePath(rule.value, [...path, 'url_path'], decoding) };
    case 'destinationIp':
      return { kind: 'address', of: 'local', range: cidrText(rule.value, [...path, 'destination_ip'], decoding) };
    case 'destinationPort':
      return { kind: 'port', start: rule.value, end: rule.value + 1 };
    case 'destinationPortRange':
      return decodePorts(rule.value, [...path, 'destination_port_range'], decoding);
    case 'requestedServerName': {
      const match = decodeStringMatch(rule.value, [...path, 'requested_server_name'], decoding);
      return { kind: 'server-name', match };
    }
    // What is not honoured has been reported by its path.
    default:
      return { kind: 'any' };
  }
}

function decodePrincipal({ identifier }: Principal, path: Path, decoding: Decoding): RbacRule {
  const all = (ids: readonly Principal[], name: string): RbacRule[] =>
    ids.map((each, i) => decodePrincipal(each, [...path, name, 'ids', i], decoding));
  switch (identifier?.$case) {
    case 'andIds':
      return { kind: 'and', rules: all(identifier.value.ids, 'and_ids') };
    case 'orIds':
      return { kind: 'or', rules: all(identifier.value.ids, 'or_ids') };
    case 'notId':
      return { kind: 'not', rule: decodePrincipal(identifier.value, [...path, 'not_id'], decoding) };
    case 'authenticated': {
      const { principalName } = identifier.value;
      const place = [...path, 'authenticated', 'principal_name'];
      return {
        kind: 'authenticated',
        name: principalName === undefined ? null : decodeStringMatch(principalName, place, decoding),
      };
    }
    case 'sourceIp':
      return { kind: 'address', of: 'source', range: cidrText(identifier.value, [...path, 'source_ip'], decoding) };
    case 'directRemoteIp': {
      const range = cidrText(identifier.value, [...path, 'direct_remote_ip'], decoding);
      return { kind: 'address', of: 'direct', range };
    }
    case 'remoteIp':
      return { kind: 'address', of: 'remote', range: cidrText(identifier.value, [...path, 'remote_ip'], decoding) };
    case 'header':
      return { kind: 'header', match: decodeHeaderMatch(identifier.value, [...path, 'header'], decoding) };
    case 'urlPath':
      return { kind: 'path', match: decodePath(identifier.value, [...path, 'url_path'], decoding) };
    default:
      return { kind: 'any' };
  }
}

function decodePath({ rule }: PathMatcher, path: Path, decoding: Decoding): StringMatch {
  if (rule !== undefined) return decodeStringMatch(rule.value, [...path, 'path'], decoding);
  decoding.report([...path, 'path'], 'path is required');
  return { kind: 'exact', value: '', ignoreCase: false };
}

function decodePorts({ start, end }: Int32Range, path: Path, decoding: Decoding): RbacRule {
  if (start < 0 || end > PORT_END_MAX || start >= end) {
    decoding.report(
      path,
      `[${start}, ${end}) holds no port; start is at least 0 and below end, which is at most ${PORT_END_MAX}`,
    );
  }
  return { kind: 'port', start, end };
}
