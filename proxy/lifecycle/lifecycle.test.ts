/** How a sidecar is replaced and how it leaves, on fake time. */
import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { identify } from '../../kernel/process-identity.ts';
import { err, ok } from '../../kernel/result.ts';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { Departure } from '../listener/departure.ts';
import { type HandedSocket, InheritedSockets } from '../net/inherited-sockets.ts';
import { Loop } from '../net/loop.ts';
import type { ServedConnection } from '../net/service.ts';
import { readNextProcess, writeServingProcess } from './handover-folder.ts';
import { HotRestart, type SuccessorMessage, type TakeOver } from './hot-restart.ts';
import { LineReader } from './supervisor-link.ts';

function time() {
  const clock = new FakeClock();
  return { clock, timers: new FakeTimers(clock) };
}

/** A hot restart with a successor that does what the test says. */
function restarting() {
  const { clock, timers } = time();
  const told: TakeOver[] = [];
  const state = { killed: 0, yielded: 0, spawned: 0 };
  let hear = (_message: SuccessorMessage) => {};
  let exit = (_how: string) => {};
  const restart = new HotRestart({
    clock,
    timers,
    log: silentLogger,
    spawn: () => {
      state.spawned++;
      return ok({
        pid: 42,
        send: (message) => void told.push(message),
        onMessage: (listener) => {
          hear = listener;
        },
        onExit: (listener) => {
          exit = listener;
        },
        kill: () => void state.killed++,
      });
    },
    handed: () => [],
    leaseId: () => 'lease',
    yielded: () => void state.yielded++,
    readyMs: 30_000,
  });
  const say = (message: SuccessorMessage) => hear(message);
  return { restart, clock, told, state, say, exits: (how: string) => exit(how) };
}

t.test('a successor is told to take over when it is ready, and this process yields when it serves', async (t) => {
  const { restart, told, state, say } = restarting();
  const done = restart.run();
  t.equal(restart.run(), done, 'one at a time');
  say({ kind: 'waiting', what: ['listeners'] });
  t.same(told, []);
  say({ kind: 'ready' });
  t.same(told, [{ kind: 'take-over', leaseId: 'lease' }]);
  t.equal(state.yielded, 0);
  say({ kind: 'serving' });
  t.same(await done, { ok: true, value: 42 });
  t.same(state, { killed: 0, yielded: 1, spawned: 1 });
});

t.test('a successor that does not get there is ended, and this process goes on', async (t) => {
  const cases: readonly (readonly [string, (of: ReturnType<typeof restarting>) => void, string])[] = [
    ['exits', ({ exits }) => exits('exited with 1'), 'the successor exited with 1'],
    ['fails', ({ say }) => say({ kind: 'failed', why: 'no file' }), 'the successor does not start: no file'],
    [
      'is late',
      ({ say, clock }) => {
        say({ kind: 'waiting', what: ['listeners (LDS)'] });
        clock.advance({ ms: 30_000 });
      },
      'the successor is not ready after 30000 ms; it waits for listeners (LDS)',
    ],
    [
      'is ready and does nothing',
      ({ say, clock }) => {
        say({ kind: 'ready' });
        clock.advance({ ms: 5_000 });
      },
      'the successor did not take over within 5000 ms',
    ],
  ];
  for (const [name, act, error] of cases) {
    const it = restarting();
    const done = it.restart.run();
    act(it);
    t.same(await done, { ok: false, error }, name);
    t.same(it.state, { killed: 1, yielded: 0, spawned: 1 }, name);
    void it.restart.run();
    t.equal(it.state.spawned, 2, 'it may be tried again');
  }
});

t.test('an inherited socket is given to the listener of its address, once', (t) => {
  const socket = (purpose: string, port: number): HandedSocket => {
    return { purpose, host: '127.0.0.1', port, boundPort: port || 4_000, fd: 100 + port };
  };
  const inherited = new InheritedSockets([socket('listener a', 80), socket('listener b', 0), socket('listener c', 0)]);
  t.equal(inherited.take('listener renamed', '127.0.0.1', 80)?.fd, 180);
  t.equal(inherited.take('listener a', '127.0.0.1', 80), undefined);
  t.equal(
    inherited.take('listener c', '127.0.0.1', 0)?.purpose,
    'listener c',
    'a port that was chosen goes by the name',
  );
  t.equal(inherited.take('listener x', '127.0.0.1', 0), undefined);
  t.equal(inherited.take('listener b', '0.0.0.0', 0), undefined);
  t.end();
});

/** Asks so many connections to leave; how many were asked by each tenth of the time. */
function departed(count: number, spreadMs: number): number[] {
  const { clock, timers } = time();
  const loop = new Loop(clock, new TimerWheel(clock, timers), seededRandom());
  let asked = 0;
  const connection = (): ServedConnection => ({
    retire: () => void asked++,
    drain: () => {},
    finish: () => {},
    destroy: () => {},
  });
  const connections = Array.from({ length: count }, connection);
  const departure = new Departure(loop, () => connections);
  departure.start(spreadMs);
  const tenths = Array.from({ length: 10 }, () => {
    clock.advance({ ms: spreadMs / 10 });
    return asked;
  });
  clock.advance({ ms: 50 });
  departure.joined(connection());
  return [...tenths, asked];
}

t.test('connections are asked to leave one after the other', (t) => {
  const asked = departed(1_000, 5_000);
  for (const [tenth, count] of asked.slice(0, 9).entries())
    t.ok(Math.abs(count - (tenth + 1) * 100) < 70, `${count} after ${tenth + 1} tenths`);
  t.equal(asked.at(-1), 1_001, 'everyone, and who came after the end');
  t.end();
});

t.test('everyone is asked once, whatever the time', (t) => {
  const property = fc.property(fc.nat(60), fc.integer({ min: 10, max: 20_000 }), (count, spreadMs) => {
    return departed(count, spreadMs).at(-1) === count + 1;
  });
  fc.assert(property, { numRuns: 100 });
  t.end();
});

t.test('lines come whole, however they were cut', (t) => {
  const values = [{ a: 'ü\n' }, 1, null];
  const text = values.map((each) => `${JSON.stringify(each)}\n`).join('');
  for (let at = 0; at <= text.length; at++) {
    const reader = new LineReader();
    t.same([...reader.read(text.slice(0, at)), ...reader.read(text.slice(at))], values);
  }
  t.throws(() => new LineReader().read('x'.repeat(65_537)), /more than 65536/);
  t.end();
});

t.test('what a successor is started with is believed only of a file that nobody else can write', (t) => {
  const uid = process.getuid!();
  const next = { command: ['node', 'outrider'], cwd: '/', env: { A: 'b' } };
  const directory = t.testdir({ 'next.json': JSON.stringify(next) });
  const file = join(directory, 'next.json');
  t.same(readNextProcess(join(directory, 'none'), uid), { ok: true, value: null }, 'it is started like this one');
  chmodSync(file, 0o600);
  t.same(readNextProcess(directory, uid), { ok: true, value: next });
  t.match(readNextProcess(directory, uid + 1), { ok: false, error: /belongs to user \d+, and this process to \d+/ });
  chmodSync(file, 0o620);
  t.match(readNextProcess(directory, uid), {
    ok: false,
    error: /others may write .*: its mode is 620, and must be 600/,
  });
  chmodSync(file, 0o600);
  for (const text of [
    '',
    '[]',
    '{"command":[],"cwd":"/","env":{}}',
    '{"command":["a"],"cwd":"/","env":{"A":1}}',
    'null',
  ]) {
    writeFileSync(file, text);
    t.match(readNextProcess(directory, uid), { ok: false, error: /next\.json has to be JSON with a "command"/ }, text);
  }
  writeFileSync(file, ' '.repeat(1024 * 1024 + 1));
  t.match(readNextProcess(directory, uid), { ok: false, error: /has 1048577 bytes: at most 1048576 are read/ });
  rmSync(file);
  symlinkSync('/etc/hostname', file);
  t.match(readNextProcess(directory, uid), { ok: false, error: /cannot be read: ELOOP/ });
  writeServingProcess(directory, { ...identify(process.pid)!, pid: 7, epoch: 2 });
  t.match(readFileSync(join(directory, 'serving.json'), 'utf8'), /^\{"pid":7,"startedAt":"\d+","epoch":2\}$/);
  t.end();
});

t.test('a successor that cannot even be started leaves this process as it was', async (t) => {
  const { clock, timers } = time();
  const restart = new HotRestart({
    clock,
    timers,
    log: silentLogger,
    spawn: () => err('others may write next.json'),
    handed: () => [],
    leaseId: () => 'lease',
    yielded: () => t.fail('it yields'),
    readyMs: 30_000,
  });
  t.same(await restart.run(), { ok: false, error: 'others may write next.json' });
});
