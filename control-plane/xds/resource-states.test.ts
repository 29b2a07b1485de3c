import t from 'tap';
import { DELTA, type DeltaRequest } from './delta.ts';
import { resourceStates } from './resource-states.ts';
import { SentTimes } from './sent-times.ts';
import { Sequencer } from './sequencer.ts';
import { STATE_OF_THE_WORLD, type SubscriptionRequest } from './state-of-the-world.ts';
import { snapshot } from './test-snapshots.ts';

const ASK: SubscriptionRequest = { names: [], versionInfo: '', nonce: '', error: undefined };
const DELTA_ASK: DeltaRequest = { subscribe: [], unsubscribe: [], initialVersions: {}, nonce: '', error: undefined };

function states<Request>(sequencer: Sequencer<Request>): Record<string, string> {
  const subscription = sequencer.subscription('EDS')!;
  const all = resourceStates(subscription, sequencer.resources('EDS'));
  return Object.fromEntries(all.map(({ name, state, exists }) => [name, exists ? state : `${state}, none`]));
}

t.test('state of the world: sent, taken in, refused as a whole, and asked for in vain', (t) => {
  const sequencer = new Sequencer(snapshot({ EDS: { a: '1', b: '1' } }), STATE_OF_THE_WORLD);
  const names = ['a', 'b', 'c'];
  sequencer.request('EDS', { ...ASK, names });
  t.same(states(sequencer), { a: 'NOT_SENT', b: 'NOT_SENT', c: 'NOT_SENT, none' });
  const first = sequencer.next()!;
  t.same(states(sequencer), { a: 'STALE', b: 'STALE', c: 'NOT_SENT, none' });
  sequencer.request('EDS', { ...ASK, names, versionInfo: first.version, nonce: first.nonce });
  t.same(states(sequencer), { a: 'SYNCED', b: 'SYNCED', c: 'NOT_SENT, none' });
  sequencer.advance(snapshot({ EDS: { a: '1', b: '2' } }));
  t.same(states(sequencer), { a: 'SYNCED', b: 'NOT_SENT', c: 'NOT_SENT, none' });
  const second = sequencer.next()!;
  sequencer.request('EDS', { names, versionInfo: first.version, nonce: second.nonce, error: 'bad' });
  t.same(states(sequencer), { a: 'SYNCED', b: 'ERROR', c: 'NOT_SENT, none' });
  t.end();
});

t.test('delta: what is refused is tried again apart, and then known by itself', (t) => {
  const sequencer = new Sequencer(snapshot({ EDS: { a: '1', b: '1' } }), DELTA);
  sequencer.request('EDS', { ...DELTA_ASK, subscribe: ['a', 'b', 'c'] });
  const first = sequencer.next()!;
  sequencer.request('EDS', { ...DELTA_ASK, nonce: first.nonce, error: 'bad' });
  t.same(states(sequencer), { a: 'STALE', b: 'STALE', c: 'STALE, none' });
  for (let next = sequencer.next(); next !== undefined; next = sequencer.next()) {
    const error = next.resources.some(({ name }) => name === 'a') ? 'bad' : undefined;
    sequencer.request('EDS', { ...DELTA_ASK, nonce: next.nonce, error });
  }
  t.same(states(sequencer), { a: 'ERROR', b: 'SYNCED', c: 'NOT_SENT, none' });
  sequencer.advance(snapshot({ EDS: { a: '2', b: '1' } }));
  t.equal(states(sequencer).a, 'NOT_SENT');
  t.end();
});

t.test('times are those of the last response with the resource', (t) => {
  const times = new SentTimes();
  t.equal(times.of('a'), 0);
  times.sent(['a', 'b'], 2, 10);
  times.sent(['b'], 2, 20);
  t.same([times.of('a'), times.of('b')], [10, 20]);
  times.sent(['a', 'b'], 2, 30);
  t.same([times.of('a'), times.of('b')], [30, 30]);
  t.end();
});
