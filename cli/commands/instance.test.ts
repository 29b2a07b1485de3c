import t from 'tap';
import { run } from '../test-fixtures.ts';

t.test('an instance without a sidecar is registered, renewed, removed and listed', async (t) => {
  const lease = { id: 'vm-1', leaseId: 'l7', ttlMs: 30_000, renewWithinMs: 10_000, health: 'healthy' };
  const call = { method: 'PUT', path: '/v1/instances/vm-1', status: 201, answer: lease };
  const place = ['--service', 'billing', '--address', '10.0.0.7', '--port', '8080'];
  const registered = await run(
    ['instance', 'register', 'vm-1', ...place, '--app-version', 'v2', '--metadata', 'a=1', '--metadata', 'b=x=y'],
    [call],
  );
  t.match(registered, { code: 0, out: 'vm-1 is registered as healthy: lease l7, kept for 30s, renew within 10s\n' });
  t.match(await run(['instance', 'register', 'vm-1', ...place, '--metadata', 'a']), {
    code: 2,
    err: /must be KEY=VALUE/,
  });
  t.match(await run(['instance', 'register', 'vm-1', '--service', 'x']), { code: 2, err: /--address/ });
  const renew = { method: 'POST', path: '/v1/instances/vm-1/renew', answer: { ...lease, health: 'unhealthy' } };
  t.match(await run(['instance', 'renew', 'vm-1', '--health', 'unhealthy'], [renew]), {
    out: /registered as unhealthy/,
  });
  const remove = {
    method: 'DELETE',
    path: '/v1/instances/vm-1?wait=5',
    answer: { id: 'vm-1', unconfirmed: ['web-0'] },
  };
  t.match(await run(['instance', 'deregister', 'vm-1'], [remove]), {
    out: 'vm-1 deregistered; not confirmed by web-0\n',
  });
  const view = {
    ...lease,
    services: ['billing'],
    address: 'fd00::7',
    port: 80,
    sidecar: false,
    state: 'live',
    leaseAgeMs: 900,
  };
  t.match(await run(['instance', 'list'], [{ path: '/v1/instances', answer: [view] }]), {
    out: /^vm-1 +billing +\[fd00::7\]:80 +no +healthy +live +900ms ago$/m,
  });
});
