/**
 * The form of files: exports, documentation, length, and things that never belong into a commit.
 */
import { type Finding, isGenerated, isTest, lineAt, type Rule, type SourceFile } from './source-tree.ts';

const LINES_MAX = 400;
const DOCUMENTED_SHARE_MIN = 0.75;

function ownCode(tree: ReadonlyMap<string, SourceFile>): SourceFile[] {
  return [...tree.values()].filter((file) => file.path.endsWith('.ts') && !isGenerated(file.path));
}

/** Every match of `pattern` in the code of our files, as findings. */
function inCode(tree: ReadonlyMap<string, SourceFile>, pattern: RegExp, message: string): Finding[] {
  return ownCode(tree).flatMap(({ path, code }) =>
    Array.from(code.matchAll(pattern), (match) => ({ where: `${path}:${lineAt(code, match.index)}`, message })),
  );
}

/** `export default`, in either spelling. */
export const findDefaultExports: Rule = (tree) =>
  inCode(
    tree,
    /^export\s+default\b|\bas\s+default\b/gm,
    'default export: name it, so that it is called the same everywhere',
  );

/** Files that hand on other files' exports: `export * from`, or nothing but re-exports. */
export const findBarrels: Rule = (tree) => {
  const message = 'hands on exports of other files: import from the file that declares the name';
  return ownCode(tree)
    .filter(({ code }) => /^export\s+(type\s+)?(\*|\{[^}]*\}\s*from\b)/m.test(code))
    .map(({ path }) => ({ where: path, message }));
};

const ANY = new RegExp(
  [
    String.raw`(?:[:<|&]|=>|\b(?:as|extends|is|satisfies)\b)\s*any\b(?!\s*[?:(.])`,
    String.raw`\bany\b\s*(?:\[\]|>)`,
    String.raw`\btype\s+[^=;]+=\s*any\b`,
  ].join('|'),
  'g',
);

/** The type `any`. A property or method called any is fine. */
export const findAny: Rule = (tree) => inCode(tree, ANY, 'any: say what it is, or unknown');

/** Files with more lines than one idea needs. */
export const findLongFiles: Rule = (tree) =>
  ownCode(tree)
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => ({
      where: path,
      message: `${lines} lines, at most ${LINES_MAX}: there are two ideas in it`,
    }));

/** Tests that would run alone and hide the others. */
export const findLonelyTests: Rule = (tree) =>
  inCode(tree, /\.only\s*\(|\bonly:\s*true/g, 'runs alone: take it out again').filter(({ where }) =>
    isTest(where.replace(/:\d+$/, '')),
  );

/** Too few exports with a doc comment, over the whole product; one finding that names where they are missing. */
export const findUndocumentedExports: Rule = (tree) => {
  const exports = ownCode(tree)
    .filter((file) => !isTest(file.path))
    .flatMap(exportsOf);
  const missing = exports.filter((each) => !each.documented);
  if (exports.length === 0 || missing.length <= exports.length * (1 - DOCUMENTED_SHARE_MIN)) return [];
  const share = Math.floor((1 - missing.length / exports.length) * 100);
  const message = `${share} % of ${exports.length} exports have a doc comment, at least ${DOCUMENTED_SHARE_MIN * 100} %: state the contract of ${missing.map((each) => each.name).join(', ')}`;
  return [{ where: missing[0]!.where, message }];
};

const DECLARATION =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|interface|type|const|let)\s+([\w$]+)/gm;

function exportsOf({ path, text, code }: SourceFile): { name: string; where: string; documented: boolean }[] {
  return Array.from(code.matchAll(DECLARATION), (match) => ({
    name: match[1]!,
    where: `${path}:${lineAt(code, match.index)}`,
    documented: /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.test(text.slice(0, match.index)),
  }));
}

/** A path under somebody's home or working folder; in comments, strings and documents too. */
const MACHINE_PATH = /(?<![\w.:/}*~-])\/(?:home|Users|root|work)\/[\w.-]+/g;
const LATER = /\b(?:TO-?DO|FIX-?ME)\b/g;
const REGISTRY_HOST = /\bregistry\.(?:npmjs|yarnpkg)\.\w+|\bproxy\.golang\.org|\bpypi\.org/g;

function inText(tree: ReadonlyMap<string, SourceFile>, pattern: RegExp, message: string): Finding[] {
  return [...tree.values()].flatMap(({ path, text }) =>
    isGenerated(path)
      ? []
      : Array.from(text.matchAll(pattern), (match) => ({
          where: `${path}:${lineAt(text, match.index)}`,
          message: `${match[0]}: ${message}`,
        })),
  );
}

/** Paths of one machine. */
export const findMachinePaths: Rule = (tree) =>
  inText(tree, MACHINE_PATH, 'exists on one machine only; make it relative');

/** Marks for later. */
export const findLater: Rule = (tree) => inText(tree, LATER, 'do it now, or open an issue');

/** Hosts of package registries: which one is used is everybody's own setting. */
export const findRegistryHosts: Rule = (tree) =>
  inText(tree, REGISTRY_HOST, 'leave the choice of registry to the client');
