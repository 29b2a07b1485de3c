/**
 * Parses the RE2 syntax that JavaScript can follow faithfully, into a tree.
 *
 * Refused with a reason: what RE2 has not (back-references, look-around, possessive repetition) and what JavaScript would
 * read in another way (Unicode classes, `\C`, flags in the middle of a group, non-ASCII characters, which are several
 * bytes on the wire). See https://github.com/google/re2/wiki/Syntax.
 */

/** A node of the tree. `js` is JavaScript source. */
export type RegexNode =
  | { readonly kind: 'set'; readonly js: string; readonly codes: ReadonlySet<number> }
  | { readonly kind: 'assert'; readonly js: string }
  | { readonly kind: 'concat'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'group'; readonly open: string; readonly body: RegexNode }
  | {
      readonly kind: 'repeat';
      readonly body: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

/** The tree and the number of capturing groups, or the reason for refusal. */
export type RegexParse =
  | { readonly ok: true; readonly tree: RegexNode; readonly groups: number }
  | { readonly ok: false; readonly problem: string };

/** RE2's own bound on counted repetition. */
const REPEAT_MAX = 1_000;

/** Longest pattern that is read. */
const PATTERN_CHARS_MAX = 4_096;

/** Parses a pattern. */
export function parseRegex(pattern: string): RegexParse {
  if (pattern.length > PATTERN_CHARS_MAX) return { ok: false, problem: `longer than ${PATTERN_CHARS_MAX} characters` };
  const parser = new RegexParser(pattern);
  try {
    const tree = parser.parse();
    return { ok: true, tree, groups: parser.groups };
  } catch (error) {
    if (error instanceof RegexProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Unwinds the parser; never leaves this file. */
class RegexProblem extends Error {}

const DIGITS = codesOf([48, 57]);
const WORD = codesOf([48, 57], [65, 90], [95, 95], [97, 122]);
const SPACE = codesOf([9, 10], [12, 13], [32, 32]);
const POSIX: Readonly<Record<string, ReadonlySet<number>>> = {
  alnum: codesOf([48, 57], [65, 90], [97, 122]),
  alpha: codesOf([65, 90], [97, 122]),
  ascii: codesOf([0, 127]),
  blank: codesOf([9, 9], [32, 32]),
  cntrl: codesOf([0, 31], [127, 127]),
  digit: DIGITS,
  graph: codesOf([33, 126]),
  lower: codesOf([97, 122]),
  print: codesOf([32, 126]),
  punct: codesOf([33, 47], [58, 64], [91, 96], [123, 126]),
  space: codesOf([9, 13], [32, 32]),
  upper: codesOf([65, 90]),
  word: WORD,
  xdigit: codesOf([48, 57], [65, 70], [97, 102]),
};
const CONTROL_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

class RegexParser {
  readonly #text: string;
  #at = 0;
  #dotAll = false;
  #fold = false;
  groups = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): RegexNode {
    const tree = this.#choice();
    if (this.#at < this.#text.length) throw new RegexProblem('unexpected )');
    return tree;
  }

  #choice(): RegexNode {
    const flags = this.#leadingFlags();
    const outer = { dotAll: this.#dotAll, fold: this.#fold };
    this.#dotAll ||= flags.includes('s');
    this.#fold ||= flags.includes('i');
    const options = [this.#sequence()];
    while (this.#text[this.#at] === '|') {
      this.#at++;
      options.push(this.#sequence());
    }
    this.#dotAll = outer.dotAll;
    this.#fold = outer.fold;
    const body: RegexNode = options.length === 1 ? options[0]! : { kind: 'choice', options };
    return flags.includes('i') ? { kind: 'group', open: '(?i:', body } : body;
  }

  /** `(?i)` at the start of a group holds for all of it; elsewhere it could not be written in JavaScript. */
  #leadingFlags(): string {
    const match = /^\(\?([a-zA-Z]+)\)/.exec(this.#text.slice(this.#at));
    if (match === null) return '';
    this.#at += match[0].length;
    return checkedFlags(match[1]!);
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')')
      parts.push(this.#repeated());
    return parts.length === 1 ? parts[0]! : { kind: 'concat', parts };
  }

  #repeated(): RegexNode {
    const atom = this.#atom();
    const count = this.#repetition();
    if (count === undefined) return atom;
    if (atom.kind === 'assert') throw new RegexProblem(`nothing to repeat before ${this.#text.slice(this.#at - 1)}`);
    const lazy = this.#text[this.#at] === '?';
    if (lazy) this.#at++;
    if (this.#repetition() !== undefined) throw new RegexProblem('a repetition directly after a repetition');
    return { kind: 'repeat', body: atom, ...count, lazy };
  }

  #repetition(): { min: number; max: number } | undefined {
    const counted = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/.exec(this.#text.slice(this.#at, this.#at + 16));
    if (counted === null) return undefined;
    this.#at += counted[0].length;
    if (counted[0] === '*') return { min: 0, max: Infinity };
    if (counted[0] === '+') return { min: 1, max: Infinity };
    if (counted[0] === '?') return { min: 0, max: 1 };
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3]);
    if (min > max || min > REPEAT_MAX || (max > REPEAT_MAX && max !== Infinity)) {
      throw new RegexProblem(
        `${counted[0]} is no valid repetition; the counts must rise and stay below ${REPEAT_MAX + 1}`,
      );
    }
    return { min, max };
  }

  #atom(): RegexNode {
    const char = this.#text[this.#at]!;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\':
        return this.#escape();
      case '.':
        this.#at++;
        return this.#dotAll ? setNode(codesOf([0, 255]), '[^]') : setNode(without(codesOf([0, 255]), 10), '[^\\n]');
      case '^':
      case '$':
        this.#at++;
        return { kind: 'assert', js: char };
      case '*':
      case '+':
      case '?':
        throw new RegexProblem(`nothing to repeat before ${char}`);
      default:
        this.#at++;
        return this.#literal(asciiCode(char));
    }
  }

  #literal(code: number): RegexNode {
    return setNode(this.#folded(new Set([code])), literalJs(code));
  }

  #folded(codes: ReadonlySet<number>): ReadonlySet<number> {
    if (!this.#fold) return codes;
    const both = new Set(codes);
    for (const code of codes) if (/[a-zA-Z]/.test(String.fromCharCode(code))) both.add(code ^ 32);
    return both;
  }

  #group(): RegexNode {
    const rest = this.#text.slice(this.#at);
    if (/^\(\?<?[=!]/.test(rest)) throw new RegexProblem('look-around is not part of RE2');
    const head = /^\((?:\?(?:P?<([A-Za-z_][A-Za-z0-9_]*)>|([a-z]*):))?/.exec(rest)!;
    if (head[0] === '(' && rest[1] === '?')
      throw new RegexProblem(`${rest.slice(0, 6)} is not supported; flags stand at the start of a group`);
    this.#at += head[0].length;
    const flags = checkedFlags(head[2] ?? '');
    const outer = { dotAll: this.#dotAll, fold: this.#fold };
    this.#dotAll ||= flags.includes('s');
    this.#fold ||= flags.includes('i');
    const captures = head[2] === undefined;
    if (captures) this.groups++;
    const body = this.#choice();
    this.#dotAll = outer.dotAll;
    this.#fold = outer.fold;
    if (this.#text[this.#at] !== ')') throw new RegexProblem('a ( without its )');
    this.#at++;
    if (!captures) return { kind: 'group', open: flags.includes('i') ? '(?i:' : '(?:', body };
    return { kind: 'group', open: head[1] === undefined ? '(' : `(?<${head[1]}>`, body };
  }

  #escape(): RegexNode {
    const next = this.#text[this.#at + 1];
    if (next === undefined) throw new RegexProblem('a \\ at the end');
    if (next === 'A' || next === 'z' || next === 'b' || next === 'B') {
      this.#at += 2;
      return { kind: 'assert', js: next === 'A' ? '^' : next === 'z' ? '$' : `\\${next}` };
    }
    if (next === 'Q') return this.#quoted();
    const codes = this.#escapedCodes();
    return codes.size === 1 ? this.#literal([...codes][0]!) : setNode(codes, classJs(codes));
  }

  /** `\Q...\E`: everything between stands for itself. */
  #quoted(): RegexNode {
    const end = this.#text.indexOf('\\E', this.#at + 2);
    const text = this.#text.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return {
      kind: 'group',
      open: '(?:',
      body: { kind: 'concat', parts: [...text].map((char) => this.#literal(asciiCode(char))) },
    };
  }

  /** Reads one escape that stands for characters, in or outside of a class. */
  #escapedCodes(): ReadonlySet<number> {
    const rest = this.#text.slice(this.#at);
    const hex = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/.exec(rest);
    if (hex !== null) {
      this.#at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2]!, 16);
      if (code > 127) throw new RegexProblem(`${hex[0]} is not ASCII; such characters are several bytes on the wire`);
      return new Set([code]);
    }
    const char = rest[1] ?? '';
    this.#at += 2;
    const kind = { d: DIGITS, w: WORD, s: SPACE }[char.toLowerCase()];
    if (kind !== undefined) return char === char.toLowerCase() ? kind : inverted(kind);
    if (CONTROL_ESCAPES[char] !== undefined) return new Set([CONTROL_ESCAPES[char]]);
    if (/[1-9]/.test(char)) throw new RegexProblem(`\\${char} is a back-reference, which is not part of RE2`);
    if (/[A-Za-z0-9]/.test(char) || char === '') throw new RegexProblem(`\\${char} is not supported`);
    return new Set([asciiCode(char)]);
  }

  #class(): RegexNode {
    this.#at++;
    const negated = this.#text[this.#at] === '^';
    if (negated) this.#at++;
    const codes = new Set<number>();
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw new RegexProblem('a [ without its ]');
      this.#classItem(codes);
    }
    this.#at++;
    const folded = this.#folded(codes);
    const wanted = negated ? inverted(folded) : folded;
    if (wanted.size === 0) throw new RegexProblem('a class that fits no character');
    return setNode(wanted, classJs(wanted));
  }

  #classItem(codes: Set<number>): void {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.#text.slice(this.#at, this.#at + 16));
    if (posix !== null) {
      const named = POSIX[posix[2]!];
      if (named === undefined) throw new RegexProblem(`${posix[0]} is no class name`);
      this.#at += posix[0].length;
      for (const code of posix[1] === '^' ? inverted(named) : named) codes.add(code);
      return;
    }
    const low = this.#classChar();
    const isRange =
      this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']' && this.#at + 1 < this.#text.length;
    if (!isRange) {
      for (const code of low) codes.add(code);
      return;
    }
    this.#at++;
    const high = this.#classChar();
    const [from, to] = [[...low][0]!, [...high][0]!];
    if (low.size !== 1 || high.size !== 1 || from > to)
      throw new RegexProblem('a range in a class whose ends are not in order');
    for (let code = from; code <= to; code++) codes.add(code);
  }

  #classChar(): ReadonlySet<number> {
    if (this.#text[this.#at] === '\\') return this.#escapedCodes();
    const char = this.#text[this.#at++];
    if (char === undefined) throw new RegexProblem('a [ without its ]');
    return new Set([asciiCode(char)]);
  }
}

function checkedFlags(flags: string): string {
  const unknown = [...flags].find((flag) => flag !== 'i' && flag !== 's');
  if (unknown !== undefined) throw new RegexProblem(`the flag ${unknown} is not supported, only i and s`);
  return flags;
}

function asciiCode(char: string): number {
  const code = char.charCodeAt(0);
  if (code > 127) throw new RegexProblem(`${char} is not ASCII; such characters are several bytes on the wire`);
  return code;
}

function setNode(codes: ReadonlySet<number>, js: string): RegexNode {
  return { kind: 'set', js, codes };
}

function literalJs(code: number): string {
  const char = String.fromCharCode(code);
  if (/[A-Za-z0-9_]/.test(char)) return char;
  return code < 32 || code === 127 ? `\\x${hex2(code)}` : /[\^$\\.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

/** Writes a class as ranges of bytes; the large ones come out negated. */
function classJs(codes: ReadonlySet<number>): string {
  if (codes.size > 128) return `[^${rangesJs(inverted(codes))}]`;
  return `[${rangesJs(codes)}]`;
}

function rangesJs(codes: ReadonlySet<number>): string {
  const sorted = [...codes].sort((a, b) => a - b);
  let js = '';
  for (let i = 0; i < sorted.length; i++) {
    const from = sorted[i]!;
    while (sorted[i + 1] === sorted[i]! + 1) i++;
    const to = sorted[i]!;
    js += from === to ? `\\x${hex2(from)}` : `\\x${hex2(from)}-\\x${hex2(to)}`;
  }
  return js;
}

function hex2(code: number): string {
  return code.toString(16).padStart(2, '0');
}

function codesOf(...ranges: readonly (readonly [number, number])[]): ReadonlySet<number> {
  const codes = new Set<number>();
  for (const [from, to] of ranges) for (let code = from; code <= to; code++) codes.add(code);
  return codes;
}

function inverted(codes: ReadonlySet<number>): ReadonlySet<number> {
  return codesOf([0, 255]).difference(codes);
}

function without(codes: ReadonlySet<number>, code: number): ReadonlySet<number> {
  return codes.difference(new Set([code]));
}
