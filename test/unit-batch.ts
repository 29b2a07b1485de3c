/**
 * Runs many files of unit tests in one process: a process each would spend more time on starting than on testing. Every
 * file is a test of its own, under its path; its `import t from 'tap'` gets that test. Which files: OUTRIDER_UNIT_FILES,
 * paths from the root, in lines.
 */
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';

const ROOT = path.dirname(import.meta.dirname);
const FILE_MS = 120_000;
const BATCH_MS = 600_000;
const SCHEME = 'outrider-unit:';

/** By the URL of the file that imports tap. */
const tests = new Map<string, Test>();
Object.assign(globalThis, { outriderUnitTests: tests });

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context;
    if (specifier !== 'tap' || parentURL === undefined || !tests.has(parentURL)) return next(specifier, context);
    return { url: `${SCHEME}${parentURL}`, format: 'module', shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.startsWith(SCHEME)) return next(url, context);
    const source = `export default globalThis.outriderUnitTests.get(${JSON.stringify(url.slice(SCHEME.length))});`;
    return { format: 'module', source, shortCircuit: true };
  },
});

// All of them together, on a machine that does other things as well.
t.setTimeout(BATCH_MS);
for (const file of (process.env.OUTRIDER_UNIT_FILES ?? '').split('\n'))
  t.test(file, { timeout: FILE_MS }, async (test) => {
    const { href } = pathToFileURL(path.join(ROOT, file));
    tests.set(href, test);
    await import(href);
  });
