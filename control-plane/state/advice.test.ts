import t from 'tap';
import { route, stateOf } from '../translate/test-fixtures.ts';
import { adviceOn } from './advice.ts';

const document = (kind: string, spec: string) =>
  `---\napiVersion: outrider.dev/v1\nkind: ${kind}\nmetadata: {name: cart}\nspec: {targetRef: {kind: Service, name: cart}, ${spec}}\n`;

/** Warnings and notes on the policy or fault of service `cart`, as lines. */
function advice(replicas: number, kind: string, spec: string, nowMs = 0): string[] {
  const state = stateOf(`services: {cart: {command: x, deploy: {replicas: ${replicas}}}}\n${document(kind, spec)}`);
  const { warnings, notes } = adviceOn(state, [{ kind: kind.toLowerCase(), name: 'cart' }], nowMs);
  return [
    ...warnings.map((each) => `! ${each.path}: ${each.message}`),
    ...notes.map((each) => `${each.path}: ${each.message}`),
  ];
}

t.test('the numbers of a policy are told as what they come to', (t) => {
  const traffic = (replicas: number, spec: string) => advice(replicas, 'TrafficPolicy', spec);
  t.same(traffic(3, 'outlierDetection: {maxPercent: 10}'), [
    'spec.outlierDetection: with 3 instances at most 1 can be out',
  ]);
  t.same(traffic(4, 'outlierDetection: {maxPercent: 50}'), [
    'spec.outlierDetection: with 4 instances at most 2 can be out',
  ]);
  t.match(traffic(1, 'outlierDetection: {}'), [/^spec.outlierDetection: with 1 instance /]);
  t.same(traffic(3, 'outlierDetection: {enabled: false}'), []);
  t.same(traffic(3, 'inbound: {rateLimit: {requestsPerSecond: 10}, quotas: [{name: writes, requestsPerSecond: 10}]}'), [
    'spec.inbound.rateLimit: with 3 instances the service takes 30 requests a second in all',
    'spec.inbound.quotas[0]: "writes": with 3 instances each takes 3.33 requests a second',
  ]);
  t.match(traffic(3, 'loadBalancing: {policy: RingHash}'), [/^! spec.loadBalancing: has no "hash"/]);
  t.match(traffic(2, 'limits: {maxRequests: 100, perInstance: {maxRequests: 10}}'), [
    /100 is never reached: 2 instances/,
  ]);
  t.end();
});

t.test('a fault says when it ends, and that it takes everything', (t) => {
  t.same(advice(1, 'FaultPolicy', 'for: 5m, abort: {status: 503}'), [
    '! spec.abort: fails every request to service "cart" until then',
    'spec: ends by itself at 1970-01-01T00:05:00Z',
  ]);
  t.match(advice(1, 'FaultPolicy', 'for: 5m, delay: {duration: 1s}', 300_000), [/^! spec: ended at 1970/]);
  t.end();
});

t.test('CORS that never sees a preflight is pointed out', (t) => {
  const cors = 'filters: [{type: CORS, cors: {allowOrigins: ["*"]}}], backendRefs: [{name: cart}]';
  const state = stateOf(
    `services: {cart: {command: x}}\n${route('r', `{matches: [{method: GET}], ${cors}}, {${cors}}`)}`,
  );
  const { warnings } = adviceOn(state, [{ kind: 'httproute', name: 'r' }], 0);
  t.match(warnings, [{ path: 'spec.rules[0].filters[0]', message: /never sees a preflight/ }]);
  t.equal(warnings.length, 1);
  t.end();
});
