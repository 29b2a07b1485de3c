import path from 'node:path';
import t from 'tap';
import { identify, isAlive } from '../../kernel/process-identity.ts';
import { demoCommands } from './demo.ts';
import { lockStateDir } from './lock.ts';
import { Screen } from './screen.ts';
import { notReady } from './wait-ready.ts';

t.test(
  'a running process is known by its number and its start, so that a number used again is another process',
  (t) => {
    const self = identify(process.pid)!;
    t.ok(isAlive(self));
    if (process.platform === 'linux') t.notOk(isAlive({ ...self, startedAt: '1' }));
    t.equal(identify(2 ** 30), undefined, 'above every process number');
    t.end();
  },
);

t.test('a state directory is taken over from a process that has ended, and from none that lives', (t) => {
  const dir = t.testdir({
    ended: { 'up.json': JSON.stringify({ pid: process.pid, startedAt: '1' }) },
    living: { 'up.json': JSON.stringify(identify(process.ppid)) },
  });
  lockStateDir(path.join(dir, 'ended'))();
  t.throws(() => lockStateDir(path.join(dir, 'living')), new RegExp(`as process ${process.ppid}: stop that one`));
  t.end();
});

t.test('a state directory that was given back can be claimed again', (t) => {
  const dir = path.join(t.testdir({}), 'new');
  lockStateDir(dir)();
  t.doesNotThrow(() => lockStateDir(dir)());
  t.end();
});

t.test('what is not ready is named with its numbers; a service not seen yet counts as missing', (t) => {
  const service = (name: string, ready: number, desired: number) => {
    const roll = { state: 'steady', updated: ready, outdated: 0 } as const;
    return { name, replicas: { ready, desired, running: desired }, stopped: false, roll, instances: [] };
  };
  const missing = notReady([service('a', 1, 3), service('b', 1, 1)], ['a', 'b', 'c']);
  t.strictSame(missing, ['a (1 of 3)', 'c (0 of 1)']);
  t.end();
});

t.test('lines that stay are printed above the block, which is drawn again', (t) => {
  let written = '';
  const screen = new Screen({ write: (text) => (written += text), isTTY: true });
  screen.draw('one\ntwo\n');
  written = '';
  screen.say('news');
  t.equal(written, '\x1b[2A\r\x1b[Jnews\none\ntwo\n');
  t.end();
});

t.test('the route files beside a Compose file become commands to try', (t) => {
  const cwd = t.testdir({ shop: { routes: { 'b.yaml': '', 'a.yaml': '', 'notes.txt': '' } } });
  const commands = demoCommands(path.join(cwd, 'shop'), 'outrider', cwd);
  t.strictSame(commands, ['outrider apply -f shop/routes/a.yaml', 'outrider apply -f shop/routes/b.yaml']);
  t.strictSame(demoCommands(cwd, 'outrider', cwd), []);
  t.end();
});
