import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import t from 'tap';
import { placeImportMeta, requireOnce } from './build.ts';
import { slimPino } from './slim-pino.ts';

t.test('a module finds what lies beside it where it lay in the repository', (t) => {
  const text = "readFileSync(new URL('../package.json', import.meta.url)); join(import.meta.dirname, 'x')";
  t.equal(
    placeImportMeta(text, 'cli/program.ts'),
    `readFileSync(new URL('../package.json', __sourceUrl("cli/program.ts"))); ` +
      `join(require('node:path').dirname(__sourcePath("cli/program.ts")), 'x')`,
  );
  t.end();
});

t.test('in a bundle no module is the main one', (t) => {
  t.equal(placeImportMeta('if (import.meta.main) run();', 'a.ts'), 'if (false) run();');
  t.end();
});

t.test('what only begins like import.meta stays', (t) => {
  t.equal(placeImportMeta('import.meta.urls', 'a.ts'), 'import.meta.urls');
  t.end();
});

t.test('a part asks for each module of Node once', (t) => {
  t.equal(
    requireOnce(
      'var import_node_net=require("node:net"),import_node_os=require("node:os"),import_node_net2=require("node:net");',
    ),
    'var import_node_net=require("node:net"),import_node_os=require("node:os"),import_node_net2=import_node_net;',
  );
  t.equal(requireOnce('require("node:net");var a=require("./x")'), 'require("node:net");var a=require("./x")');
  t.end();
});

t.test('pino writes as ever without the modules that are left out, and others get them', async (t) => {
  const contents = `
    import { pino } from 'pino';
    pino({ base: null, timestamp: false }, pino.destination({ dest: 1, sync: true })).info('written');
    console.log(require('worker_threads').threadId);`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    plugins: [slimPino],
  });
  const file = join(t.testdir({ 'bundle.cjs': outputFiles[0]!.text }), 'bundle.cjs');
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [file], { env, encoding: 'utf8' });
  t.equal(stdout, '{"level":30,"msg":"written"}\n0\n', stderr);
  t.strictSame(outputFiles[0]!.text.match(/require\("(?:assert|worker_threads)"\)/g), ['require("worker_threads")']);
});
