/** Micro-benchmarks of kernel/: what every request asks of it. */
import { SystemClock } from '../../kernel/clock.ts';
import { SeededRandom } from '../../kernel/random.ts';
import { Deadline, TimerWheel } from '../../kernel/timer-wheel.ts';
import { SystemTimers } from '../../kernel/timers.ts';
import type { MicroBenchmark } from './runner.ts';

const DEADLINES = 1024;

function armAndDisarm(iterations: number): unknown {
  const wheel = new TimerWheel(new SystemClock(), new SystemTimers({ unref: true }));
  const owner = { onDeadline: () => undefined };
  const deadlines = Array.from({ length: DEADLINES }, () => new Deadline(owner));
  for (let i = 0; i < iterations; i++) {
    const deadline = deadlines[i % DEADLINES]!;
    wheel.arm(deadline, 15_000);
    wheel.disarm(deadline);
  }
  wheel.destroy();
  return deadlines[0]!.armed;
}

/** The usual case under load: other deadlines are in the slot, and this one is moved without a disarm. */
function rearm(iterations: number): unknown {
  const wheel = new TimerWheel(new SystemClock(), new SystemTimers({ unref: true }));
  const owner = { onDeadline: () => undefined };
  const deadlines = Array.from({ length: DEADLINES }, () => new Deadline(owner));
  for (let i = 0; i < iterations; i++) wheel.arm(deadlines[i % DEADLINES]!, 15_000);
  const armed = deadlines[0]!.armed;
  wheel.destroy();
  return armed;
}

function hexInto(iterations: number): unknown {
  const random = new SeededRandom(1);
  const buffer = new Uint8Array(64);
  for (let i = 0; i < iterations; i++) random.hexInto(buffer, 8, 32);
  return buffer[8];
}

function uuidInto(iterations: number): unknown {
  const random = new SeededRandom(1);
  const buffer = new Uint8Array(64);
  for (let i = 0; i < iterations; i++) random.uuidInto(buffer, 8);
  return buffer[8];
}

/** One operation is what its name says: with an arm and a disarm, or one identifier. */
export const benchmarks: readonly MicroBenchmark[] = [
  { name: 'kernel/timer-wheel arm+disarm', run: armAndDisarm },
  { name: 'kernel/timer-wheel rearm', run: rearm },
  { name: 'kernel/random hexInto 32', run: hexInto },
  { name: 'kernel/random uuidInto', run: uuidInto },
];
