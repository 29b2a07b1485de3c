import t from 'tap';
import { codecNamed, typeUrlOf } from '../json/registry.ts';
import { messageNamed } from '../json/schema.ts';
import { type EjectionLimits, ejectableAtOnce, ejectionPreview } from './ejection-limit.ts';
import { ERROR_DETAIL_CHARS_MAX } from './limits.ts';
import { labelProblem, resourceNameProblem } from './names.ts';
import { formatRejection, parseRejection } from './reject-reason.ts';
import { PUSH_ORDER, RESOURCE_TYPES, resourceTypeOfUrl } from './resource-types.ts';
import { formatWorkloadId, parseWorkloadId } from './workload-id.ts';

t.test('every resource type has a codec, and a name where it says', (t) => {
  for (const type of PUSH_ORDER) {
    t.ok(codecNamed(type.messageName), type.kind);
    t.equal(type.typeUrl, typeUrlOf(type.messageName));
    t.ok(messageNamed(type.messageName).byName.has(type.nameField), `${type.messageName}.${type.nameField}`);
    t.equal(resourceTypeOfUrl(type.typeUrl), type);
    t.equal(RESOURCE_TYPES[type.kind], type);
  }
  t.equal(resourceTypeOfUrl('type.googleapis.com/envoy.api.v2.Cluster'), undefined);
  t.end();
});

t.test('clusters go before endpoints, listeners before routes, and all before settings', (t) => {
  t.same(
    PUSH_ORDER.map((type) => type.kind),
    ['CDS', 'EDS', 'SDS', 'LDS', 'RDS', 'CONFIG', 'SCALING', 'BREAKERS'],
  );
  t.same(
    PUSH_ORDER.map((type) => type.pushOrder),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  t.end();
});

t.test('a workload id is written and read back', (t) => {
  const id = { trustDomain: 'mesh.example', namespace: 'shop', workload: 'cart-v2' };
  t.equal(formatWorkloadId(id), 'spiffe://mesh.example/ns/shop/sa/cart-v2');
  t.same(parseWorkloadId('spiffe://mesh.example/ns/shop/sa/cart-v2'), id);
  t.end();
});

t.test('what is no workload id is not read as one', (t) => {
  const texts = [
    '',
    'https://mesh.example/ns/shop/sa/cart',
    'spiffe://mesh.example/ns/shop/sa/cart/extra',
    'spiffe://mesh.example/ns/shop/sa/',
    'spiffe://Mesh.Example/ns/shop/sa/cart',
    'spiffe://mesh.example/ns/../sa/cart',
    'spiffe://mesh.example/ns/shop/sa/cart\n',
    'spiffe:///ns/shop/sa/cart',
  ];
  for (const text of texts) t.equal(parseWorkloadId(text), undefined, JSON.stringify(text));
  t.throws(() => formatWorkloadId({ trustDomain: 'mesh', namespace: 'a/b', workload: 'c' }), /namespace "a\/b"/);
  t.end();
});

t.test('names are held to DNS labels, resource names to their bytes', (t) => {
  t.equal(labelProblem('workload', 'cart'), undefined);
  t.match(labelProblem('workload', ''), /is empty/);
  t.match(labelProblem('workload', 'Cart'), /lower case/);
  t.match(labelProblem('workload', '-cart'), /hyphens/);
  t.match(labelProblem('workload', 'a'.repeat(64)), /64 characters; at most 63/);
  t.equal(resourceNameProblem('outbound|80||cart'), undefined);
  t.match(resourceNameProblem(''), /no name/);
  t.match(resourceNameProblem('ä'.repeat(300)), /600 bytes; at most 512/);
  t.match(resourceNameProblem('a\nb'), /control character/);
  t.end();
});

t.test('a rejection keeps its reason over the wire, and a stranger’s text is kept as it is', (t) => {
  t.same(parseRejection(formatRejection('unsupported', 'clusters[0].foo: no')), {
    reason: 'unsupported',
    sentence: 'clusters[0].foo: no',
  });
  t.same(parseRejection('Error adding/updating listener(s)'), {
    reason: null,
    sentence: 'Error adding/updating listener(s)',
  });
  t.equal(formatRejection('invalid', 'x'.repeat(10_000)).length, ERROR_DETAIL_CHARS_MAX);
  t.end();
});

const EJECTION: EjectionLimits = { maxEjectionPercent: 50, alwaysEjectOneHost: true, keepLast: true };

t.test('how many endpoints can be out at once is known beforehand', (t) => {
  const most = (change: Partial<EjectionLimits>) =>
    [0, 1, 2, 3, 4, 5, 10].map((hosts) => ejectableAtOnce({ ...EJECTION, ...change }, hosts));
  t.same(most({}), [0, 0, 1, 1, 2, 2, 5]);
  t.same(most({ keepLast: false }), [0, 1, 1, 1, 2, 2, 5]);
  t.same(most({ maxEjectionPercent: 10, alwaysEjectOneHost: false }), [0, 0, 0, 0, 0, 0, 1], "Envoy's default");
  t.same(most({ maxEjectionPercent: 300 }), [0, 0, 1, 2, 3, 4, 9]);
  t.same(most({ maxEjectionPercent: 0, alwaysEjectOneHost: false }), [0, 0, 0, 0, 0, 0, 0]);
  t.end();
});

t.test('the preview is a sentence, and says what to do when nobody can be out', (t) => {
  t.equal(ejectionPreview(EJECTION, 3), 'with 3 hosts at most 1 can be out');
  t.equal(ejectionPreview(EJECTION, 1), 'with 1 host none can be out');
  const envoy = { maxEjectionPercent: 10, alwaysEjectOneHost: false, keepLast: false };
  t.equal(
    ejectionPreview(envoy, 3),
    'with 3 hosts none can be out: set always_eject_one_host, or max_ejection_percent to 34 or more',
  );
  t.equal(ejectableAtOnce({ ...envoy, maxEjectionPercent: 34 }, 3), 1);
  t.end();
});
