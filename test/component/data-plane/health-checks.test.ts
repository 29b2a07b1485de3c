/** Active checks over real sockets: who is taken out, who comes back, and endpoints that do anything but answer. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import type { ClusterConfig, EndpointConfig } from '../../../proxy/config/model/cluster.ts';
import type {
  GrpcProbeConfig,
  HealthCheckConfig,
  HttpProbeConfig,
  TcpProbeConfig,
} from '../../../proxy/config/model/health-check.ts';
import type { Cluster } from '../../../proxy/upstream/cluster.ts';
import { CA_PEM, SERVER } from '../../fakes/certificates.ts';
import {
  healthCheck as check,
  cluster,
  endpoint,
  endpointSet,
  HTTP_PROBE as HTTP,
  NO_SECRETS,
} from '../../fakes/config-builders.ts';
import { eventually, Harness, startUpstream } from './harness.ts';
import { startHttp2Endpoint } from './http2-peers.ts';
import { type RawUpstream, response, type UpstreamScript } from './raw-upstream.ts';

/** Where nothing listens. */
const CLOSED_PORT = 1;

const TCP: TcpProbeConfig = { kind: 'tcp', send: '', receive: [] };
const VERSIONS = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const;
const GRPC: GrpcProbeConfig = { kind: 'grpc', service: 'shop.Cart', authority: '', metadata: [] };

/** A data plane over these endpoints, whose first round of checks is over. */
async function checking(
  t: Test,
  endpoints: readonly (number | EndpointConfig)[],
  healthCheck: HealthCheckConfig,
  change: Partial<ClusterConfig> = {},
): Promise<{ harness: Harness; cluster: Cluster }> {
  const all = endpoints.map((each) => (typeof each === 'number' ? endpoint(each) : each));
  const discovery = { kind: 'static', endpoints: endpointSet('a', all) } as const;
  const harness = new Harness(t);
  // No panic, unless a test asks for it.
  const config = cluster('a', [], { discovery, healthCheck, panicThresholdPercent: 0, ...change });
  await harness.apply({ clusters: [config] });
  return { harness, cluster: harness.plane.clusters.get('a')! };
}

/** Which endpoints may be picked, by their place. */
function standings({ endpoints }: Cluster): string {
  return endpoints.map(({ standing }) => standing).join(' ');
}

/** An endpoint whose answer to checks can be changed; other requests are answered with its number. */
async function startChecked(t: Test, script: UpstreamScript = {}) {
  const state = { answer: response('well') as string | null, requests: 0, checks: 0 };
  const upstream = await startUpstream(t, {
    onRequest: (request, connection) => {
      const isCheck = request.target === '/healthz';
      if (isCheck) state.checks++;
      else state.requests++;
      const answer = isCheck ? state.answer : response('served');
      if (answer !== null) connection.send(answer);
    },
    ...script,
  });
  return { upstream, state, port: upstream.port };
}

t.test('requests go only where checks succeed, from the first request on, and back when they do again', async (t) => {
  const [good, bad] = [await startChecked(t), await startChecked(t)];
  bad.state.answer = response('', '', '500 Broken');
  const { harness, cluster: a } = await checking(t, [good.port, bad.port], check());
  t.equal(standings(a), 'in out', 'the cluster is not used before it is known');
  const client = harness.client();
  for (let i = 0; i < 6; i++) t.equal((await client.get('/')).status, 200);
  t.same([good.state.requests, bad.state.requests], [6, 0]);
  bad.state.answer = response('well');
  await eventually(() => standings(a) === 'in in', 'its return');
  for (let i = 0; i < 6; i++) await client.get('/');
  t.same([good.state.requests, bad.state.requests], [9, 3]);
  const { attempt, success, failure, networkFailure } = a.stats.healthCheck;
  t.ok(attempt >= success + failure && success > 2 && failure > 0);
  t.equal(networkFailure, 0);
  t.ok(bad.upstream.connections.length <= 3, 'checks share a connection');
  t.equal(a.stats.rqTotal, 12, 'checks are no requests of the cluster');
  t.equal(a.stats.cxTotal, 2);
});

t.test('what happens on the way counts towards the threshold', async (t) => {
  const { state, port } = await startChecked(t);
  const probe = { ...HTTP, retriableStatuses: [{ start: 500, end: 600 }] };
  const { cluster: a } = await checking(t, [port], check({ probe, unhealthyThreshold: 4 }));
  state.answer = response('', '', '503 Later');
  await eventually(() => standings(a) === 'out', 'its end');
  t.ok(a.stats.healthCheck.failure >= 4);
});

t.test('a checker that is left hanging gives up, on a new connection each time, and the endpoint is out', async (t) => {
  const { upstream, state, port } = await startChecked(t);
  const { cluster: a } = await checking(t, [port], check({ timeoutMs: 40 }));
  await eventually(() => standings(a) === 'in', 'its first success');
  state.answer = null;
  await eventually(() => standings(a) === 'out', 'its end');
  t.ok(a.endpoints[0]!.checked?.timedOut);
  t.ok(a.stats.healthCheck.networkFailure >= 2);
  await eventually(() => upstream.connections.length >= 4, 'more checks');
  t.ok(upstream.openConnections <= 2, 'none is left behind');
  state.answer = response('well');
  await eventually(() => standings(a) === 'in', 'its return');
});

t.test('garbage, endless bodies and silence never confuse a check or fill the memory', async (t) => {
  const flood = Buffer.alloc(262_144, 'x');
  const endless: UpstreamScript = {
    onRequest: (_, connection) => {
      connection.send('HTTP/1.1 200 OK\r\n\r\n');
      const more = () => {
        while (!connection.socket.destroyed && connection.socket.write(flood));
      };
      connection.socket.on('drain', more);
      more();
    },
  };
  const garbage: UpstreamScript = { onRequest: (_, connection) => connection.send('\x00\x01 no HTTP\r\n\r\n') };
  const twice: UpstreamScript = {
    onRequest: (_, connection) => connection.send(response('well') + response('', '', '500 Broken')),
  };
  const cut: UpstreamScript = {
    onRequest: (_, connection) => {
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nwell');
      connection.socket.end();
    },
  };
  const upstreams: RawUpstream[] = [];
  for (const script of [endless, garbage, twice, cut, {}]) upstreams.push(await startUpstream(t, script));
  const ports = upstreams.map(({ port }) => port);
  const { cluster: a } = await checking(t, ports, check({ timeoutMs: 100, unhealthyThreshold: 1 }));
  const expected = 'out out in out in';
  // An answer too many ends the connection, not the check.
  await eventually(() => standings(a) === expected && a.stats.healthCheck.failure >= 9, expected);
});

t.test(
  'degraded endpoints come last, those that take themselves out do not count, and panic still picks somebody',
  async (t) => {
    const [first, second] = [await startChecked(t), await startChecked(t)];
    first.state.answer = response('well', 'x-envoy-degraded: true\r\n');
    const { harness, cluster: a } = await checking(t, [first.port, second.port], check());
    t.equal(standings(a), 'degraded in');
    const client = harness.client();
    for (let i = 0; i < 10; i++) await client.get('/');
    t.ok(second.state.requests > first.state.requests);
    second.state.answer = response('', 'x-envoy-immediate-health-check-fail: true\r\n', '503 Leaving');
    await eventually(() => standings(a) === 'degraded out', 'its leave');
    t.ok(a.endpoints[1]!.excluded);
    const before = second.state.requests;
    for (let i = 0; i < 4; i++) t.equal((await client.get('/')).status, 200);
    t.equal(second.state.requests, before);
    first.state.answer = response('', '', '500 Broken');
    await eventually(() => standings(a) === 'out out', 'the end of both');
    t.equal((await client.get('/')).status, 503, 'without panic nobody is picked');
    await harness.apply({ clusters: [{ ...a.config, panicThresholdPercent: 50 }] });
    t.equal(standings(a), 'out out', 'what was known outlives a change of configuration');
    t.equal((await client.get('/')).status, 200);
  },
);

t.test('an answer to a request can take its endpoint out at once', async (t) => {
  let leaving = false;
  const { upstream } = await startChecked(t, {
    onRequest: ({ target }, connection) => {
      if (target === '/healthz') connection.send(response('well'));
      else connection.send(response('bye', leaving ? 'x-envoy-immediate-health-check-fail: true\r\n' : ''));
    },
  });
  const slow = { intervalMs: 60_000, noTrafficHealthyIntervalMs: 60_000, noTrafficIntervalMs: 60_000 };
  const { harness, cluster: a } = await checking(t, [upstream.port], check(slow));
  const client = harness.client();
  t.equal((await client.get('/')).status, 200);
  leaving = true;
  t.equal((await client.get('/')).status, 200, 'the answer itself is good');
  t.equal(standings(a), 'out');
  t.match(a.stats.healthCheck, { passiveFailure: 1, failure: 1, attempt: 1 });
  t.equal((await client.get('/')).status, 503);
});

t.test('the request is what the configuration says, and the service has to have the right name', async (t) => {
  const name = { current: 'shop-blue' };
  const { upstream } = await startChecked(t, {
    onRequest: (_, connection) =>
      connection.send(response('ready: yes', `x-envoy-upstream-healthchecked-cluster: ${name.current}\r\n`)),
  });
  const probe: HttpProbeConfig = {
    ...HTTP,
    method: 'POST',
    host: 'check.test',
    path: '/ready?deep=1',
    headers: [{ name: 'X-Check', value: 'yes', action: 'append' }],
    removedHeaders: ['user-agent'],
    serviceName: { kind: 'prefix', value: 'shop', ignoreCase: false },
    receive: ['ready', 'yes'],
  };
  const { cluster: a } = await checking(t, [upstream.port], check({ probe }));
  t.equal(standings(a), 'in');
  t.match(upstream.text, /^POST \/ready\?deep=1 HTTP\/1\.1\r\nhost: check\.test\r\nx-check: yes\r\n\r\n/);
  t.ok(a.stats.healthCheck.verifyCluster > 0);
  name.current = 'till';
  await eventually(() => standings(a) === 'out', 'its end');
});

t.test('the word of an endpoint about its own check comes first: port, host, or none at all', async (t) => {
  const [served, looked] = [await startChecked(t), await startChecked(t)];
  const own = { address: null, port: looked.port, hostname: 'own.test', disabled: false };
  const silent = await startChecked(t);
  silent.state.answer = null;
  const endpoints = [
    endpoint(served.port, { check: own }),
    endpoint(silent.port, { check: { ...own, port: null, disabled: true } }),
  ];
  const { cluster: a } = await checking(t, endpoints, check({ altPort: silent.port }));
  t.equal(standings(a), 'in in');
  t.equal(silent.state.checks, 0);
  t.equal(served.state.checks, 0);
  t.match(looked.upstream.text, /host: own\.test\r\n/);
  const other = await startChecked(t);
  const { cluster: b } = await checking(t, [CLOSED_PORT], check({ altPort: other.port, reuseConnection: false }));
  t.equal(standings(b), 'in');
  t.match(other.upstream.text, /host: a\r\n/, 'the name of the cluster');
  await eventually(() => other.upstream.connections.length > 2, 'a connection for each check');
});

t.test('HTTP/2 endpoints are checked on one connection, and a GOAWAY is no failure', async (t) => {
  const up = await startHttp2Endpoint(t, (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('well');
  });
  const probe: HttpProbeConfig = { ...HTTP, codec: 'http2' };
  const { cluster: a } = await checking(t, [up.port], check({ probe, unhealthyThreshold: 1 }));
  t.equal(standings(a), 'in');
  t.match(up.requests[0]!.headers, { ':path': '/healthz', ':authority': 'a', 'user-agent': 'Outrider/HC' });
  await eventually(() => up.requests.length > 3, 'more checks');
  const sessions = new Set(up.sessions);
  t.equal(sessions.size, 1);
  for (const session of sessions) session.close();
  await eventually(() => [...up.sessions].some((each) => !sessions.has(each)), 'another connection');
  await eventually(() => a.stats.healthCheck.success > 6, 'more successes');
  t.equal(a.stats.healthCheck.failure, 0);
});

t.test('gRPC servers are asked by the health checking protocol', async (t) => {
  const state = { status: 1, asked: '' };
  const server = new Server();
  const same = (bytes: Buffer) => bytes;
  const bytes = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const method = { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false, ...bytes };
  const handler = (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
    state.asked = `${call.request.subarray(2)} ${call.metadata.get('x-check')} ${call.getHost()}`;
    if (state.status < 0) reply({ code: 5, details: 'no such service' });
    else reply(null, Buffer.from(state.status === 0 ? [] : [8, state.status]));
  };
  server.addService({ check: method }, { check: handler });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  t.teardown(() => server.forceShutdown());
  const probe: GrpcProbeConfig = {
    ...GRPC,
    authority: 'cart.test',
    metadata: [{ name: 'x-check', value: 'yes', action: 'append' }],
  };
  const { cluster: a } = await checking(t, [port], check({ probe }), { protocol: 'http2' });
  t.equal(standings(a), 'in');
  t.equal(state.asked, 'shop.Cart yes cart.test');
  for (const status of [2, 0, -1]) {
    state.status = status;
    await eventually(() => standings(a) === 'out', `the end by ${status}`);
    state.status = 1;
    await eventually(() => standings(a) === 'in', 'its return');
  }
  t.equal(a.stats.healthCheck.networkFailure, 0);
});

t.test('a TCP check asks and compares, within what it keeps', async (t) => {
  let answer = 'one two';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const probe: TcpProbeConfig = { ...TCP, send: '?', receive: ['one', 'two'] };
  const { cluster: a } = await checking(t, [port], check({ probe, timeoutMs: 60 }));
  await eventually(() => standings(a) === 'in', 'its first success');
  await eventually(() => a.stats.healthCheck.success > 3, 'more successes');
  answer = 'x'.repeat(100_000);
  await eventually(() => standings(a) === 'out', 'its end');
  answer = 'one and two';
  await eventually(() => standings(a) === 'in', 'its return');
  const { cluster: b } = await checking(t, [port, CLOSED_PORT], check({ probe: TCP, unhealthyThreshold: 1 }));
  t.equal(standings(b), 'in out', 'a connection is enough');
});

t.test('a host outside the mesh, known by its name, is checked over TLS', async (t) => {
  const tls = {
    ...NO_SECRETS,
    certificates: [],
    validation: {
      trustedCa: { kind: 'pem', pem: CA_PEM } as const,
      crlPem: null,
      acceptUntrusted: false,
      spkiHashes: [],
      certificateHashes: [],
      sans: [],
    },
    parameters: { ...VERSIONS, ciphers: null, curves: null, signatureAlgorithms: null },
    alpnProtocols: [],
    sni: 'shop.test',
  };
  const secret = await startChecked(t, { tls: { cert: SERVER.chainPem, key: SERVER.keyPem } });
  const open = await startChecked(t);
  const endpoints = endpointSet('a', [endpoint(secret.port), endpoint(open.port)]);
  const { cluster: a } = await checking(t, [secret.port, open.port], check({ unhealthyThreshold: 1 }), {
    ...{ tls, discovery: { kind: 'strict-dns', endpoints, refreshMs: 60_000, respectTtl: false, family: 'auto' } },
  });
  t.equal(standings(a), 'in out');
});

t.test(
  'endpoints that come and go are checked and forgotten, and draining ones are gone whatever checks say',
  async (t) => {
    const [first, second] = [await startChecked(t), await startChecked(t)];
    const slow = check({ intervalMs: 60_000, noTrafficHealthyIntervalMs: 60_000 });
    const { cluster: a } = await checking(t, [first.port], slow, { ignoresNewHosts: true });
    a.setEndpoints(endpointSet('a', [endpoint(first.port), endpoint(second.port)]));
    t.equal(standings(a), 'in out', 'nobody is picked before the first check');
    t.ok(a.endpoints[1]!.excluded);
    await eventually(() => standings(a) === 'in in', 'its check');
    t.equal(first.state.checks, 1, 'the others are left alone');
    a.setEndpoints(endpointSet('a', [endpoint(first.port, { health: 'draining' }), endpoint(second.port)]));
    t.equal(standings(a), 'gone in');
    a.setEndpoints(endpointSet('a', [endpoint(second.port)]));
    t.equal(standings(a), 'in');
    await eventually(() => first.upstream.openConnections === 0, 'the end of the connection for checks');
  },
);

t.test('a check that is added to a running cluster takes nobody out before it has looked', async (t) => {
  const { port, state } = await startChecked(t);
  state.answer = null;
  const harness = new Harness(t);
  const config = cluster('a', [port], { panicThresholdPercent: 0 });
  await harness.apply({ clusters: [config] });
  await harness.apply({ clusters: [{ ...config, healthCheck: check({ timeoutMs: 40 }) }] });
  const a = harness.plane.clusters.get('a')!;
  t.equal(standings(a), 'in');
  await eventually(() => standings(a) === 'out', 'its end');
  await harness.apply({ clusters: [config] });
  t.equal(standings(a), 'in', 'without checks nothing speaks against it');
});
