import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { run } from './test-fixtures.ts';

const catalog = {
  name: 'catalog',
  replicas: { desired: 3, running: 3, ready: 2 },
  instances: [
    {
      id: 'catalog-v1-0',
      address: '127.0.0.1',
      port: 4001,
      version: 'v1',
      health: 'HEALTHY',
      state: 'UP',
      leaseAgeMs: 900,
    },
  ],
};

t.test('a command that does not exist gets the nearest one that does', async (t) => {
  const { code, err } = await run(['aply']);
  t.equal(code, 2);
  t.match(err, /unknown command 'aply'\n\(Did you mean apply\?\)/);
});

t.test('a flag that does not exist gets the nearest one that does', async (t) => {
  const { code, err } = await run(['apply', '--fil', 'x.yaml']);
  t.equal(code, 2);
  t.match(err, /unknown option '--fil'\n\(Did you mean --file\?\)/);
});

t.test('a kind that does not exist gets the nearest one that does', async (t) => {
  const { code, err } = await run(['get', 'worklod']);
  t.equal(code, 2);
  t.match(err, /unknown kind "worklod" \(did you mean workload\?\)/);
});

t.test('no command at all prints the help and is a mistake', async (t) => {
  const { code, err } = await run([]);
  t.equal(code, 2);
  t.match(err, /Usage: outrider/);
});

t.test('help is asked for, so it is no mistake, and names the commands that main.ts runs', async (t) => {
  const { code, out } = await run(['--help']);
  t.equal(code, 0);
  for (const command of [
    'control-plane',
    'proxy',
    'up',
    'apply',
    'get',
    'delete',
    'status',
    'explain',
    'scale',
    'config',
    'envoy-bootstrap',
    'grpc-bootstrap',
  ]) {
    t.match(out, new RegExp(`^  ${command} `, 'm'));
  }
});

t.test('the problems of a refused text are printed with their places', async (t) => {
  const details = [
    { file: 'request', line: 3, column: 5, path: 'services.a', message: 'unknown "comand"', suggestion: 'command' },
    { file: 'request', line: 9, column: 1, path: '', message: 'has no command' },
  ];
  const answer = { error: { code: 'invalid', message: 'request has 2 mistakes: nothing was applied', details } };
  const call = { method: 'POST', path: '/v1/apply?dir=%2Fnowhere', status: 422, answer };
  const { code, err } = await run(['apply', '-f', '-'], [call]);
  t.equal(code, 1);
  t.equal(
    err,
    'error: request has 2 mistakes: nothing was applied\n' +
      'standard input:3:5: services.a: unknown "comand" (did you mean command?)\n' +
      'standard input:9:1: has no command\n',
  );
});

t.test('a file is named to the control plane by its folder and name, and in messages as it was typed', async (t) => {
  const dir = t.testdir({ 'shop.yaml': 'services: {}' });
  const typed = path.relative('/nowhere', path.join(dir, 'shop.yaml'));
  const details = [{ file: 'shop.yaml', line: 1, column: 2, path: '', message: 'is empty' }];
  const answer = { error: { code: 'invalid', message: 'shop.yaml has a mistake: nothing was applied', details } };
  const query = new URLSearchParams({ file: 'shop.yaml', dir });
  const { err } = await run(
    ['apply', '-f', typed],
    [{ method: 'POST', path: `/v1/apply?${query}`, status: 422, answer }],
  );
  t.match(err, `\n${typed}:1:2: is empty\n`);
});

t.test('apply tells what changed and counts what did not', async (t) => {
  const changes = [
    { kind: 'workload', name: 'catalog', action: 'created' },
    { kind: 'workload', name: 'inventory', action: 'unchanged' },
  ];
  const call = { method: 'POST', path: '/v1/apply?dir=%2Fnowhere&dryRun=1&wait=5', answer: { revision: 4, changes } };
  const { code, out } = await run(['apply', '-f', '-', '--dry-run', '--wait', '5'], [call], 'services: {}');
  t.equal(code, 0);
  t.equal(out, 'workload/catalog would be created\n1 unchanged\n');
});

t.test('apply prints notes and warnings beside what changed', async (t) => {
  const answer = {
    revision: 4,
    changes: [{ kind: 'trafficpolicy', name: 'cart', action: 'created' }],
    warnings: [{ path: 'trafficpolicy/cart.spec.loadBalancing', message: 'has no "hash"' }],
    notes: [{ path: 'trafficpolicy/cart.spec.outlierDetection', message: 'with 3 instances at most 1 can be out' }],
  };
  const call = { method: 'POST', path: '/v1/apply?dir=%2Fnowhere', answer };
  const { out, err } = await run(['apply', '-f', '-'], [call], 'x');
  t.equal(out, 'trafficpolicy/cart created\n');
  t.equal(
    err,
    'note: trafficpolicy/cart.spec.outlierDetection: with 3 instances at most 1 can be out\n' +
      'warning: trafficpolicy/cart.spec.loadBalancing: has no "hash"\n',
  );
});

t.test('policies and route tests are printed as tables, under the names that people type', async (t) => {
  const print = async (kind: string, path: string, answer: unknown) =>
    (await run(['get', kind], [{ path: `/v1/resources/${path}`, answer }])).out;
  const manifest = { spec: { targetRef: {}, retries: {}, limits: {} } };
  t.equal(
    await print('tp', 'trafficpolicy', [{ name: 'a', service: 'cart', manifest }]),
    'TRAFFICPOLICY  FOR   SAYS\na              cart  retries, limits\n',
  );
  const fault = { name: 'slow', service: 'cart', delay: { durationMs: 2000, percent: 5 }, abort: null };
  t.equal(
    await print('faults', 'faultpolicy', [
      { ...fault, leftMs: 200_000 },
      { ...fault, name: 'old', delay: null, abort: { answer: { kind: 'grpc', status: 14 }, percent: 100 }, leftMs: 0 },
    ]),
    'FAULTPOLICY  FOR   FAULTS             LEFT\n' +
      'slow         cart  2s for 5 %         3m 20s\n' +
      'old          cart  grpc 14 for 100 %  expired\n',
  );
  t.equal(
    await print('routetests', 'routetest', [{ name: 'r', tests: [{ name: '', request: { service: 'cart' } }] }]),
    'ROUTETEST  FOR   TESTS\nr          cart      1\n',
  );
  const { err } = await run(['get', 'trafficpolcy']);
  t.match(err, /did you mean trafficpolicy\?\): there are workload, .*routetest and service/);
});

t.test('a file that cannot be read is named', async (t) => {
  const { code, err } = await run(['apply', '-f', 'missing.yaml']);
  t.equal(code, 1);
  t.match(err, /cannot read \/nowhere\/missing\.yaml: ENOENT/);
});

t.test('a control plane that does not answer is named, and how to start one', async (t) => {
  const { code, err } = await run(['status']);
  t.equal(code, 1);
  t.match(err, /no control plane answers at http:\/\/127\.0\.0\.1:15080 .*outrider up -f compose\.yaml/);
});

t.test('a refusal is told once, with the nearest name', async (t) => {
  const message = 'there is no service "catalo"';
  const answer = { error: { code: 'not_found', message, details: [{ path: 'name', message, suggestion: 'catalog' }] } };
  const { code, err } = await run(['get', 'service', 'catalo'], [{ path: '/v1/services/catalo', status: 404, answer }]);
  t.equal(code, 1);
  t.equal(err, 'error: there is no service "catalo" (did you mean catalog?)\n');
});

t.test('services are printed as a table, or whole for programs', async (t) => {
  const call = { path: '/v1/services', answer: [catalog] };
  const { out } = await run(['get', 'services'], [call]);
  t.equal(out, 'SERVICE  READY  RUNNING  VERSIONS\ncatalog  2/3    3        v1\n');
  const { out: json } = await run(['get', 'services', '-o', 'json'], [call]);
  t.strictSame(JSON.parse(json), [catalog]);
});

t.test('scale sets each service that is named', async (t) => {
  const scaled = (service: string, desired: number) => {
    return { method: 'PUT', path: `/v1/services/${service}/scale`, answer: { service, desired, revision: 5 } };
  };
  const { code, out } = await run(
    ['scale', 'catalog-v1=1', 'payment=2'],
    [scaled('catalog-v1', 1), scaled('payment', 2)],
  );
  t.equal(code, 0);
  t.equal(out, 'catalog-v1 scaled to 1\npayment scaled to 2\n');
});

t.test('a restart is followed to its end, and tells why when it does not get there', async (t) => {
  const begun = { method: 'POST', path: '/v1/services/catalog/restart', answer: { revision: 5, changes: [] } };
  const look = (ready: number, roll: object) => {
    return { path: '/v1/services/catalog', answer: { ...catalog, replicas: { desired: 2, running: 2, ready }, roll } };
  };
  const done = await run(
    ['restart', 'catalog'],
    [
      begun,
      look(2, { state: 'rolling', updated: 0, outdated: 2 }),
      look(2, { state: 'steady', updated: 2, outdated: 0 }),
    ],
  );
  t.equal(done.code, 0);
  t.equal(done.out, 'catalog: 2 of 2 ready, 2 to be replaced\ncatalog: 2 of 2 ready\n');
  const why = 'catalog-2: its application has exited';
  const failed = await run(['restart', 'catalog'], [begun, look(2, { state: 'failed', updated: 1, outdated: 2, why })]);
  t.equal(failed.code, 1);
  t.match(
    failed.err,
    /^error: catalog: the replacement stands still: catalog-2: its application has exited; 2 of before go on, and 2 are ready\n$/,
  );
  const unwaited = await run(['stop', 'catalog', '--no-wait'], [{ ...begun, path: '/v1/services/catalog/stop' }]);
  t.equal(unwaited.out, 'catalog: stop begun\n');
});

t.test('an upgrade without a name is one of every service that the control plane runs', async (t) => {
  const workload = (name: string, command: string[]) => {
    return { name, services: [name], version: 'v1', command, replicas: 1, published: [] };
  };
  const roll = (state: string, outdated: number) => ({ state, updated: 2 - outdated, outdated });
  const catalogIs = (fields: object) => ({ path: '/v1/services/catalog', answer: { ...catalog, ...fields } });
  const { code, out } = await run(
    ['upgrade'],
    [
      {
        path: '/v1/resources/workload',
        answer: [workload('catalog', ['a']), workload('theirs', []), workload('off', ['b'])],
      },
      { path: '/v1/services/off', answer: { ...catalog, name: 'off', stopped: true } },
      catalogIs({ stopped: false }),
      { method: 'POST', path: '/v1/services/catalog/upgrade', answer: { revision: 5, changes: [] } },
      catalogIs({ replicas: { desired: 2, running: 2, ready: 2 }, roll: roll('rolling', 1) }),
      catalogIs({ replicas: { desired: 2, running: 2, ready: 2 }, roll: roll('steady', 0) }),
    ],
  );
  t.equal(code, 0);
  t.equal(out, 'catalog: 2 of 2 ready, 1 sidecar to be replaced\ncatalog: 2 of 2 ready\n');
});

t.test('scale does nothing at all when one target cannot be read', async (t) => {
  const { code, err } = await run(['scale', 'catalog=1', 'payment']);
  t.equal(code, 2);
  t.match(err, /"payment" must be a service and a number of replicas/);
});

t.test('status shows a refused configuration where it happened', async (t) => {
  const nodes = [
    { id: 'catalog-v1-0', connected: true, version: '0.1.0', types: { LDS: { version: 'a', acked: true } } },
    {
      id: 'payment-0',
      connected: true,
      version: '0.0.9',
      behind: true,
      types: { RDS: { version: 'b', acked: false, nacked: { message: 'route 2: bad regex', atMs: 1 } } },
    },
  ];
  const openBreakers = [{ name: 'catalog/GET /a', open: 2, callers: 3, sinceMs: 61_000, leftMs: 9_000 }];
  const status = { version: '0.1.0', uptimeMs: 61_000, revision: 7, nodes, openBreakers };
  const calls = [
    { path: '/v1/status', answer: status },
    { path: '/v1/services', answer: [catalog] },
  ];
  const { out } = await run(['status'], calls);
  t.match(out, /^Outrider 0\.1\.0, up 1m 1s, revision 7$/m);
  t.match(out, /^catalog-v1-0 +yes +0\.1\.0 +accepted$/m);
  t.match(out, /^payment-0 +yes +0\.0\.9 \(behind\) +refused RDS$/m);
  t.match(out, /^1 sidecar is not of version 0\.1\.0: "outrider upgrade" replaces those that run here in place$/m);
  t.match(out, /^payment-0 refused RDS: route 2: bad regex$/m);
  t.match(out, /^request breaker catalog\/GET \/a is held open: 2 of 3 callers have opened theirs, for 1m 1s$/m);
});

t.test('status says why an instance is not well, once', async (t) => {
  const ill = {
    ...catalog.instances[0],
    health: 'unhealthy',
    healthReason: 'the check "x" ended with status 1: no disk',
  };
  const service = { ...catalog, instances: [ill, catalog.instances[0]] };
  const calls = [
    { path: '/v1/status', answer: { version: '0.1.0', uptimeMs: 1, revision: 7, nodes: [], openBreakers: [] } },
    { path: '/v1/services', answer: [service, { ...service, name: 'shop' }] },
  ];
  const { out } = await run(['status'], calls);
  t.equal(out.split('catalog-v1-0 is unhealthy: the check "x" ended with status 1: no disk\n').length, 2);
});

t.test('explain puts the words of all sidecars in the order of time', async (t) => {
  const target = (port: number, workload: string) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { workload, instance: `${workload}-0` },
  });
  const targets = { path: '/v1/prometheus/targets', answer: [target(1, 'frontend'), target(2, 'catalog')] };
  const query = 'limit=20&troubled=';
  const caller = '2026-01-02T03:04:05.100Z GET catalog/a from 10.0.0.7: 503 after 12 ms\n    cluster catalog\n';
  const later = '2026-01-02T03:04:06.000Z GET catalog/b from 10.0.0.7: 504 after 1 ms\n';
  const callee = '2026-01-02T03:04:05.101Z GET catalog/a from 10.0.0.8: 503 after 10 ms\n';
  const { code, out } = await run(
    ['explain'],
    [
      targets,
      { server: 'http://127.0.0.1:1', path: `/recorder?${query}`, answer: later + caller },
      { server: 'http://127.0.0.1:2', path: `/recorder?${query}`, answer: callee },
    ],
  );
  t.equal(code, 0);
  t.same(
    out.split('\n').map((line) => line.slice(0, 50)),
    [
      '2026-01-02T03:04:05.100Z [frontend-0] GET catalog/',
      '    cluster catalog',
      '2026-01-02T03:04:05.101Z [catalog-0] GET catalog/a',
      '2026-01-02T03:04:06.000Z [frontend-0] GET catalog/',
      '',
    ],
  );
  const nobody = await run(['explain', 'catalo'], [targets]);
  t.equal(nobody.code, 1);
  t.match(nobody.err, 'no sidecar runs beside "catalo"; there are: frontend, catalog');
  for (const option of ['--path=(', '--status=999x', '--limit=0']) t.equal((await run(['explain', option])).code, 2);
});

t.test('explain asks the sidecars what would become of a request', async (t) => {
  const targets = [1, 2].map((port) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { workload: 'frontend', instance: `frontend-${port - 1}` },
  }));
  const path = '/explain?host=catalog&path=%2Fa%3Fb%3D1&method=POST&header=x-team%3A+blue';
  const { code, out } = await run(
    ['explain', 'frontend', '--request', 'http://catalog/a?b=1', '--method', 'POST', '--header', 'x-team: blue'],
    [
      { path: '/v1/prometheus/targets', answer: targets },
      { server: 'http://127.0.0.1:1', path, answer: 'listener outbound\n    cluster catalog\n' },
      { server: 'http://127.0.0.1:2', path, answer: 'listener outbound\n    cluster catalog\n' },
    ],
  );
  t.equal(code, 0);
  t.equal(out, 'frontend-0, frontend-1:\n    listener outbound\n        cluster catalog\n');
  for (const url of ['catalog/a', 'ftp://catalog/']) t.equal((await run(['explain', '--request', url])).code, 2);
});

t.test('a token is printed once, and the access file gets its digest', async (t) => {
  const file = path.join(t.testdir({ access: 'alice read cn:alice' }), 'access');
  const made = await run(['token', 'create', 'ci', '--role', 'operate', '--expires', '90d', '--add', file]);
  t.equal(made.code, 0);
  t.match(made.out, /^outrider_[\w-]{43}\n$/);
  const text = readFileSync(file, 'utf8');
  t.match(text, /^alice read cn:alice\nci operate sha256:[0-9a-f]{64} expires=\d{4}-\S+Z\n$/);
  t.notMatch(text, made.out.trim());
  t.match(await run(['token', 'create', 'edge', '--role', 'workload']), { code: 2, err: /needs workload=NAME/ });
  t.match(await run(['token', 'create', 'a/b', '--role', 'read']), { code: 2, err: /name "a\/b" must be/ });
  t.match(await run(['token', 'create', 'x', '--role', 'root']), { code: 2, err: /Allowed choices are read, operate/ });
});

t.test('the audit log is printed as a table', async (t) => {
  const time = '2027-01-31T00:00:00.000Z';
  const common = { time, from: '10.0.0.1', action: 'POST /v1/apply' };
  const answer = [
    { ...common, result: 'done', status: 200, who: 'ci', grant: 'operate', changes: ['workload/cart updated'] },
    { ...common, result: 'refused', status: 401, reason: 'the token is not known' },
  ];
  const call = { path: '/v1/audit?since=2027-01-30T00%3A00%3A00.000Z&limit=200', answer };
  const { out } = await run(['audit', '--since', '2027-01-30T00:00:00Z'], [call]);
  t.match(out, /ci \(operate\) +10\.0\.0\.1 +POST \/v1\/apply +done 200 +workload\/cart updated\n/);
  t.match(out, / - +10\.0\.0\.1 +POST \/v1\/apply +refused 401 +the token is not known\n/);
  t.match(await run(['audit', '--since', 'yesterday']), { code: 2, err: /1h, 7d/ });
});
