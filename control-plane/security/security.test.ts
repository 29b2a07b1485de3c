import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { CA_PEM, STRANGER } from '../../test/fakes/certificates.ts';
import {
  ALICE,
  CART,
  EXPIRED_SERVER,
  FIRST_SERVER,
  MESH_CA_PEM,
  SECOND_SERVER,
} from '../../test/fakes/control-plane-certificates.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { accessLine, parseAccessFile } from './access-file.ts';
import { AUDIT_FILES_MAX, AuditLog } from './audit-log.ts';
import { claimOfNode, claimProblem, nodeIdFits } from './claims.ts';
import { ADDRESSES_MAX, FailureLimit } from './failure-limit.ts';
import { foreignPageProblem } from './foreign-page.ts';
import { REPLICA_TOKEN_TTL_MS, ReplicaTokens } from './replica-tokens.ts';
import { allows, type WorkloadBinding } from './roles.ts';
import { neededRole } from './route-roles.ts';
import { keptSecret } from './secret-file.ts';
import { Security } from './security.ts';
import { serverCertificate } from './server-certificate.ts';
import { exposureProblem, readSecurity } from './settings.ts';
import { bearerToken, newToken, tokenDigestHex } from './tokens.ts';
import { LOOK_MS, WatchedFiles } from './watched-files.ts';

const DIGEST = 'ab'.repeat(32);

t.test('the access file is read line by line, and every mistake is told with its line', (t) => {
  const text = `
# people
alice administer cn:alice            # by certificate
ci operate sha256:${DIGEST} expires=2027-01-31T00:00:00Z
edge workload sha256:${DIGEST} workload=cart services=cart,shop
mesh workload spiffe:mesh.test/shop
pods workload serviceaccount:shop
web workload serviceaccount:shop/web-sa workload=web
ci operate serviceaccount:ci/deployer
`;
  const parsed = parseAccessFile(text);
  t.ok(parsed.ok);
  t.match(parsed.ok && parsed.value, [
    { name: 'alice', grant: 'administer', credential: { kind: 'certificate', field: 'cn', value: 'alice' } },
    { name: 'ci', grant: 'operate', expiresAtMs: Date.parse('2027-01-31T00:00:00Z'), workload: null },
    { name: 'edge', workload: 'cart', services: ['cart', 'shop'] },
    { name: 'mesh', credential: { kind: 'spiffe', trustDomain: 'mesh.test', namespace: 'shop' } },
    { name: 'pods', workload: null, credential: { kind: 'service-account', namespace: 'shop', account: null } },
    { name: 'web', workload: 'web', credential: { kind: 'service-account', account: 'web-sa' } },
    { name: 'ci', grant: 'operate', credential: { kind: 'service-account', namespace: 'ci', account: 'deployer' } },
  ]);
  const refused = (line: string, message: RegExp) => {
    const result = parseAccessFile(`\n${line}`);
    t.notOk(result.ok, line);
    t.match(result.ok ? '' : result.error[0], message);
  };
  refused('a/b read cn:x', /^line 2: name "a\/b" must be/);
  refused('bob admin cn:x', /grant "admin" must be one of read, operate, administer, workload/);
  refused('bob workload serviceaccount:A', /must be NAMESPACE, or NAMESPACE\/NAME/);
  refused('bob workload serviceaccount:a/b/c', /must be NAMESPACE, or/);
  refused('bob read serviceaccount:a', /to read needs a name/);
  refused('bob workload serviceaccount:a workload=x', /needs a name: NAMESPACE\/NAME/);
  refused('bob workload serviceaccount:a/b', /needs workload=NAME/);
  refused('bob read', /credential must be one of sha256:/);
  refused('bob read sha256:abc', /64 hexadecimal digits/);
  refused(`bob read sha256:${DIGEST} expires=soon`, /"soon" is no time/);
  refused(`bob read sha256:${DIGEST} expire=2027-01-01`, /did you mean expires=\?/);
  refused(`bob read sha256:${DIGEST} workload=cart`, /are for the grant workload, not read/);
  refused(`bob workload sha256:${DIGEST}`, /needs workload=NAME/);
  refused('bob read spiffe:mesh.test/shop', /is a workload's/);
  const secret = newToken();
  const mistaken = parseAccessFile(`bob read ${secret}`);
  t.notMatch(mistaken.ok ? '' : mistaken.error.join(), secret, 'a token put there by mistake is not repeated');
  const line = accessLine({ name: 'x', grant: 'workload', digestHex: DIGEST, expiresAtMs: 0, workload: 'cart' });
  t.match(parseAccessFile(line), { ok: true, value: [{ name: 'x', workload: 'cart', expiresAtMs: 0 }] });
  t.end();
});

t.test('a role includes the ones before it, and a workload has none', (t) => {
  t.ok(allows('administer', 'operate') && allows('operate', 'read') && allows('read', 'read'));
  t.notOk(allows('read', 'operate') || allows('operate', 'administer') || allows('workload', 'read'));
  t.equal(neededRole('GET', '/healthz', {}), undefined);
  t.equal(neededRole('POST', '/v1/apply', {}), 'operate');
  t.equal(neededRole('POST', '/v1/apply', { dryRun: '1' }), 'read');
  t.equal(neededRole('POST', '/v1/apply', { dryRun: 'perhaps' }), 'operate');
  t.equal(neededRole('POST', '/v1/apply', { force: '1' }), 'administer');
  t.equal(neededRole('POST', '/v1/apply', { dryRun: '1', force: '1' }), 'read', 'outrider diff');
  t.equal(neededRole('POST', '/v1/apply', { dryRun: '1', force: ['0', '1'] }), 'administer');
  t.equal(neededRole('HEAD', '/v1/status', {}), 'read');
  t.equal(neededRole('POST', '/v1/what/comes/later', {}), 'administer', 'one that is not in the table asks for most');
  t.equal(neededRole('GET', undefined, {}), 'read');
  t.end();
});

t.test('tokens are 256 bits, and are found in the header that RFC 6750 gives them', (t) => {
  t.equal(newToken().length, 'outrider_'.length + 43);
  t.not(newToken(), newToken());
  t.equal(bearerToken('Bearer abc'), 'abc');
  t.equal(bearerToken('bearer  abc '), 'abc');
  for (const none of [undefined, '', 'Basic abc', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(5000)}`])
    t.equal(bearerToken(none), null);
  t.end();
});

t.test('a replica’s token says whose it is until it expires, and no other key made it', (t) => {
  const tokens = new ReplicaTokens(Buffer.alloc(32, 1));
  const cart = { id: 'cart-0', workload: 'cart', services: ['cart', 'shop'] };
  const token = tokens.mint(cart, 1000);
  t.same(tokens.read(token, 1000 + REPLICA_TOKEN_TTL_MS - 1), { ok: true, value: cart });
  t.match(tokens.read(token, 1000 + REPLICA_TOKEN_TTL_MS), { ok: false, error: /of cart-0 expired at/ });
  t.match(new ReplicaTokens(Buffer.alloc(32, 2)).read(token, 0), { ok: false, error: /not made by this/ });
  t.equal(tokens.read('outrider_x', 0), undefined);
  const [prefix, payload, signature] = token.split('.') as [string, string, string];
  const forged = Buffer.from(JSON.stringify({ ...cart, workload: 'payment', expiresAtMs: 9e15 })).toString('base64url');
  for (const bad of [`${prefix}.${forged}.${signature}`, `${prefix}.${payload}`, `${prefix}.`, `${prefix}..`])
    t.match(tokens.read(bad, 0), { ok: false });
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('A', 'B', '0', '_'), (at, letter) => {
      const changed = token.slice(0, at) + letter + token.slice(at + 1);
      const result = tokens.read(changed, 0);
      // The last digit of base64 has bits that mean nothing.
      return changed === token || result?.ok !== true || at === token.length - 1;
    }),
  );
  t.end();
});

t.test('a credential covers its own workload’s nodes and services, and no others', (t) => {
  const metadata = (workload: string, services: readonly string[]) => ({
    outrider: { workload, services, outbound_port: 1, inbound_port: 2, app_port: 3 },
  });
  const problem = (id: string, workload: string, services: string[], change: Partial<WorkloadBinding> = {}) =>
    claimProblem(
      claimOfNode({ id, userAgent: '', metadata: metadata(workload, services) }),
      { workload: 'cart', services: null, nodeId: null, ...change },
      (name) => (name === 'cart' ? ['cart', 'shop'] : [name]),
    );
  t.equal(problem('cart-0', 'cart', ['cart', 'shop']), undefined);
  t.match(problem('cart-0', 'payment', ['payment']), /cannot speak for workload "payment"/);
  t.match(problem('cart-0', 'cart', ['cart', 'payment']), /cannot answer for service "payment"/);
  t.match(problem('payment-0', 'cart', ['cart']), /cannot be node "payment-0"/);
  t.match(problem('cart-1', 'cart', ['cart'], { nodeId: 'cart-0' }), /cannot be node "cart-1": it is cart-0's/);
  t.match(problem('cart-0', 'cart', ['shop'], { services: ['cart'] }), /"shop"/, 'what the credential names counts');
  const proxyless = claimOfNode({ id: 'cart', userAgent: '', metadata: undefined });
  const binding = { workload: 'cart', services: null, nodeId: null };
  t.equal(
    claimProblem(proxyless, binding, () => []),
    undefined,
    'a client without a sidecar speaks for nobody',
  );
  const envoy = (service: string) => {
    const inbound = { host: '127.0.0.1', port: 1, service, app_port: 2 };
    const claim = claimOfNode({ id: 'cart-0', userAgent: 'envoy', metadata: { outrider: { inbound } } });
    return claimProblem(claim, binding, () => ['cart', 'shop']);
  };
  t.equal(envoy('shop'), undefined);
  t.match(envoy('payment'), /cannot answer for service "payment"/, 'an Envoy stands in front of its own service');
  t.match(problem('cart', '', []), /cannot speak for workload ""/);
  for (const id of ['cart', 'cart-0', 'cart/pod-1', 'cart.shop', 'cart~10.0.0.1']) t.ok(nodeIdFits(id, 'cart'), id);
  for (const id of ['cart-v2-0', 'carts', 'car', 'cart-', 'xcart', '']) t.notOk(nodeIdFits(id, 'cart'), id);
  t.end();
});

t.test('failures of one address are limited, of others not, and memory is bounded', (t) => {
  const clock = new FakeClock();
  const limit = new FailureLimit(clock);
  const admitted = (address: string, count: number) =>
    Array.from({ length: count }, () => limit.admit(address)).filter(Boolean).length;
  t.equal(admitted('10.0.0.1', 50), 10);
  t.equal(admitted('10.0.0.2', 5), 5);
  clock.advance({ ms: 20_000 });
  t.equal(admitted('10.0.0.1', 50), 2);
  t.equal(admitted('2001:db8::1', 6) + admitted('2001:db8:0:0:ffff::2', 50), 10, 'a network of 64 bits is one address');
  t.equal(admitted('2001:db8:0:1::1', 1), 1);
  for (let i = 0; i < 3 * ADDRESSES_MAX; i++) limit.admit(`10.1.${i >> 8}.${i & 255}`);
  t.equal(limit.size, ADDRESSES_MAX);
  t.ok(limit.exceeded > 0);
  t.end();
});

t.test('foreign web pages are told by origin and by name', (t) => {
  const base = {
    method: 'POST',
    headers: { host: '127.0.0.1:15080' },
    secure: false,
    localAddress: '127.0.0.1',
    ownName: null,
    ambient: true,
  };
  const problem = (change: Partial<typeof base>, headers: Record<string, string> = {}) =>
    foreignPageProblem({ ...base, ...change, headers: { ...base.headers, ...headers } });
  t.equal(problem({}), undefined);
  t.equal(problem({}, { origin: 'http://127.0.0.1:15080' }), undefined, 'its own page');
  t.match(problem({}, { origin: 'http://evil.test' }), /web page of http:\/\/evil.test/);
  t.match(problem({}, { origin: 'null' }), /web page of null/);
  t.match(problem({ secure: true }, { origin: 'http://127.0.0.1:15080' }), /web page/, 'the scheme counts');
  t.match(problem({ ambient: false }, { origin: 'http://evil.test' }), /web page/, 'whatever it shows');
  t.match(problem({}, { 'sec-fetch-site': 'cross-site' }), /another site/);
  t.match(problem({ method: 'GET' }, { host: 'evil.test:15080' }), /not this machine's/, 'a name bent to loopback');
  t.match(problem({ method: 'GET', localAddress: '::ffff:127.0.0.1' }, { host: 'evil.test' }), /not this machine's/);
  t.equal(problem({ method: 'GET', ambient: false }, { host: 'evil.test' }), undefined, 'it has no token');
  t.equal(problem({ localAddress: '10.0.0.1' }, { host: 'mesh.test' }), undefined);
  for (const host of ['localhost:1', 'x.localhost', '[::1]:1', 'LOCALHOST']) t.equal(problem({}, { host }), undefined);
  t.end();
});

t.test('an address beyond this machine wants TLS and authentication', (t) => {
  const security = (...options: [string, string | boolean][]) => {
    const result = readSecurity(Object.fromEntries(options), '/state', '/cwd');
    if (!result.ok) throw new Error(result.error);
    return result.value;
  };
  t.match(security(), { tls: null, authentication: true, accessFile: '/state/access', auditRequired: false });
  const tls = security(['tls-cert', 'a.pem'], ['tls-key', '/b.pem'], ['access', 'who']);
  t.match(tls, { tls: { certificate: '/cwd/a.pem', key: '/b.pem', clientAuthorities: null }, accessFile: '/cwd/who' });
  t.throws(() => security(['tls-cert', 'a.pem']), /belong together/);
  t.throws(() => security(['client-ca', 'a.pem']), /mean nothing without/);
  const kubernetes = (...options: [string, string][]) =>
    readSecurity(Object.fromEntries(options), '/state', '/cwd', { KUBERNETES_SERVICE_HOST: 'fd00::1' });
  t.match(kubernetes(['service-accounts', 'outrider']), {
    value: { serviceAccounts: { audience: 'outrider', api: 'https://[fd00::1]', credentials: /^\/var\/run/ } },
  });
  t.match(kubernetes(['kubernetes-api', 'https://a']), { error: /mean nothing without --service-accounts/ });
  t.match(kubernetes(['service-accounts', 'x'], ['kubernetes-api', 'a:1']), { error: /must be a URL such as https/ });
  t.throws(() => security(['service-accounts', 'x']), /needs --kubernetes-api: this is no pod/);
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
    t.equal(exposureProblem('--http', host, security(['no-auth', true])), undefined);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'mesh.test', '127.evil.test']) {
    t.equal(exposureProblem('--http', host, tls), undefined);
    t.match(exposureProblem('--grpc', host, security()), /^--grpc .* has no TLS \(--tls-cert, --tls-key\): add it/);
    t.match(exposureProblem('--http', host, { ...tls, authentication: false }), /has no authentication/);
  }
  t.end();
});

t.test('a server certificate is checked before it is used', (t) => {
  const files = { certificate: 'c.pem', key: 'k.pem', clientAuthorities: 'ca.pem' };
  const clock = { wallMs: () => Date.parse('2027-01-01T00:00:00Z') };
  const read = (certificate: string | null, key: string | null, ca: string | null = MESH_CA_PEM) =>
    serverCertificate(files, [certificate, key, ca], clock);
  const { chainPem, keyPem } = FIRST_SERVER;
  t.match(read(chainPem, keyPem), { ok: true, value: { name: { kind: 'ip', value: '127.0.0.1' }, selfSigned: false } });
  t.match(read(MESH_CA_PEM, keyPem), { ok: false, error: /k\.pem does not belong to the certificate in c\.pem/ });
  t.match(read(chainPem, SECOND_SERVER.keyPem), { ok: false, error: /does not belong/ });
  t.match(read(EXPIRED_SERVER.chainPem, EXPIRED_SERVER.keyPem), { ok: false, error: /c\.pem expired at 2020-02-01/ });
  t.match(read(null, keyPem), { ok: false, error: 'c.pem cannot be read' });
  t.match(read('x', keyPem), { ok: false, error: /no certificate in PEM/ });
  t.match(read(chainPem, 'x'), { ok: false, error: /no private key/ });
  t.match(read(chainPem, keyPem, ''), { ok: false, error: /ca\.pem has no certificate/ });
  t.match(read(chainPem, keyPem, CA_PEM.replace('MII', 'MIX')), { ok: false, error: /certificate 1 of ca\.pem/ });
  t.end();
});

t.test('files are read again when they change; a broken one leaves the old one', (t) => {
  const dir = t.testdir({ a: '1' });
  const path = join(dir, 'a');
  const changes: number[] = [];
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const files = new WatchedFiles<number>(
    {
      what: 'the number',
      paths: [path],
      read: ([text = null]) => (text === 'x' ? { ok: false, error: 'no' } : { ok: true, value: Number(text) }),
      onChange: (value) => changes.push(value),
    },
    { timers, logger: silentLogger },
  );
  const put = (text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    clock.advance({ ms: LOOK_MS });
  };
  clock.advance({ ms: LOOK_MS });
  t.same(changes, [], 'nothing has changed');
  put('2');
  put('x');
  t.match({ value: files.value, broken: files.broken, refused: files.refused }, { value: 2, broken: true, refused: 1 });
  clock.advance({ ms: 10 * LOOK_MS });
  t.equal(files.refused, 1, 'the same mistake is told once');
  put('3');
  t.same(changes, [2, 3]);
  t.equal(files.broken, false);
  files.close();
  put('4');
  t.same(changes, [2, 3]);
  t.end();
});

t.test(
  'the audit log rotates, keeps so many files for their owner alone, and is read back over all of them',
  async (t) => {
    const dir = t.testdir();
    const clock = new FakeClock();
    const path = join(dir, 'audit.log');
    const log = new AuditLog(path, { clock, logger: silentLogger }, 2000);
    const entry = (n: number) =>
      ({ result: 'done', action: `PUT /v1/x/${n}`, status: 200, from: '::1', who: 'ci' }) as const;
    for (let i = 0; i < 200; i++) {
      log.record(entry(i));
      clock.advance({ ms: 1000 });
    }
    t.equal(readdirSync(dir).length, AUDIT_FILES_MAX);
    for (const file of readdirSync(dir)) {
      t.ok(statSync(join(dir, file)).size <= 2000);
      t.equal(statSync(join(dir, file)).mode & 0o777, 0o600);
    }
    const last = await log.entries(0, 30);
    t.same(
      last.map(({ action }) => action),
      Array.from({ length: 30 }, (_, i) => `PUT /v1/x/${170 + i}`),
    );
    t.equal((await log.entries(clock.wallMs() - 5000, 30)).length, 5);
    t.ok((await log.entries(0, 9999)).length < 200, 'the oldest are gone');
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"time":"torn`);
    t.equal((await log.entries(clock.wallMs() - 5000, 30)).length, 5, 'a torn line is left out');
    log.close();
    t.end();
  },
);

t.test('what a full disk does not take waits, and is written when it can be', async (t) => {
  const dir = t.testdir();
  const path = join(dir, 'gone', 'audit.log');
  const log = new AuditLog(path, { clock: new FakeClock(), logger: silentLogger });
  for (let i = 0; i < 1500; i++) log.record({ result: 'done', action: String(i), status: 200, from: '' });
  t.match({ stuck: log.stuck, lost: log.lost, written: log.written }, { stuck: true, lost: 500, written: 0 });
  mkdirSync(join(dir, 'gone'));
  t.equal(log.flush(), true);
  t.match({ stuck: log.stuck, written: log.written }, { stuck: false, written: 1000 });
  t.equal((await log.entries(0, 1)).at(-1)?.action, '1499');
  log.close();
  t.end();
});

t.test('a secret is made once, for its owner alone, and anew when others could have read it', (t) => {
  const path = join(t.testdir(), 'x', 'secret');
  t.equal(
    keptSecret(path, () => 'one'),
    'one',
  );
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(
    keptSecret(path, () => 'two'),
    'one',
  );
  renameSync(path, `${path}.old`);
  writeFileSync(path, 'one\n', { mode: 0o644 });
  t.equal(
    keptSecret(path, () => 'three'),
    'three',
  );
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.end();
});

t.test('somebody is known by a token or a certificate of the access file, as long as it is good', async (t) => {
  const { X509Certificate } = await import('node:crypto');
  const token = newToken();
  const line = (name: string, rest: string) => `${name} ${rest} sha256:${tokenDigestHex(token)}`;
  const dir = t.testdir({
    access: `${line('ci', 'operate')} expires=2030-01-01T00:01:00Z\nalice read email:alice@mesh.test\nmesh workload spiffe:mesh.test/shop\n`,
  });
  const clock = new FakeClock();
  const settings = { tls: null, authorities: null, authentication: true, auditRequired: false, serviceAccounts: null };
  const timers = new FakeTimers(clock);
  const security = new Security(
    dir,
    { ...settings, accessFile: join(dir, 'access') },
    { clock, timers, logger: silentLogger },
  );
  t.teardown(() => security.close());
  const byToken = (text: string) => security.authenticate({ token: text, certificate: null });
  const byCertificate = (pem: string) => security.authenticate({ token: null, certificate: new X509Certificate(pem) });
  t.match(byToken(token), { ok: true, value: { name: 'ci', grant: 'operate', credential: 'token' } });
  t.match(byToken(newToken()), { ok: false, error: 'the token is not known' });
  t.match(byToken(readFileSync(join(dir, 'admin.token'), 'utf8').trim()), {
    value: { name: 'local', grant: 'administer' },
  });
  t.match(security.authenticate({ token: null, certificate: null }), { ok: false, error: /no token was sent/ });
  t.match(byCertificate(ALICE.chainPem), {
    ok: true,
    value: { name: 'alice', grant: 'read', credential: 'certificate' },
  });
  t.match(byCertificate(CART.chainPem), { value: { name: 'mesh', binding: { workload: 'cart', nodeId: null } } });
  t.match(byCertificate(STRANGER.chainPem), { ok: false, error: /its names: cn:client, uri:spiffe/ });
  clock.advance({ ms: 60_000 });
  t.match(byToken(token), { ok: false, error: 'the credential of "ci" expired at 2030-01-01T00:01:00.000Z' });
  writeFileSync(join(dir, 'access'), '');
  clock.advance({ ms: LOOK_MS });
  t.match(byToken(token), { ok: false, error: 'the token is not known' }, 'a line that is taken out counts no more');
  t.match(security.counts, { authenticated: 4, unauthenticated: 5 });
  t.end();
});
