import { spawnSync } from 'node:child_process';
import t from 'tap';
import { silentLogger } from './log.ts';

type Line = Record<string, unknown>;

function parse(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** Runs a script that has `log` at hand, and gives back what it wrote by the time it ended. */
function linesOf(script: string): Line[] {
  const module = new URL('log.ts', import.meta.url).href;
  const source = `import { openLogger } from '${module}'; const log = await openLogger({ destination: 1, fields: { node: 'n1' } }); ${script}`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], { encoding: 'utf8' });
  return parse(stdout);
}

t.test('a line holds level, time, message, the fields and those of the parents', (t) => {
  const lines = linesOf(`log.child({ part: 'xds' }).warn({ version: 7, err: new TypeError('bad') }, 'rejected')`);
  t.match(lines, [{ level: 'warn', time: /^\d{4}-.*Z$/, message: 'rejected', node: 'n1', part: 'xds', version: 7 }]);
  t.match(lines[0]?.err, { type: 'TypeError', message: 'bad', stack: /bad/ });
  t.notMatch(lines[0], { pid: Number });
  t.end();
});

t.test('the level may change at any time and holds for children too', (t) => {
  const lines = linesOf(`
    const child = log.child({});
    child.debug({}, 'no');
    log.level = 'debug'; child.debug({}, 'debug');
    child.level = 'error'; log.warn({}, 'no'); log.error({}, 'error');
    log.level = 'silent'; child.error({}, 'no');`);
  t.same(
    lines.map((line) => line.message),
    ['debug', 'error'],
  );
  t.end();
});

t.test('nothing that was logged is lost at the exit', (t) => {
  const many = `for (let i = 0; i < 500; i++) log.info({ i }, 'line');`;
  t.equal(linesOf(`${many} process.exit(3)`).length, 500);
  t.equal(linesOf(`${many} throw new Error('of the test')`).length, 500);
  t.end();
});

t.test('the silent logger stays silent', (t) => {
  silentLogger.level = 'debug';
  t.equal(silentLogger.level, 'silent');
  t.equal(silentLogger.child({}), silentLogger);
  t.doesNotThrow(() => silentLogger.error({}, 'nothing'));
  t.end();
});
