/**
 * `npm run build`: the whole command, or the proxy alone, as one CommonJS file that needs nothing but Node.
 *
 *   node deploy/build.ts          cli/main.ts    -> dist/outrider.cjs        what bin/outrider runs: every command
 *   node deploy/build.ts proxy    proxy/main.ts  -> dist/outrider-proxy.cjs  the sidecar alone; takes the arguments after `proxy`
 *
 * Modules that the command loads only when it needs them stay lazy in the bundle: a sidecar does not run the control
 * plane's code. What a module reads beside itself (`import.meta.url`) is looked for at the same place below the folder
 * above dist/, so package.json has to lie there.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

/** One bundle: its entry as source text, resolved from the root of the repository, and where it goes. */
interface Bundle {
  readonly entry: string;
  readonly outfile: string;
}

const BUNDLES: Readonly<Record<string, Bundle>> = {
  cli: { entry: entry('runCli', './cli/main.ts'), outfile: join(ROOT, 'dist', 'outrider.cjs') },
  proxy: { entry: entry('runProxy', './proxy/main.ts'), outfile: join(ROOT, 'dist', 'outrider-proxy.cjs') },
};

/** The launcher's part: run to the end, and leave the exit code to Node so that output is flushed. */
function entry(run: string, module: string): string {
  return `import { ${run} } from '${module}';
${run}(process.argv.slice(2)).then(
  (code) => { process.exitCode = code; },
  (error) => { console.error(error); process.exit(1); },
);`;
}

/** Resolved at run time from the bundle's own place, as if the module lay where it lay in the repository. */
const BANNER = `const __sourcePath = (file) => require('node:path').join(__dirname, '..', file);
const __sourceUrl = (file) => require('node:url').pathToFileURL(__sourcePath(file)).href;`;

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

/** Builds one bundle. Throws with esbuild's messages when a module cannot be resolved or read. */
export async function buildBundle({ entry, outfile }: Bundle): Promise<void> {
  await build({
    stdin: { contents: entry, resolveDir: ROOT, sourcefile: 'entry.js' },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    banner: { js: BANNER },
    plugins: [importMetaPlugin],
    // Some packages look at the names of functions and classes, and stack traces are for people.
    keepNames: true,
    legalComments: 'eof',
    logLevel: 'warning',
  });
}

async function main(name: string): Promise<number> {
  const bundle = BUNDLES[name];
  if (bundle === undefined) {
    console.error(`build: there is no bundle "${name}"; known are ${Object.keys(BUNDLES).join(', ')}`);
    return 2;
  }
  try {
    await buildBundle(bundle);
    return 0;
  } catch {
    // esbuild has said what and where.
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv[2] ?? 'cli');
