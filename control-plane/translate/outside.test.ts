import t from 'tap';
import type { InstanceCheck } from '../registry/instance.ts';
import { find, instance, SERVICES, stateOf } from './test-fixtures.ts';
import { sharedResources } from './translate.ts';

const STATE = stateOf(SERVICES);
const CHECK: InstanceCheck = { kind: 'http', path: '/up', intervalMs: 5_000, timeoutMs: 1_000 };

const resourcesOf = (service: string, check: InstanceCheck | null = null, dialect: 'sidecar' | 'grpc' = 'sidecar') => {
  const vm = instance('vm', { services: [service], address: '10.0.0.7' }, { renewal: { ttlMs: 30_000, check } });
  const instances = [instance('beside', { services: [service] }), vm];
  return sharedResources(STATE, { instances, preserving: false }, dialect);
};
const hop = (service: string) =>
  JSON.stringify(find(resourcesOf(service), 'CDS', service).typed_extension_protocol_options);

t.test('the hop to a service with an instance without a sidecar is what that instance speaks', (t) => {
  t.notMatch(hop('cart'), 'http2', 'HTTP/1.1');
  t.notMatch(hop('shop'), 'http2', 'nothing is known');
  t.match(hop('cart-v2'), 'http2', 'gRPC');
  const alone = sharedResources(STATE, { instances: [], preserving: false }, 'sidecar');
  t.match(JSON.stringify(find(alone, 'CDS', 'cart')), 'http2_protocol_options');
  const { metadata } = find(resourcesOf('shop'), 'CDS', 'shop');
  t.match(metadata, { filter_metadata: { outrider: { learn_idle_timeout: true } } });
  t.notMatch(JSON.stringify(metadata), 'carry_protocol', 'nobody is there who would take the header off');
  t.end();
});

t.test('callers ask those that want to be asked, and no sidecar', (t) => {
  const resources = resourcesOf('cart', CHECK);
  t.match(find(resources, 'CDS', 'cart'), {
    health_checks: [{ interval: '5s', no_traffic_interval: '5s', timeout: '1s', http_health_check: { path: '/up' } }],
  });
  const [beside, vm] = (find(resources, 'EDS', 'cart') as never as { endpoints: { lb_endpoints: object[] }[] })
    .endpoints[0]!.lb_endpoints;
  t.match(beside, { endpoint: { health_check_config: { disable_active_health_check: true } } });
  t.notMatch(JSON.stringify(vm), 'health_check_config');
  t.notMatch(JSON.stringify(find(resourcesOf('cart'), 'EDS', 'cart')), 'health_check_config');
  t.notMatch(JSON.stringify(find(resourcesOf('cart', CHECK, 'grpc'), 'CDS', 'cart')), 'health_checks');
  t.end();
});
