/**
 * Turns a regular expression of a configuration (RE2 syntax, as in Envoy) into JavaScript that means the same and
 * cannot be made to run for ever. What cannot be turned is refused with a reason. Both sides of the wire use it: the proxy
 * runs what comes of it, the control plane refuses where it is written what the proxy would refuse later.
 */
import { isExponential, POSITIONS_MAX } from './regex-ambiguity.ts';
import { parseRegex, type RegexNode } from './regex-syntax.ts';

/** A regular expression that was checked to be RE2 syntax, translated to JavaScript. `source` is unanchored. */
export interface SafeRegex {
  /** As the user wrote it. */
  readonly pattern: string;
  /** JavaScript source with the same meaning, without anchors. */
  readonly source: string;
  /** JavaScript flags, for instance `i` or `su`. */
  readonly flags: string;
}

/** The expression with its number of capturing groups, or why it is refused. */
export type SafeRegexResult =
  | { readonly ok: true; readonly regex: SafeRegex; readonly groups: number }
  | { readonly ok: false; readonly problem: string };

/** Translates one pattern. The result is not anchored: the matcher does that. */
export function toSafeRegex(pattern: string): SafeRegexResult {
  const parsed = parseRegex(pattern);
  if (!parsed.ok) return refused(pattern, parsed.problem);
  const exponential = isExponential(parsed.tree);
  if (exponential === 'too-large') return refused(pattern, `more than ${POSITIONS_MAX} characters and classes`);
  if (exponential)
    return refused(
      pattern,
      'a repeated part can be read in two ways, which can take exponential time; make it unambiguous',
    );
  const source = toSource(parsed.tree);
  try {
    new RegExp(source);
  } catch (error) {
    return refused(pattern, (error as Error).message);
  }
  return { ok: true, regex: { pattern, source, flags: '' }, groups: parsed.groups };
}

/**
 * Turns an RE2 substitution (`\\1`, `\\0`, `\\\\`) into one for String.prototype.replace.
 *
 * @returns the text, or why it is refused.
 */
export function toReplacement(
  substitution: string,
  groups: number,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string } {
  let text = '';
  for (let i = 0; i < substitution.length; i++) {
    const char = substitution[i]!;
    if (char === '$') text += '$$';
    else if (char !== '\\') text += char;
    else {
      const next = substitution[++i] ?? '';
      if (next === '\\') text += '\\';
      else if (!/[0-9]/.test(next))
        return { ok: false, problem: `\\${next} in a substitution stands for nothing; write \\1 or \\\\` };
      else if (Number(next) > groups)
        return { ok: false, problem: `\\${next} refers to a group that the pattern has not: it has ${groups}` };
      else text += next === '0' ? '$&' : `$0${next}`;
    }
  }
  return { ok: true, text };
}

function refused(pattern: string, problem: string): SafeRegexResult {
  return { ok: false, problem: `regular expression ${JSON.stringify(pattern)}: ${problem}` };
}

function toSource(node: RegexNode): string {
  switch (node.kind) {
    case 'set':
    case 'assert':
      return node.js;
    case 'concat':
      return node.parts.map(partSource).join('');
    case 'choice':
      return node.options.map(toSource).join('|');
    case 'group':
      return `${node.open}${toSource(node.body)})`;
    case 'repeat':
      return `${partSource(node.body)}${countSource(node.min, node.max)}${node.lazy ? '?' : ''}`;
  }
}

/** A choice or sequence inside of something larger needs a group of its own. */
function partSource(node: RegexNode): string {
  return node.kind === 'choice' || node.kind === 'concat' ? `(?:${toSource(node)})` : toSource(node);
}

function countSource(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}
