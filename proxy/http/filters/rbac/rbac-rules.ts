/** Permissions and principals as tests of an exchange, compiled when configuration changes. HOT: what comes out. */
import type { RbacRule } from '../../../config/model/rbac.ts';
import { AddressRanges } from '../../../net/address-ranges.ts';
import { compileString, type StringTest } from '../../../routing/matchers.ts';
import { clientAddress } from '../../client-address.ts';
import type { Exchange } from '../../exchange.ts';
import { TRAIT_CONNECT } from '../../request-traits.ts';
import { compileHeader } from '../header-test.ts';

/** Whether a rule holds for a request. */
export type RuleTest = (exchange: Exchange) => boolean;

/** Holds when one of the rules does. `headersRead` takes the names of the headers that they look at. */
export function compileAnyOf(rules: readonly RbacRule[], headersRead: Set<string>): RuleTest {
  const tests = rules.map((rule) => compileRule(rule, headersRead));
  if (tests.length === 1) return tests[0]!;
  return (exchange) => {
    for (const test of tests) if (test(exchange)) return true;
    return false;
  };
}

function compileAllOf(rules: readonly RbacRule[], headersRead: Set<string>): RuleTest {
  const tests = rules.map((rule) => compileRule(rule, headersRead));
  return (exchange) => {
    for (const test of tests) if (!test(exchange)) return false;
    return true;
  };
}

function compileRule(rule: RbacRule, headersRead: Set<string>): RuleTest {
  switch (rule.kind) {
    case 'and':
      return compileAllOf(rule.rules, headersRead);
    case 'or':
      return compileAnyOf(rule.rules, headersRead);
    case 'not': {
      const test = compileRule(rule.rule, headersRead);
      return (exchange) => !test(exchange);
    }
    case 'any':
      return () => true;
    case 'header':
      return compileHeader(rule.match, headersRead);
    case 'path':
      return compilePath(compileString(rule.match));
    case 'address':
      return compileAddress(rule.of, new AddressRanges([rule.range]));
    case 'port': {
      const { start, end } = rule;
      return ({ downstream }) => {
        const { port } = downstream.connection.local;
        return port >= start && port < end;
      };
    }
    case 'server-name': {
      const test = compileString(rule.match);
      return ({ downstream }) => test(downstream.connection.serverName ?? '');
    }
    case 'authenticated':
      return compileAuthenticated(rule.name === null ? null : compileString(rule.name));
  }
}

/** A CONNECT has no path. */
function compilePath(test: StringTest): RuleTest {
  return ({ head }) => {
    if ((head.traits & TRAIT_CONNECT) !== 0) return false;
    const { path } = head;
    const end = path.search(/[?#]/);
    return test(end < 0 ? path : path.slice(0, end));
  };
}

function compileAddress(of: 'local' | 'source' | 'direct' | 'remote', ranges: AddressRanges): RuleTest {
  switch (of) {
    case 'local':
      return ({ downstream }) => ranges.has(downstream.connection.local.host);
    case 'source':
      return ({ downstream }) => ranges.has(downstream.connection.remote.host);
    case 'direct':
      return ({ downstream }) => ranges.has(downstream.connection.directRemote.host);
    case 'remote':
      return (exchange) => ranges.has(clientAddress(exchange).address);
  }
}

/** The certificate's URI names count, then its DNS names, then its subject; without one the subject is empty. */
function compileAuthenticated(test: StringTest | null): RuleTest {
  return ({ downstream }) => {
    const { tls } = downstream.connection;
    if (tls === null) return false;
    if (test === null) return true;
    for (const name of tls.identities) if (test(name)) return true;
    return false;
  };
}
