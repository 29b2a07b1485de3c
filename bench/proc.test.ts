import t from 'tap';
import { idleShare, parseCoreTimes, parseProcessTime, parseResidentMb } from './proc.ts';

const STAT = [
  'cpu  30 0 20 200 10 0 4 6 0 0',
  'cpu0 10 1 9 90 5 0 2 3 100 0',
  'cpu1 20 0 10 110 5 0 2 3 0 0',
  'intr 3 0 0',
].join('\n');

t.test('waiting for a disk is idle, stolen time is busy, guest time is not counted twice', (t) => {
  const cores = parseCoreTimes(STAT);
  t.equal(cores.size, 2, 'the line of all cores together is none of them');
  t.same(cores.get(0), { idleMs: 950, busyMs: 250 });
  t.same(cores.get(1), { idleMs: 1150, busyMs: 350 });
  t.end();
});

t.test('a command with parentheses and spaces does not shift the fields', (t) => {
  const text = '42 (a) b) c) S 1 42 42 0 -1 4194560 100 0 0 0 12 34 5 6 20 0 1 0 99';
  t.same(parseProcessTime(text), { userMs: 120, systemMs: 340, endedChildrenMs: 110 });
  t.end();
});

t.test('resident memory is read in kB and told in MB; a process without any has none', (t) => {
  t.equal(parseResidentMb('Name:\tx\nVmHWM:\t 9999 kB\nVmRSS:\t   63488 kB\nThreads:\t1\n'), 62);
  t.equal(parseResidentMb('Name:\tkthreadd\n'), 0);
  t.end();
});

t.test('the idle share is over the asked cores only', (t) => {
  const before = new Map([
    [0, { idleMs: 0, busyMs: 0 }],
    [1, { idleMs: 0, busyMs: 0 }],
  ]);
  const after = new Map([
    [0, { idleMs: 100, busyMs: 0 }],
    [1, { idleMs: 0, busyMs: 100 }],
  ]);
  t.equal(idleShare([0], before, after), 1);
  t.equal(idleShare([0, 1], before, after), 0.5);
  t.equal(idleShare([7], before, after), 1);
  t.end();
});
