/**
 * One set of rules (envoy.config.rbac.v3.RBAC): the first policy that holds, in the order of their names, decides.
 *
 *   ALLOW   allowed when one holds     DENY   allowed when none holds     LOG   always allowed
 */
import type { RbacRules } from '../../../config/model/rbac.ts';
import type { Exchange } from '../../exchange.ts';
import type { Failure } from '../../failure.ts';
import { rbacDenied } from '../filter-failures.ts';
import { compileAnyOf, type RuleTest } from './rbac-rules.ts';
import type { DecisionCounters, RuleCounters } from './rbac-stats.ts';

interface CompiledPolicy {
  readonly permissions: RuleTest;
  readonly principals: RuleTest;
  readonly denied: Failure;
  /** Null when it is not counted by itself. */
  readonly counters: DecisionCounters | null;
}

const NO_POLICY = rbacDenied('none');

export class RbacEngine {
  readonly #action: RbacRules['action'];
  readonly #policies: readonly CompiledPolicy[];
  readonly #counters: RuleCounters;

  constructor(rules: RbacRules, counters: RuleCounters, countPolicies: boolean, headersRead: Set<string>) {
    this.#action = rules.action;
    this.#counters = counters;
    this.#policies = rules.policies.map(({ name, permissions, principals }) => ({
      permissions: compileAnyOf(permissions, headersRead),
      principals: compileAnyOf(principals, headersRead),
      denied: rbacDenied(name),
      counters: countPolicies ? counters.policy(name) : null,
    }));
  }

  /** Decides and counts: why the request is denied, or null when it is allowed. HOT. */
  decide(exchange: Exchange): Failure | null {
    const policy = this.#firstThatHolds(exchange);
    const allowed = this.#action === 'log' || (policy !== null) === (this.#action === 'allow');
    if (allowed) this.#counters.allowed++;
    else this.#counters.denied++;
    const own = policy === null ? null : policy.counters;
    if (own !== null) {
      if (allowed) own.allowed++;
      else own.denied++;
    }
    if (allowed) return null;
    return policy === null ? NO_POLICY : policy.denied;
  }

  #firstThatHolds(exchange: Exchange): CompiledPolicy | null {
    for (const policy of this.#policies) {
      if (policy.permissions(exchange) && policy.principals(exchange)) return policy;
    }
    return null;
  }
}
