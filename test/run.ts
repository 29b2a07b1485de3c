/**
 * Runs the tests: one tap process over every `*.test.ts`, and a plain last line, `N passed, N failed, N skipped`.
 *
 *   node test/run.ts              everything that needs no other program
 *   node test/run.ts PATH...      the test files given, or those under the folders given
 *   node test/run.ts --peers      test/peers: against real Envoy, etcd, Docker, browsers
 *
 * Exit code 0 when nothing failed, 1 otherwise.
 */
import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TapResults } from './tap-results.ts';

const ROOT = dirname(import.meta.dirname);
const FOLDERS = ['protos', 'kernel', 'proxy', 'control-plane', 'cli', 'bench', 'examples', 'deploy', 'test'];
const PEERS = join('test', 'peers');

/** Peers start processes of their own and want the machine to themselves; a file of theirs may take minutes. */
const OPTIONS = ['--reporter=tap', '--disable-coverage', '--jobs=2', '--timeout=240'];
const PEER_OPTIONS = ['--reporter=tap', '--disable-coverage', '--jobs=1', '--timeout=600'];

/**
 * Compiled code is kept from one file to the next: each is a process of its own, and half of its time would go into
 * reading the same sources again.
 */
const COMPILE_CACHE = join(ROOT, 'node_modules', '.cache', 'outrider-tests');

function testFilesUnder(path: string): string[] {
  if (!statSync(join(ROOT, path), { throwIfNoEntry: false })?.isDirectory()) return [path];
  return globSync(`${path}/**/*.test.ts`, { cwd: ROOT, exclude: (name) => name === 'node_modules' }).sort();
}

function chooseFiles(args: readonly string[]): string[] {
  if (args.includes('--peers')) return testFilesUnder(PEERS).filter((file) => file !== PEERS);
  if (args.length > 0) return args.map((path) => relative(ROOT, path)).flatMap(testFilesUnder);
  const present = FOLDERS.filter((folder) => statSync(join(ROOT, folder), { throwIfNoEntry: false }) !== undefined);
  return present.flatMap(testFilesUnder).filter((file) => !file.startsWith(PEERS));
}

/** Unit tests run in one process: see unit-batch.ts. */
const UNIT_BATCH = join('test', 'unit-batch.ts');

/** The files that tap is to run, with one in place of all unit tests, and what that one is told. */
function batched(files: readonly string[]): { readonly files: string[]; readonly units: string } {
  const isUnit = (file: string) => file.endsWith('.test.ts') && !file.startsWith(`test${sep}`);
  const units = files.filter(isUnit);
  const others = files.filter((file) => !isUnit(file));
  return { files: units.length > 0 ? [UNIT_BATCH, ...others] : others, units: units.join('\n') };
}

/** Runs tap and gives its exit code; every line of its output goes to `results`. */
async function runTap(chosen: readonly string[], options: readonly string[], results: TapResults): Promise<number> {
  const { files, units } = batched(chosen);
  const bin = fileURLToPath(new URL('run.mjs', import.meta.resolve('tap')));
  const tap = spawn(process.execPath, [bin, 'run', ...options, ...files], {
    cwd: ROOT,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, OUTRIDER_UNIT_FILES: units },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number>((resolve) => tap.once('exit', (code) => resolve(code ?? 1)));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => tap.kill(signal));
  for await (const line of createInterface({ input: tap.stdout, crlfDelay: Infinity })) results.line(line);
  return exited;
}

const args = process.argv.slice(2);
const files = chooseFiles(args);
const results = new TapResults((line) => console.log(line), UNIT_BATCH);
const exitCode = files.length > 0 ? await runTap(files, args.includes('--peers') ? PEER_OPTIONS : OPTIONS, results) : 0;
const { passed, failed, skipped } = results.end();
// tap itself went wrong: nothing below it can have said so.
if (exitCode !== 0 && failed === 0)
  console.log(`\nFAILED tap ended with exit code ${exitCode} without naming a failed test`);
const failures = exitCode !== 0 && failed === 0 ? 1 : failed;
console.log(`\n${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures > 0 ? 1 : 0;
