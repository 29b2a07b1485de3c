/**
 * The REST API, protected: tokens, roles, foreign pages, and the audit log.
 */
import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ApiContext } from '../../../control-plane/api/context.ts';
import { createApiServer } from '../../../control-plane/api/server.ts';
import { hasRole, routesWithRole } from '../../../control-plane/security/route-roles.ts';
import { NO_SECURITY } from '../../../control-plane/security/security.ts';
import { newToken } from '../../../control-plane/security/tokens.ts';
import { MetricsRegistry } from '../../../kernel/metrics.ts';
import { MESH, startProtected as start } from './fixtures/protected.ts';
import { startTestControlPlane } from './fixtures/start.ts';

t.test('every route has a role, and every role a route', async (t) => {
  const registered: string[] = [];
  const never = () => {
    throw new Error('nobody asks');
  };
  const security = { certificate: null, settings: NO_SECURITY, watchCertificate: () => {} };
  const clock = { nowMs: () => 0, wallMs: () => 0, seconds: () => 0 };
  const leadership = { shared: false };
  const context = {
    clock,
    security,
    leadership,
    version: '0',
    cwd: '/',
    metrics: new MetricsRegistry(),
    settle: never,
  };
  const server = await createApiServer(context as unknown as ApiContext, (method, url) =>
    registered.push(`${method} ${url}`),
  );
  await server.close();
  const routes = registered.filter((each) => !/^(HEAD|OPTIONS) /.test(each));
  t.ok(routes.length >= 20, `${routes.length} routes`);
  t.same(
    routes.filter((each) => !hasRole(...(each.split(' ') as [string, string]))),
    [],
    'add the route to control-plane/security/route-roles.ts',
  );
  t.same(
    routesWithRole().filter((each) => !routes.includes(each)),
    [],
    'the route of the table is gone',
  );
});

t.test('over REST: who is asked for, what for, and what is written down', async (t) => {
  const { controlPlane, tokens, send, audit, file } = await start(t);
  t.match(await send('/healthz'), { status: 200 });
  t.match(await send('/readyz'), { status: 200 });
  for (const path of ['/v1/status', '/metrics', '/openapi.json', '/v1/nothing', '/v1/audit'])
    t.match(await send(path), { status: 401, headers: { 'www-authenticate': /^Bearer/ } }, path);
  t.match(await send('/v1/status', { token: newToken() }), {
    status: 401,
    body: { error: { message: /is not known/ } },
  });
  t.match(await send('/v1/status', { token: tokens.expired }), {
    status: 401,
    body: {
      error: { code: 'unauthenticated', message: 'the credential of "late" expired at 2020-01-01T00:00:00.000Z' },
    },
  });
  t.match(await send('/v1/status', { token: tokens.cart }), {
    status: 403,
    body: { error: { message: 'this needs the role read, and "edge" is a workload, which has no role over REST' } },
  });
  t.match(await send('/v1/status', { token: tokens.read }), { status: 200 });
  t.match(await send('/v1/nothing', { token: tokens.read }), { status: 404 });
  t.match(await send('/v1/apply', { token: tokens.read, method: 'POST', body: MESH }), {
    status: 403,
    body: { error: { code: 'forbidden', message: 'this needs the role operate, and "reader" has the role read' } },
  });
  t.match(await send('/v1/apply?dryRun=1', { token: tokens.read, method: 'POST', body: MESH }), { status: 200 });
  const applied = await send('/v1/apply', { token: tokens.operate, method: 'POST', body: MESH });
  t.match(applied, { status: 200, headers: { 'x-request-id': /^[0-9a-f-]{36}$/ } });
  const setting = JSON.stringify({ value: 'hunter2-the-secret' });
  const put = { method: 'PUT', body: setting, token: tokens.operate };
  t.match(await send('/v1/config/cart/password', put), { status: 200 });
  t.match(await send('/v1/config/cart/password', { ...put, body: '{"value": 5, "hunter2-the-secret": 1}' }), {
    status: 400,
  });
  t.match(await send('/v1/services/payment/scale', { ...put, body: '{"replicas": 0}' }), { status: 200 });
  t.match(await send('/v1/shutdown', { ...put, method: 'POST', body: '{"workloads":"keep"}' }), { status: 403 });
  t.match(await send('/v1/audit', put), { status: 404 }, 'there is no PUT');
  t.match(await send('/v1/audit', { token: tokens.operate }), { status: 403 });
  t.match(await send('/v1/audit?since=now', { token: tokens.administer }), { status: 400 });

  t.match(
    audit().filter(({ result }) => result !== 'refused'),
    [
      {
        result: 'done',
        action: 'POST /v1/apply',
        status: 200,
        who: 'operator',
        grant: 'operate',
        credential: 'token',
        from: '127.0.0.1',
        revision: 1,
        requestId: String(applied.headers['x-request-id']),
        changes: ['workload/cart created', 'workload/payment created'],
      },
      { action: 'PUT /v1/config/cart/password', changes: ['config/cart/password created'], revision: 2 },
      { result: 'failed', action: 'PUT /v1/config/cart/password', status: 400, reason: 'malformed' },
      { action: 'PUT /v1/services/payment/scale', changes: ['0 replicas'] },
    ],
  );
  t.match((await send('/v1/history', { token: tokens.read })).text, /"author":"operator","verified":true/);
  t.match(await send('/v1/backup', { token: tokens.operate }), { status: 403 });
  const asked = await send('/v1/audit?limit=2', { token: tokens.administer });
  t.equal((JSON.parse(asked.text) as unknown[]).length, 2);
  t.match(asked.text, /"refused","action":"GET \/v1\/audit"/);
  t.match((await send('/metrics', { token: tokens.read })).text, /authentications_total\{result="unknown"\} 7/);

  const everything = readdirSync(file('state'))
    .filter((name) => /\.log|\.json/.test(name))
    .map((name) => readFileSync(file(`state/${name}`), 'utf8'))
    .join();
  for (const secret of [...Object.values(tokens), 'hunter2', readFileSync(file('state/admin.token'), 'utf8').trim()])
    t.notMatch(everything, secret, 'no secret is written down');
  for (const name of ['admin.token', 'replica-token.key', 'audit.log'])
    t.equal(statSync(file(`state/${name}`)).mode & 0o777, 0o600, name);
  t.equal(controlPlane.httpAddress.startsWith('http://127.0.0.1:'), true);

  const many = await Promise.all(Array.from({ length: 30 }, () => send('/v1/status')));
  t.ok(
    many.some((each) => each.status === 429 && each.headers['retry-after'] === '10'),
    'too many failures of an address are answered shortly',
  );
  t.match(await send('/v1/status', { token: tokens.read }), { status: 200 }, 'and hold nobody up who is known');
  t.ok(audit().length < 30, 'nor fill the log');
});

t.test('a foreign web page changes nothing, with whatever its browser adds', async (t) => {
  const { tokens, send } = await start(t);
  const shutdown = { method: 'POST', body: '{"workloads":"keep"}' };
  const foreign = { headers: { origin: 'http://evil.test' } };
  t.match(await send('/v1/shutdown', { ...shutdown, ...foreign, token: tokens.administer }), { status: 403 });
  const open = await start(t, { change: { authentication: false } });
  t.match(await open.send('/v1/shutdown', { ...shutdown, ...foreign }), {
    status: 403,
    body: { error: { message: /a web page of http:\/\/evil.test must not change anything here/ } },
  });
  t.match(await open.send('/v1/status', { headers: { host: 'evil.test' } }), { status: 403 });
  t.match(await open.send('/v1/status'), { status: 200 });
  t.match(open.audit(), [{ result: 'refused', status: 403 }, { action: 'GET /v1/status' }]);
});

t.test('a control plane whose files are wrong does not start, and says why', async (t) => {
  const dir = t.testdir({ access: 'bob admin x\n', state: {} });
  const security = { ...NO_SECURITY, authentication: true, accessFile: join(dir, 'access') };
  await t.rejects(
    startTestControlPlane(join(dir, 'state'), {}, security),
    /access: line 1: grant "admin" must be one of/,
  );
  const tls = { certificate: join(dir, 'none.pem'), key: join(dir, 'none.key'), clientAuthorities: null };
  await t.rejects(startTestControlPlane(join(dir, 'state'), {}, { ...NO_SECURITY, tls }), /none\.pem cannot be read/);
});

t.test('where the audit log is required, nothing changes while it cannot be written', async (t) => {
  const { file, send, tokens, metric } = await start(t, { change: { auditRequired: true } });
  const change = { token: tokens.operate, method: 'POST', body: MESH };
  renameSync(file('state'), file('elsewhere'));
  t.match(await send('/v1/apply', change), { status: 200 }, 'that it cannot be written is found out by writing');
  t.match(await send('/v1/apply', change), {
    status: 503,
    body: { error: { message: /the audit log cannot be written, and no change is made without it/ } },
  });
  t.match(await send('/v1/status', { token: tokens.read }), { status: 200 });
  t.equal(await metric('audit_stuck'), 1);
  renameSync(file('elsewhere'), file('state'));
  t.match(await send('/v1/apply', change), { status: 200 });
  t.equal(await metric('audit_stuck'), 0);
});
