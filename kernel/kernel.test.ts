/** The small pure parts of kernel/, in one file because each test file costs a process. */
import fc from 'fast-check';
import t from 'tap';
import { ScriptedRandom, seededRandom } from '../test/fakes/fake-random.ts';
import { AssertionError, assert, unreachable } from './assert.ts';
import { Backoff, fullJitterMs } from './backoff.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { SystemClock } from './clock.ts';
import { ContentHash } from './content-hash.ts';
import { editDistance, nearest } from './edit-distance.ts';
import { SeededRandom, systemSeed } from './random.ts';
import { Readiness } from './readiness.ts';
import { err, ok, type Result } from './result.ts';

t.test('assert', (t) => {
  t.doesNotThrow(() => assert(1 + 1 === 2, 'sums'));
  t.throws(() => assert(false, 'the pool holds -1'), new AssertionError('the pool holds -1'));
  t.throws(() => unreachable({ kind: 'new' } as never), { message: /\{"kind":"new"\}/ });
  t.throws(() => unreachable(1n as never), { message: /reached: 1/ });
  t.end();
});

t.test('a result is told apart by ok', (t) => {
  const half = (n: number): Result<number, string> => (n % 2 === 0 ? ok(n / 2) : err(`${n} is odd`));
  t.same(half(4), { ok: true, value: 2 });
  t.same(half(3), { ok: false, error: '3 is odd' });
  t.end();
});

t.test('the system clock gives whole seconds of the same monotonic time', (t) => {
  const clock = new SystemClock();
  const before = clock.nowMs();
  const seconds = clock.seconds();
  const after = clock.nowMs();
  t.ok(seconds >= Math.floor(before / 1000) && seconds <= after / 1000);
  t.ok(Number.isInteger(seconds) && Number.isInteger(clock.wallMs()));
  t.end();
});

t.test('random', (t) => {
  t.test('gives the numbers of the published generator', (t) => {
    // The reference code of xoshiro128** 1.1 with the state 1, 2, 3, 4.
    const random = new SeededRandom(Uint32Array.of(1, 2, 3, 4));
    t.same([random.uint32(), random.uint32(), random.uint32()], [11520, 0, 5927040]);
    t.end();
  });

  t.test('repeats itself for the same seed and not for another', (t) => {
    const row = (seed: number) =>
      Array.from(
        { length: 5 },
        (
          (r) => () =>
            r.uint32()
        )(new SeededRandom(seed)),
      );
    t.same(row(7), row(7));
    t.notSame(row(7), row(8));
    t.notSame(systemSeed(), systemSeed());
    t.end();
  });

  t.test('leaves the state of all zeros', (t) => {
    const random = new SeededRandom(new Uint32Array(4));
    t.ok([0, 0, 0, 0, 0, 0].some(() => random.uint32() !== 0));
    t.end();
  });

  t.test('is spread evenly over [0, 1)', (t) => {
    const random = seededRandom();
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) tenths[Math.floor(random.next() * 10)]!++;
    t.ok(
      tenths.every((count) => count > 900 && count < 1100),
      tenths.join(' '),
    );
    t.end();
  });

  t.test('writes hex digits in place, and nothing around them', (t) => {
    const property = fc.property(fc.integer(), fc.nat(40), fc.nat(5), (seed, digits, offset) => {
      const buffer = Buffer.alloc(60, '#');
      new SeededRandom(seed).hexInto(buffer, offset, digits);
      const written = buffer.toString('latin1', offset, offset + digits);
      const rest = buffer.toString('latin1', 0, offset) + buffer.toString('latin1', offset + digits);
      return /^[0-9a-f]*$/.test(written) && /^#*$/.test(rest);
    });
    fc.assert(property);
    t.end();
  });

  t.test('uses every hex digit at every place', (t) => {
    const random = seededRandom();
    const seen = Array.from({ length: 20 }, () => new Set<number>());
    const buffer = Buffer.alloc(20);
    for (let i = 0; i < 500; i++) {
      random.hexInto(buffer, 0, 20);
      buffer.forEach((byte, place) => {
        seen[place]!.add(byte);
      });
    }
    t.ok(seen.every((digits) => digits.size === 16));
    t.end();
  });

  t.test('writes UUIDs of version 4', (t) => {
    const random = seededRandom();
    const buffer = Buffer.alloc(38, '#');
    const variants = new Set<string>();
    for (let i = 0; i < 200; i++) {
      random.uuidInto(buffer, 1);
      const text = buffer.toString('latin1');
      if (!/^#[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}#$/.test(text)) t.fail(text);
      variants.add(text.charAt(20));
    }
    t.equal(variants.size, 4);
    t.end();
  });
  t.end();
});

t.test('backoff', (t) => {
  const limits = { baseMs: 100, maxMs: 1000 };

  t.test('with full jitter doubles its bound up to the maximum', (t) => {
    const backoff = new Backoff(limits, new ScriptedRandom(0.5));
    const row = Array.from({ length: 6 }, () => backoff.nextMs());
    t.same(row, [50, 100, 200, 400, 500, 500]);
    t.equal(backoff.retries, 6);
    backoff.reset();
    t.equal(backoff.nextMs(), 50);
    t.equal(fullJitterMs(limits, 2, new ScriptedRandom(0.5)), 200);
    t.equal(fullJitterMs(limits, 5000, new ScriptedRandom(0.5)), 500);
    t.end();
  });

  t.test('decorrelated is never below its base, nor above three times the wait before', (t) => {
    const property = fc.property(fc.integer(), (seed) => {
      const backoff = new Backoff(limits, seededRandom(seed), 'decorrelated');
      let previous = limits.baseMs;
      for (let i = 0; i < 20; i++) {
        const wait = backoff.nextMs();
        if (wait < limits.baseMs || wait > Math.min(limits.maxMs, 3 * previous)) return false;
        previous = wait;
      }
      return true;
    });
    fc.assert(property);
    t.end();
  });

  t.test('refuses limits that make no sense', (t) => {
    t.throws(() => new Backoff({ baseMs: 0, maxMs: 1 }, seededRandom()), { message: /0 to 1 ms/ });
    t.throws(() => new Backoff({ baseMs: 2, maxMs: 1 }, seededRandom()), { message: /2 to 1 ms/ });
    t.end();
  });
  t.end();
});

t.test('a bounded queue', (t) => {
  t.test('refuses when full and is first in, first out, as an array would be', (t) => {
    const event = fc.oneof(fc.nat(9), fc.constant('shift' as const), fc.constant('clear' as const));
    const property = fc.property(fc.integer({ min: 1, max: 5 }), fc.array(event), (capacity, events) => {
      const queue = new BoundedQueue<number>(capacity);
      let model: number[] = [];
      for (const each of events) {
        if (each === 'clear') {
          queue.clear();
          model = [];
        } else if (each === 'shift') {
          if (queue.peek() !== model[0] || queue.shift() !== model.shift()) return false;
        } else {
          const fits = model.length < capacity;
          if (queue.push(each) !== fits) return false;
          if (fits) model.push(each);
        }
        if (queue.size !== model.length || queue.full !== (model.length === capacity)) return false;
        if ([...queue].join() !== model.join()) return false;
      }
      return true;
    });
    fc.assert(property);
    t.end();
  });

  t.test('needs a capacity', (t) => {
    t.throws(() => new BoundedQueue(0), { message: /capacity 0/ });
    t.end();
  });
  t.end();
});

t.test('nearest', (t) => {
  const known = ['timeout', 'retries', 'replicas', 'placement'];
  t.equal(nearest('timeuot', known), 'timeout', 'two letters swapped');
  t.equal(nearest('replica', known), 'replicas', 'one missing');
  t.equal(nearest('Placement', known), 'placement', 'letter case');
  t.equal(nearest('image', known), undefined, 'nothing near');
  t.equal(nearest('x', ['y', 'z']), 'y', 'the first of equals');
  t.equal(nearest('ports', ['parts', 'port']), 'parts');
  t.equal(nearest('a'.repeat(101), ['a'.repeat(101)]), undefined, 'bounded');
  t.equal(nearest('timeout', []), undefined);
  t.equal(editDistance('', 'abc'), 3);
  t.equal(editDistance('kitten', 'sitting'), 3);
  t.end();
});

t.test('readiness', (t) => {
  t.test('comes with the last release, and names what it waits for', (t) => {
    const readiness = new Readiness();
    let calls = 0;
    readiness.onReady(() => calls++);
    t.notOk(readiness.ready, 'not before anything was held');
    const start = readiness.hold('start');
    const certificate = readiness.hold('certificate');
    start();
    start();
    t.same(readiness.waitingFor(), ['certificate']);
    t.equal(calls, 0);
    certificate();
    t.ok(readiness.ready);
    t.same(readiness.waitingFor(), []);
    t.equal(calls, 1);
    readiness.onReady(() => calls++);
    t.equal(calls, 2, 'at once when ready already');
    t.end();
  });

  t.test('tells two holds of the same name apart', (t) => {
    const readiness = new Readiness();
    const first = readiness.hold('cluster');
    readiness.hold('cluster');
    first();
    t.same(readiness.waitingFor(), ['cluster']);
    t.notOk(readiness.ready);
    t.end();
  });

  t.test('is not taken back', (t) => {
    const readiness = new Readiness();
    readiness.hold('start')();
    t.throws(() => readiness.hold('late'), { message: /"late"/ });
    t.end();
  });
  t.end();
});

t.test('a content hash is FNV-1a of 64 bits over the bytes of UTF-16', (t) => {
  // Of the 16-bit units of "a": the bytes 0x61 and 0x00.
  const reference = (bytes: readonly number[]) => {
    let hash = 0xcbf29ce484222325n;
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
    return hash.toString(16).padStart(16, '0');
  };
  const property = fc.property(fc.string({ unit: 'binary' }), (text) => {
    const bytes = [...Buffer.from(text, 'utf16le')];
    t.equal(new ContentHash().update(text).digest(), reference(bytes));
    t.equal(new ContentHash().update(text.slice(0, 2)).update(text.slice(2)).digest(), reference(bytes));
  });
  fc.assert(property, { numRuns: 100 });
  t.end();
});

t.test('a seed of the system is never the same', (t) => {
  t.not(systemSeed().join(), systemSeed().join());
  t.equal(systemSeed().length, 4);
  t.end();
});
