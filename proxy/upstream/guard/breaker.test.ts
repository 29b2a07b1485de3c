import { mock } from 'node:test';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { breakerConfig } from '../../../test/fakes/config-builders.ts';
import type { BreakerConfig } from '../../config/model/policy.ts';
import { Breaker } from './breaker.ts';
import { serviceSubject } from './breaker-failures.ts';

const CONFIG = breakerConfig();

/** A breaker on fake time: opossum's timer is the process's own, so that one is faked too. */
function setUp(t: Test, change: Partial<BreakerConfig> = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const clock = { nowMs: 1_000 };
  const breaker = new Breaker(serviceSubject('catalog'), { ...CONFIG, ...change }, clock);
  t.teardown(() => {
    breaker.destroy();
    mock.timers.reset();
  });
  const pass = (ms: number) => {
    clock.nowMs += ms;
    mock.timers.tick(ms);
  };
  /** One letter a request: `.` good, `x` failed, `s` slow; what is not let through comes back as `-`. */
  const send = (outcomes: string) =>
    [...outcomes]
      .map((outcome) => {
        if (breaker.enter() !== null) return '-';
        breaker.record(breaker.epoch, outcome === 'x', outcome === 's' ? 10_000 : 10);
        return outcome;
      })
      .join('');
  return { breaker, pass, send };
}

const SHARES: readonly {
  readonly name: string;
  readonly config?: Partial<BreakerConfig>;
  /** In order; a number is milliseconds that pass. */
  readonly steps: readonly (string | number)[];
  /** Undefined: it stays closed. */
  readonly opens?: RegExp;
}[] = [
  { name: 'below the volume nothing opens it', steps: ['x'.repeat(19)] },
  {
    name: 'half of enough requests failed',
    steps: ['.'.repeat(10), 'x'.repeat(10)],
    opens: /10 of 20 requests in 10000 ms failed, 50 % \(failure_percent: 50\)\. After 5000 ms it lets one request/,
  },
  { name: 'fewer than half did', steps: ['.'.repeat(11), 'x'.repeat(10)] },
  {
    name: 'what is older than the window does not count',
    steps: ['x'.repeat(10), 10_000, `${'.'.repeat(11)}xxxxxxxxxx`],
  },
  {
    name: 'what is in the window counts, over all of its parts',
    steps: ['xxxxx', 3_000, 'xxxxx', 3_000, '..........', 2_900, 'x'],
    opens: /11 of 21/,
  },
  { name: 'slow answers count when something is slow', steps: ['s'.repeat(40)] },
  {
    name: 'too many were slow',
    config: { slowAfterMs: 1_000, slowPercent: 60 },
    steps: ['.'.repeat(8), 's'.repeat(12)],
    opens: /12 of 20 requests in 10000 ms took longer than 1000 ms, 60 % \(slow_percent: 60\)/,
  },
  {
    name: 'not quite so many were',
    config: { slowAfterMs: 1_000, slowPercent: 61 },
    steps: ['.'.repeat(8), 's'.repeat(12)],
  },
  {
    name: 'failures in a row open it whatever the volume',
    config: { consecutiveFailures: 3 },
    steps: ['xx.xxx'],
    opens: /3 requests in a row failed \(consecutive_failures: 3\)/,
  },
  { name: 'failures that are not in a row do not', config: { consecutiveFailures: 3 }, steps: ['xx.xx.xx'] },
];

for (const { name, config, steps, opens } of SHARES) {
  t.test(name, (t) => {
    const { breaker, pass, send } = setUp(t, config);
    for (const step of steps) {
      if (typeof step === 'number') pass(step);
      else t.equal(send(step), step, 'all are let through');
    }
    t.equal(breaker.state, opens === undefined ? 'closed' : 'open');
    const refusal = breaker.refuse();
    if (opens === undefined) t.equal(refusal, null);
    else t.match(refusal, { flag: 'UO', retry: 'if-unsent', status: 503, sentence: opens });
    t.end();
  });
}

t.test('open, it refuses; then one probe at a time, and three good ones in a row close it', (t) => {
  const { breaker, pass, send } = setUp(t);
  send('x'.repeat(20));
  t.match(breaker.refuse()?.details, 'service_breaker_open{failures=100%,failure_percent=50}');
  pass(4_990);
  t.equal(send('...'), '---');
  pass(20);
  t.equal(breaker.state, 'half-open');
  t.equal(breaker.refuse(), null);
  t.equal(breaker.enter(), null, 'the probe');
  t.match(breaker.refuse()?.details, 'service_breaker_half_open{probes=1}');
  t.match(breaker.enter()?.sentence, /half open: 1 at once \(probes: 1\) are let through/);
  breaker.record(breaker.epoch, false, 5);
  t.equal(send('..'), '..');
  t.equal(breaker.state, 'closed');
  t.equal(send('x'.repeat(19)), 'x'.repeat(19), 'what it was opened for is forgotten');
  t.match(breaker.stats, { opened: 1, halfOpened: 1, closed: 1, probes: 3, open: 0, halfOpen: 0, openedByFailures: 1 });
  t.equal(breaker.stats.refused, 6);
  t.end();
});

t.test('a bad or a slow probe opens it again, for as long', (t) => {
  const { breaker, pass, send } = setUp(t, { slowAfterMs: 1_000 });
  send('x'.repeat(20));
  for (const probe of ['x', '.x', '..s']) {
    pass(5_000);
    t.equal(send(probe), probe);
    t.equal(breaker.state, 'open');
    t.match(breaker.refuse()?.details, 'service_breaker_open{probe=failed}');
  }
  pass(5_000);
  t.equal(breaker.state, 'half-open');
  t.end();
});

t.test('a probe that is given up leaves its place; one that never ends loses it', (t) => {
  const { breaker, pass, send } = setUp(t, { probes: 2 });
  send('x'.repeat(20));
  pass(5_000);
  const { epoch } = breaker;
  t.equal(breaker.enter(), null);
  t.equal(breaker.enter(), null);
  t.not(breaker.enter(), null);
  breaker.release(epoch);
  t.equal(breaker.enter(), null);
  pass(4_000);
  t.not(breaker.enter(), null);
  pass(1_001);
  t.equal(breaker.enter(), null, 'as long as it was open');
  t.end();
});

t.test('outcomes of requests from before the state changed do not count', (t) => {
  const { breaker, pass, send } = setUp(t);
  const { epoch } = breaker;
  send('x'.repeat(20));
  pass(5_000);
  breaker.record(epoch, true, 5);
  breaker.release(epoch);
  t.equal(breaker.state, 'half-open');
  t.equal(send('...'), '...');
  for (let i = 0; i < 40; i++) breaker.record(epoch, true, 5);
  t.equal(breaker.state, 'closed');
  t.end();
});

t.test('requests in the window are told, refused ones too', (t) => {
  const { breaker, pass, send } = setUp(t);
  send('x'.repeat(20));
  send('.....');
  t.equal(breaker.requests, 25);
  pass(9_000);
  t.equal(breaker.requests, 25);
  pass(1_000);
  t.equal(breaker.requests, 0);
  t.end();
});

t.test('destroyed it keeps no timer', (t) => {
  const { breaker, pass, send } = setUp(t);
  send('x'.repeat(20));
  breaker.destroy();
  pass(60_000);
  t.equal(breaker.stats.halfOpened, 0);
  t.end();
});

t.test('property: it is what a plain count over the window says', (t) => {
  const config = { ...CONFIG, minimumRequests: 5, windowMs: 100, openMs: 50 };
  const step = fc.record({ waitMs: fc.nat({ max: 40 }), failed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
      const clock = { nowMs: 0 };
      const breaker = new Breaker(serviceSubject('catalog'), config, clock);
      // Outcomes by the tenth of the window in which they came: ten of these are looked at.
      let seen: { readonly bucket: number; readonly failed: boolean }[] = [];
      try {
        for (const { waitMs, failed } of steps) {
          clock.nowMs += waitMs;
          mock.timers.tick(waitMs);
          if (breaker.state !== 'closed') return;
          breaker.record(breaker.epoch, failed, 0);
          const bucket = Math.floor(clock.nowMs / 10);
          seen = [...seen, { bucket, failed }].filter((each) => each.bucket > bucket - 10);
          const bad = seen.filter((each) => each.failed).length;
          const opens = failed && seen.length >= 5 && bad * 2 >= seen.length;
          if (opens === breaker.closed) throw new Error(`${bad} of ${seen.length}: ${breaker.state}`);
        }
      } finally {
        breaker.destroy();
        mock.timers.reset();
      }
    }),
  );
  t.end();
});
