import t from 'tap';
import { FakeClock } from '../test/fakes/fake-clock.ts';
import { FakeTimers } from '../test/fakes/fake-timers.ts';
import { FaultClock } from './fault-clock.ts';
import { EMPTY_STATE } from './state/model.ts';
import { stateOf } from './translate/test-fixtures.ts';

const fault = (name: string, lasts: string) =>
  `---\napiVersion: outrider.dev/v1\nkind: FaultPolicy\nmetadata: {name: ${name}}\nspec: {targetRef: {kind: Service, name: cart}, for: ${lasts}, abort: {status: 503}}\n`;

t.test('a fault is in force until its end, which is told once', (t) => {
  const clock = new FakeClock();
  clock.setWallMs(0);
  const timers = new FakeTimers(clock);
  let ended = 0;
  const faults = new FaultClock(clock, timers, () => ended++);
  const state = stateOf(`services: {cart: {command: x}}\n${fault('a', '5m')}${fault('b', '10m')}`);
  t.equal(faults.inForce(state), state);
  clock.advance({ ms: 299_999 });
  t.equal(ended, 0);
  clock.advance({ ms: 1 });
  t.equal(ended, 1);
  const left = faults.inForce(state);
  t.same([...left.faultPolicies.keys()], ['b']);
  t.equal(faults.inForce(state), left, 'the same object, so that nothing is translated again');
  clock.advance({ ms: 300_000 });
  t.equal(ended, 2);
  t.same([...faults.inForce(state).faultPolicies.keys()], []);
  t.equal(faults.inForce(EMPTY_STATE), EMPTY_STATE);
  faults.close();
  t.end();
});
