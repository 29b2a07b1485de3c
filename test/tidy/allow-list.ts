/**
 * Exceptions to the tidy rules: few, each with its reason. One that is no longer needed fails the test.
 */
import type { RuleName } from './rules.ts';
import type { Finding, SourceTree } from './source-tree.ts';

/** One exception. */
export interface Allowance {
  readonly rule: RuleName;
  /** A file's path. */
  readonly path: string;
  readonly because: string;
}

/** See the head of this file. */
export const ALLOWANCES: readonly Allowance[] = [
  {
    rule: 'time, randomness and the process are handed in',
    path: 'protos/generate.ts',
    because: 'it is a script, run by hand, and the product does not import it',
  },
  {
    rule: 'imports go in the directions of the architecture',
    path: 'control-plane/policy/compose.ts',
    because: 'node:path/posix is string arithmetic: it touches no file and is the same everywhere',
  },
  {
    rule: 'nothing is left for later',
    path: 'test/tap-results.ts',
    because: 'the mark is a word of the TAP protocol',
  },
];

/** Of `findings` of one rule, those that no exception covers. */
export function withoutAllowed(rule: RuleName, findings: readonly Finding[], allowances = ALLOWANCES): Finding[] {
  return findings.filter((finding) => !allowances.some((each) => covers(each, rule, finding)));
}

/** Exceptions for `rule` that cover none of its `findings`, though their file is in the tree. */
export function unusedAllowances(
  rule: RuleName,
  findings: readonly Finding[],
  tree: SourceTree,
  allowances = ALLOWANCES,
): Allowance[] {
  const ofRule = allowances.filter((each) => each.rule === rule && tree.has(each.path));
  return ofRule.filter((each) => !findings.some((finding) => covers(each, rule, finding)));
}

function covers(allowance: Allowance, rule: RuleName, finding: Finding): boolean {
  return allowance.rule === rule && allowance.path === finding.where.replace(/:\d+$/, '');
}
