/**
 * `npm run build`: the whole command as files that need nothing but Node.
 *
 *   dist/outrider.cjs       what bin/outrider is in a checkout; starts every command
 *   dist/parts/*.cjs        the code, split where modules are imported lazily: a command loads its own
 *   dist/cache/             compiled code, filled by the build for the Node and the user that ran it
 *
 * What a module reads beside itself (`import.meta.url`) is looked for at the same place below the folder above dist/, so
 * package.json has to lie there.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';
import { fillCache } from './fill-cache.ts';
import { slimPino } from './slim-pino.ts';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const TARGET = 'node24';

/** Resolved at run time from the place of the part, as if the module lay where it lay in the repository. */
const BANNER = `const __sourcePath = (file) => require('node:path').join(__dirname, '..', '..', file);
const __sourceUrl = (file) => require('node:url').pathToFileURL(__sourcePath(file)).href;`;

/** The launcher's part: run to the end, and leave the exit code to Node so that output is flushed. */
const LAUNCHER = `const { join } = require('node:path');
const { prepare } = require('../bin/prepare.js');
const argv = process.argv.slice(2);
prepare(argv, join(__dirname, 'cache'));
require('./parts/main.cjs').runCli(argv).then(
  (code) => { process.exitCode = code; },
  (error) => { console.error(error); process.exit(1); },
);`;

/**
 * Source text in which `import.meta` is replaced by what it means for the module's place, since CommonJS has none.
 *
 * @param file Path of the module from the root of the repository.
 */
export function placeImportMeta(text: string, file: string): string {
  const name = JSON.stringify(file);
  return text
    .replaceAll(/\bimport\.meta\.url\b/g, `__sourceUrl(${name})`)
    .replaceAll(/\bimport\.meta\.filename\b/g, `__sourcePath(${name})`)
    .replaceAll(/\bimport\.meta\.dirname\b/g, `require('node:path').dirname(__sourcePath(${name}))`)
    .replaceAll(/\bimport\.meta\.main\b/g, 'false');
}

const importMetaPlugin: Plugin = {
  name: 'import-meta',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      return { contents: placeImportMeta(text, relative(ROOT, path)), loader: 'ts' };
    });
  },
};

/** Builds everything into `dist`, which is emptied first. Throws with esbuild's messages when that cannot be done. */
export async function buildDist(dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(join(dist, 'parts'), { recursive: true });
  await Promise.all([buildLauncher(dist), buildParts(dist)]);
}

async function buildLauncher(dist: string): Promise<void> {
  await build({
    stdin: { contents: LAUNCHER, resolveDir: DIST, sourcefile: 'outrider.js' },
    outfile: join(dist, 'outrider.cjs'),
    external: ['./parts/main.cjs'],
    bundle: true,
    platform: 'node',
    target: TARGET,
    format: 'cjs',
    logLevel: 'warning',
  });
}

/**
 * esbuild splits ES modules only, but CommonJS loads in half the time: it is split as the former and then each part is
 * turned into the latter.
 */
async function buildParts(dist: string): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: { main: join(ROOT, 'cli', 'main.ts') },
    outdir: join(dist, 'parts'),
    outExtension: { '.js': '.cjs' },
    write: false,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: TARGET,
    format: 'esm',
    plugins: [importMetaPlugin, slimPino],
    legalComments: 'none',
    logLevel: 'warning',
  });
  await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const { code } = await transform(text, {
        format: 'cjs',
        platform: 'node',
        target: TARGET,
        banner: BANNER,
        // A part is imported lazily by require, in a promise.
        supported: { 'dynamic-import': false },
        // The text stays in memory. Names stay as they are: stack traces are for people.
        minifyWhitespace: true,
        minifySyntax: true,
        legalComments: 'none',
      });
      writeFileSync(path, requireOnce(code));
    }),
  );
}

/**
 * Every source brings imports of its own. A part needs each module of Node once: the rest are the same variable. A third
 * fewer calls of `require` keep the start below the point where V8 begins to optimise what they call, which costs 6 MB.
 */
export function requireOnce(code: string): string {
  const variables = new Map<string, string>();
  return code.replace(/\b(import_[\w$]+)=require\("(node:[^"]+)"\)/g, (text, variable: string, name: string) => {
    const first = variables.get(name);
    if (first !== undefined) return `${variable}=${first}`;
    variables.set(name, variable);
    return text;
  });
}

async function main(): Promise<number> {
  try {
    await buildDist(DIST);
    await fillCache(DIST);
    return 0;
  } catch {
    // esbuild has said what and where.
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main();
