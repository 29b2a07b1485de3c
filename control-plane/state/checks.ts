/**
 * Everything that can be wrong with a state as a whole, once each document is well formed. The policy parser adds line and
 * column to what concerns its text; `apply` grants nothing while one of them is left.
 */
import { failingTests } from '../routing/route-tests.ts';
import type { State } from './model.ts';
import { impossibleWishes } from './policy-checks.ts';
import type { ResourceProblem } from './problem.ts';
import { danglingReferences } from './references.ts';
import { policyConflicts, routeConflicts } from './route-conflicts.ts';

/** See the head of this file. `nowMs` is wall time. */
export function problemsOf(state: State, nowMs: number): ResourceProblem[] {
  const problems = [
    ...danglingReferences(state),
    ...routeConflicts(state),
    ...policyConflicts(state),
    ...impossibleWishes(state, nowMs),
  ];
  // Where something is wrong already, what tests say of it is no news.
  return problems.length > 0 ? problems : failingTests(state);
}
