import fc from 'fast-check';
import t from 'tap';
import { EMPTY_STATE, type State, type Workload } from './model.ts';
import { virtualAddressesOf, withVirtualAddresses } from './virtual-addresses.ts';

/** A state with these services; of a workload nothing else matters here. */
const stateWith = (services: readonly string[], { virtualAddresses }: State): State => ({
  ...EMPTY_STATE,
  virtualAddresses,
  workloads: new Map(services.map((name) => [name, { name, services: [name] } as unknown as Workload])),
});
const after = (before: State, services: readonly string[], wanted?: State['virtualAddresses']) =>
  withVirtualAddresses(before, stateWith(services, before), wanted);

t.test('each service has an address of its own, which stays while the service does', (t) => {
  const services = fc.uniqueArray(
    fc.integer({ min: 0, max: 999 }).map((i) => `s${i}`),
    { maxLength: 300 },
  );
  const property = fc.property(fc.array(services, { minLength: 1, maxLength: 6 }), (rounds) => {
    let state = EMPTY_STATE;
    for (const round of rounds) {
      const next = after(state, round);
      const { virtualAddresses } = next;
      if ([...virtualAddresses.keys()].sort().join() !== round.toSorted().join()) return false;
      if (new Set(virtualAddresses.values()).size !== round.length) return false;
      if (![...virtualAddresses.values()].every((each) => /^127\.77\.\d+\.\d+$/.test(each))) return false;
      for (const name of round) {
        const kept = state.virtualAddresses.get(name);
        if (kept !== undefined && kept !== virtualAddresses.get(name)) return false;
      }
      state = next;
    }
    return true;
  });
  fc.assert(property, { numRuns: 30 });
  t.end();
});

t.test('who finds the address taken gets the next one, and keeps it when the other has gone', (t) => {
  const free = after(EMPTY_STATE, ['b']).virtualAddresses.get('b')!;
  const taken = { ...stateWith(['a'], EMPTY_STATE), virtualAddresses: new Map([['a', free]]) };
  const both = after(taken, ['a', 'b']);
  const moved = both.virtualAddresses.get('b');
  t.not(moved, free);
  t.equal(after(both, ['b']).virtualAddresses.get('b'), moved);
  t.end();
});

t.test('what an earlier control plane has written gets what the next change will write', (t) => {
  const old = stateWith(['a', 'b', 'c'], EMPTY_STATE);
  const told = virtualAddressesOf(old);
  t.equal(told.size, 3);
  t.match([...after(old, ['a', 'b', 'c', 'd']).virtualAddresses], [...told]);
  t.end();
});

t.test('a backup gives services back the addresses that they had', (t) => {
  const had = new Map([['a', '127.77.1.1']]);
  t.equal(after(EMPTY_STATE, ['a', 'b'], had).virtualAddresses.get('a'), '127.77.1.1');
  t.equal(
    after(after(EMPTY_STATE, ['a']), ['a'], had).virtualAddresses.get('a') === '127.77.1.1',
    false,
    'a live one stays',
  );
  t.end();
});
