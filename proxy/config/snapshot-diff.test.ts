import t from 'tap';
import type { EndpointSetConfig } from './model/cluster.ts';
import { EMPTY_SNAPSHOT } from './snapshot.ts';
import { diffSnapshots, isEmptyDiff } from './snapshot-diff.ts';

function endpoints(...sets: EndpointSetConfig[]) {
  return { ...EMPTY_SNAPSHOT, endpoints: new Map(sets.map((set) => [set.name, set])) };
}

function set(name: string, overprovisioningFactor = 140): EndpointSetConfig {
  return { name, localities: [], overprovisioningFactor };
}

t.test('a difference names what was added, changed and removed', (t) => {
  const diff = diffSnapshots(endpoints(set('a'), set('b'), set('c')), endpoints(set('d'), set('b', 200), set('c')));
  t.same(diff.endpoints, { added: ['d'], changed: ['b'], removed: ['a'] });
  t.same(diff.clusters, { added: [], changed: [], removed: [] });
  t.notOk(isEmptyDiff(diff));
  t.end();
});

t.test('equal contents are no difference, whatever the order of their fields', (t) => {
  const turned: EndpointSetConfig = { overprovisioningFactor: 140, localities: [], name: 'a' };
  t.ok(isEmptyDiff(diffSnapshots(endpoints(set('a')), endpoints(turned))));
  t.end();
});
