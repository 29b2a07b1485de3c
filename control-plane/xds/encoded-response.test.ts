import t from 'tap';
import { RESOURCE_TYPES } from '../../protos/contract/resource-types.ts';
import { DeltaDiscoveryResponse, DiscoveryResponse } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { type EncodedResource, ResourceEncoder } from '../snapshot/encoded-resource.ts';
import { resource } from '../translate/resource.ts';
import { responseSerializer } from './encoded-response.ts';
import type { SequencedResponse } from './sequencer.ts';

const SHARED = clusters('shared', 20);
const FIRST = [...SHARED, ...clusters('first', 2)];
/** The messages of several streams, as they come one after the other. */
const RESPONSES: readonly SequencedResponse[] = [
  response({ nonce: '1', resources: FIRST }),
  response({ nonce: '1', resources: FIRST }),
  response({ nonce: '1', resources: [...SHARED, ...clusters('second', 1)] }),
  response({ nonce: '12345', resources: SHARED }),
  response({ nonce: '1', resources: FIRST, removed: ['gone', 'gone-too'] }),
  response({ nonce: '1', resources: SHARED.toReversed() }),
  response({ nonce: '1', resources: [SHARED[0]!, ...clusters('third', 30)] }),
  response({ nonce: '2', resources: SHARED.slice(0, 2) }),
  response({ nonce: '3', resources: [] }),
];

t.test('whatever parts of earlier messages are used again, each stream gets its own message: delta', (t) => {
  const serialize = responseSerializer('delta');
  for (const each of [...RESPONSES, ...RESPONSES.toReversed()]) {
    const { nonce, resources, removedResources, systemVersionInfo } = DeltaDiscoveryResponse.decode(serialize(each));
    t.strictSame(
      { nonce, removedResources, systemVersionInfo, names: resources.map(({ name }) => name) },
      {
        nonce: each.nonce,
        removedResources: each.removed,
        systemVersionInfo: each.version,
        names: each.resources.map(({ name }) => name),
      },
    );
    t.ok(resources.every(({ resource }, i) => resource?.value.equals(each.resources[i]!.resource.value)));
  }
  t.end();
});

t.test('the same of the state of the world', (t) => {
  const serialize = responseSerializer('state of the world');
  for (const each of [...RESPONSES, ...RESPONSES.toReversed()]) {
    const { nonce, resources, versionInfo } = DiscoveryResponse.decode(serialize(each));
    t.strictSame({ nonce, versionInfo }, { nonce: each.nonce, versionInfo: each.version });
    t.equal(resources.length, each.resources.length);
    t.ok(resources.every(({ value }, i) => value.equals(each.resources[i]!.resource.value)));
  }
  t.end();
});

t.test('one that is the same again is the same bytes', (t) => {
  const serialize = responseSerializer('delta');
  t.equal(serialize(RESPONSES[0]!), serialize(RESPONSES[1]!));
  t.end();
});

function clusters(prefix: string, count: number): EncodedResource[] {
  const encoder = new ResourceEncoder();
  return Array.from({ length: count }, (_, i) => {
    const name = `${prefix}-${i}`;
    return encoder.encode(resource('CDS', name, { name, connect_timeout: `${i + 1}s` }));
  });
}

function response(fields: Partial<SequencedResponse>): SequencedResponse {
  return { type: RESOURCE_TYPES.CDS, version: 'v', nonce: '', resources: [], removed: [], ...fields };
}
