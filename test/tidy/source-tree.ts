/**
 * The source tree as the tidy rules see it: files by path, each with its imports and its code without comments and
 * without the contents of strings.
 *
 * TypeScript 7 has no parser to call, so this is a scanner: it tells code, comments, strings, templates and regular
 * expressions apart, which is all that the rules need. Rules get a tree, so tests can make one up.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { blankOut } from './blank-out.ts';

/** One `import`, `export ... from` or `import()` of a file. */
export interface Import {
  /** As written, for instance `./clock.ts` or `node:fs`. */
  readonly specifier: string;
  /** The file of the tree that a relative specifier names, from the root; undefined for packages and Node's modules. */
  readonly target: string | undefined;
  /** True when nothing but types comes over. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A file of the tree. */
export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of strings blanked out; same length, same lines. Empty unless TypeScript. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** Files by path. */
export type SourceTree = ReadonlyMap<string, SourceFile>;

/** What a rule has found. */
export interface Finding {
  /** Where: a path, with `:line` where there is one. */
  readonly where: string;
  /** What is wrong there, and what to do. */
  readonly message: string;
}

/** A rule: pure, from tree to findings. */
export type Rule = (tree: SourceTree) => Finding[];

const ROOMS = 'protos kernel proxy control-plane cli bench test examples deploy docs bin .ci'.split(' ');
const TEXT = /(\.(ts|js|mjs|json|ya?ml|md|proto|sh|css|html|toml|cfg|conf|c|h)|(^|\/)(Dockerfile|run|outrider))$/;
const NOT_OURS: ReadonlySet<string> = new Set(['node_modules', '.peers', 'dist']);

/** Reads the tree under `root` (an absolute path). */
export function readSourceTree(root: string): SourceTree {
  const patterns = [...ROOMS.map((room) => `${room}/**/*`), '*.{json,md,yaml,yml}', 'Dockerfile'];
  const entries = globSync(patterns, { cwd: root, withFileTypes: true, exclude: ({ name }) => NOT_OURS.has(name) });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => TEXT.test(path) && path !== 'package-lock.json')
    .sort();
  return sourceTree(Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])));
}

/** A tree made of texts by path. */
export function sourceTree(texts: Readonly<Record<string, string>>): SourceTree {
  return new Map(Object.entries(texts).map(([path, text]) => [path, parse(path, text)]));
}

/** True for code that a compiler wrote. */
export function isGenerated(path: string): boolean {
  return path.startsWith('protos/gen/');
}

/** True for tests and what only tests use. */
export function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts');
}

/** The line, counted from 1, that the character at `index` stands in. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

function parse(path: string, text: string): SourceFile {
  if (!path.endsWith('.ts')) return { path, text, code: '', imports: [] };
  const code = blankOut(text);
  return { path, text, code, imports: findImports(path, text, code) };
}

/** `import ... from ''`, `export ... from ''`, `import ''` at the start of a statement; `import('')` anywhere. */
const STATIC = /(?<![\w$.])(import|export)\b(\s+type\b(?!\s*,))?(?:([\s\w$*,{}]*?)\bfrom)?\s*(['"])/g;
const DYNAMIC = /(?<![\w$.])import\s*\(\s*(['"])/g;

function findImports(path: string, text: string, code: string): Import[] {
  const imports: Import[] = [];
  const add = (match: RegExpExecArray, typeOnly: boolean) => {
    const start = match.index + match[0].length;
    const specifier = text.slice(start, code.indexOf(match[0].at(-1)!, start));
    const target = specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined;
    imports.push({ specifier, target, typeOnly, line: lineAt(text, match.index) });
  };
  for (const match of code.matchAll(STATIC)) {
    if (match[1] === 'export' && match[3] === undefined) continue;
    add(match, match[2] !== undefined || onlyTypesInBraces(match[3]));
  }
  for (const match of code.matchAll(DYNAMIC)) add(match, isTypeQuery(code, match.index));
  return imports;
}

/** `{ type A, type B }`: every name has its own `type`. */
function onlyTypesInBraces(clause: string | undefined): boolean {
  const names = /^\s*\{([^}]*)\}\s*$/
    .exec(clause ?? '')?.[1]
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return names !== undefined && names.length > 0 && names.every((name) => /^type\s/.test(name));
}

/** `typeof import('x')` and `: import('x').T` are types. */
function isTypeQuery(code: string, index: number): boolean {
  return /(\btypeof|[:<|&])\s*$/.test(code.slice(Math.max(0, index - 20), index));
}
