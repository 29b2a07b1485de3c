/**
 * All tidy rules, by the sentence that a tree without findings fulfils.
 */
import { findAmbientEffects, findRealTimeInUnitTests } from './ambient.ts';
import {
  findAny,
  findBarrels,
  findDefaultExports,
  findLater,
  findLonelyTests,
  findLongFiles,
  findMachinePaths,
  findRegistryHosts,
  findUndocumentedExports,
} from './form.ts';
import { findCycles, findLayerBreaks, findUndeclaredPackages } from './layers.ts';
import type { Rule } from './source-tree.ts';

/** The name of a rule. */
export type RuleName = keyof typeof RULES;

/** See the head of this file. */
export const RULES = {
  'imports go in the directions of the architecture': findLayerBreaks,
  'no files import each other in a circle': findCycles,
  'every imported package is in package.json': findUndeclaredPackages,
  'time, randomness and the process are handed in': findAmbientEffects,
  'unit tests do not read the real clock': findRealTimeInUnitTests,
  'there are no default exports': findDefaultExports,
  'there are no barrels': findBarrels,
  'there is no any': findAny,
  'files hold one idea': findLongFiles,
  'no test asks to run alone': findLonelyTests,
  'three quarters of the exports are documented': findUndocumentedExports,
  'no path names a machine': findMachinePaths,
  'nothing is left for later': findLater,
  'no package registry is named': findRegistryHosts,
} as const satisfies Record<string, Rule>;
