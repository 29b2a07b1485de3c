/**
 * Ambient effects: time, randomness, timers and the process are handed in, so that tests and the simulator can drive
 * them. Only kernel/, main files and what runs beside the product touch them.
 */
import { type Finding, isTest, lineAt, type Rule } from './source-tree.ts';

const MAY_TOUCH = /^(kernel|bin|cli|bench|test|examples|deploy)\/|(^|\/)main\.ts$/;

interface Ambient {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** The globals, called or handed on; not a method of that name, nor its declaration. */
const TIMER = /(?<![\w$.#])(?:globalThis\.)?(?:setTimeout|setInterval)\b(?!\s*\([^()]*\)\s*(?::[^;{]*)?\{)/g;

const AMBIENT: readonly Ambient[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\s*\)/g, instead: 'take a Clock and ask wallMs()' },
  { pattern: /\bperformance\.now\b/g, instead: 'take a Clock and ask nowMs()' },
  { pattern: /\bMath\.random\b/g, instead: 'take a Random' },
  { pattern: /\bprocess\.(env|argv)\b/g, instead: 'let main.ts read it and hand it in' },
  { pattern: TIMER, instead: 'take Timers, or a TimerWheel on the request path' },
];

const AMBIENT_MODULES = /^node:(timers(\/promises)?|perf_hooks|process)$/;

/** Uses of ambient time, randomness, timers and process outside the places that may. */
export const findAmbientEffects: Rule = (tree) => {
  const findings: Finding[] = [];
  for (const { path, code, imports } of tree.values()) {
    if (MAY_TOUCH.test(path) || isTest(path)) continue;
    for (const { pattern, instead } of AMBIENT) {
      for (const match of code.matchAll(pattern)) {
        findings.push({ where: `${path}:${lineAt(code, match.index)}`, message: `${match[0].trim()}: ${instead}` });
      }
    }
    for (const { specifier, line } of imports) {
      if (AMBIENT_MODULES.test(specifier))
        findings.push({ where: `${path}:${line}`, message: `imports ${specifier}: take a Clock or Timers` });
    }
  }
  return findings;
};

/** Unit tests beside the code that read the real clock or wait for it. */
export const findRealTimeInUnitTests: Rule = (tree) => {
  const findings: Finding[] = [];
  for (const { path, code } of tree.values()) {
    if (!path.endsWith('.test.ts') || MAY_TOUCH.test(path)) continue;
    for (const match of code.matchAll(/\bDate\.now\b|\bperformance\.now\b|\bMath\.random\b/g)) {
      findings.push({
        where: `${path}:${lineAt(code, match.index)}`,
        message: `${match[0]} in a unit test: use FakeClock or seededRandom`,
      });
    }
  }
  return findings;
};
