import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerDuplexStream, type sendUnaryData, status } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { SystemClock } from '../../../kernel/clock.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { SystemTimers } from '../../../kernel/timers.ts';
import { type AgentMessage, ControlMessage, Health } from '../../../protos/gen/outrider/agent/v1/agent.ts';
import { AgentServiceService } from '../../../protos/gen/outrider/agent/v1/agent_service.ts';
import { ConfigSet } from '../../../protos/gen/outrider/config/v1/config_set.ts';
import { ScalingDecision } from '../../../protos/gen/outrider/scaling/v1/scaling_decision.ts';
import { type AgentOptions, createAgent } from '../../../proxy/agent/agent-client.ts';
import { ApplicationUsage } from '../../../proxy/agent/application-usage.ts';
import { NamedProbes } from '../../../proxy/agent/named-probes.ts';
import { createProbe } from '../../../proxy/agent/probe.ts';
import type { AgentSettings } from '../../../proxy/bootstrap/bootstrap.ts';
import { ManagerStats } from '../../../proxy/http/manager-stats.ts';
import { createSettings } from '../../../proxy/settings/settings.ts';
import { NO_CREDENTIALS } from '../../../proxy/xds/control-credentials.ts';
import { SERVER } from '../../fakes/certificates.ts';
import { seededRandom } from '../../fakes/fake-random.ts';
import { Inbox } from './inbox.ts';

const clock = new SystemClock();
const timers = new SystemTimers();
const deps = { clock, timers, random: seededRandom(), logger: silentLogger };

type Message = NonNullable<AgentMessage['message']>;

/** A control plane's agent service that does what the test says. */
async function startRegistry(t: Test, port = 0) {
  const received = new Inbox<Message>();
  let call: ServerDuplexStream<AgentMessage, ControlMessage> | null = null;
  const server = new Server();
  server.addService(AgentServiceService, {
    connect: (stream: ServerDuplexStream<AgentMessage, ControlMessage>) => {
      call = stream;
      stream.on('data', ({ message }: AgentMessage) => message !== undefined && received.push(message));
      stream.on('end', () => stream.end());
      stream.on('error', () => {});
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  );
  const bound = await promise;
  t.teardown(() => server.forceShutdown());
  const send = (message: NonNullable<ControlMessage['message']>) =>
    call?.write(ControlMessage.fromPartial({ message }));
  return { port: bound, received, send, hangUp: () => call?.end(), stop: () => server.forceShutdown() };
}

type ValueOf<K extends Message['$case']> = Extract<Message, { $case: K }>['value'];

/** The next message of that kind; others are passed over. */
async function next<K extends Message['$case']>(received: Inbox<Message>, kind: K): Promise<ValueOf<K>> {
  for (;;) {
    const message = await received.next();
    if (message.$case === kind) return message.value as ValueOf<K>;
  }
}

function settingsOf(change: Partial<AgentSettings> = {}): AgentSettings {
  return {
    clusterName: 'outrider-control-plane',
    workload: 'cart',
    services: ['cart'],
    version: 'v1',
    region: '',
    zone: '',
    subZone: '',
    address: '127.0.0.1',
    port: 4000,
    protocol: 'http',
    weight: 100,
    metadata: {},
    settingsPort: null,
    probes: new Map(),
    settingsFile: null,
    check: null,
    lastKnownGoodDirectory: null,
    tokenFile: null,
    ...change,
  };
}

function startAgent(t: Test, port: number, change: Partial<AgentOptions> = {}) {
  const inbound = new ManagerStats('inbound');
  const drains = new Inbox<{ deadlineMs: number; reason: string }>();
  const agent = createAgent(
    {
      target: `127.0.0.1:${port}`,
      credentials: NO_CREDENTIALS,
      nodeId: 'cart-0',
      breakers: () => [],
      settings: settingsOf(),
      pid: 42,
      load: {
        inbound: () => inbound,
        inboundConnections: () => 0,
        adaptiveLimit: () => undefined,
        clusters: () => [],
        usage: () => ({ cpuFraction: 0, memoryBytes: 0 }),
      },
      onDrain: (drain) => drains.push(drain),
      ...change,
    },
    deps,
  );
  agent.start();
  t.teardown(() => agent.close());
  return { agent, inbound, drains };
}

const REGISTERED = { leaseId: 'lease-1', heartbeatIntervalMs: 50, suspectAfterMs: 3_000, goneAfterMs: 9_000 };

t.test('an agent registers, is heard at the interval, tells its load, and is drained', async (t) => {
  const registry = await startRegistry(t);
  const { agent, inbound, drains } = startAgent(t, registry.port);
  const register = await next(registry.received, 'register');
  t.match(register, { nodeId: 'cart-0', pid: 42, leaseId: '', identity: { workload: 'cart', port: 4000 } });
  registry.send({ $case: 'registered', value: REGISTERED });
  t.match(await next(registry.received, 'heartbeat'), { sequence: 1, health: Health.HEALTHY }, 'nothing is checked');
  t.match(await next(registry.received, 'heartbeat'), { sequence: 2 });
  t.equal(agent.registered, true);
  inbound.rqCompleted = 12;
  t.match(await next(registry.received, 'loadReport'), { requests: 12 });
  registry.send({ $case: 'drain', value: { deadlineMs: 5_000, reason: 'scaled in' } });
  t.same(await drains.next(), { deadlineMs: 5_000, reason: 'scaled in' });
  const goodbye = agent.deregister('scaled in');
  t.same((await next(registry.received, 'deregister')).reason, 'scaled in');
  await goodbye;
});

t.test('a lost stream comes back with the lease, a refusal forgets it', async (t) => {
  const registry = await startRegistry(t);
  startAgent(t, registry.port);
  await next(registry.received, 'register');
  registry.send({ $case: 'registered', value: REGISTERED });
  await next(registry.received, 'heartbeat');
  registry.hangUp();
  t.equal((await next(registry.received, 'register')).leaseId, 'lease-1');
  registry.send({ $case: 'refused', value: { reason: 'forbidden: no such lease' } });
  registry.hangUp();
  t.equal((await next(registry.received, 'register')).leaseId, '');
});

t.test('the health of the application is told as soon as it changes', async (t) => {
  let status = 503;
  const application = createHttpServer((incoming, outgoing) => {
    outgoing.writeHead(incoming.url === '/healthz' ? status : 404).end('text');
  }).listen(0, '127.0.0.1');
  await once(application, 'listening');
  t.teardown(() => application.close());
  const { port } = application.address() as AddressInfo;
  const times = { intervalMs: 60, timeoutMs: 1_000, retries: 2, startPeriodMs: 0, startIntervalMs: 60 };
  const check = { probe: { kind: 'http', path: '/healthz' } as const, port, ...times };
  const registry = await startRegistry(t);
  const { agent } = startAgent(t, registry.port, { settings: settingsOf({ check }) });
  await next(registry.received, 'register');
  registry.send({ $case: 'registered', value: { ...REGISTERED, heartbeatIntervalMs: 60_000 } });
  let told = await next(registry.received, 'heartbeat');
  while (told.health === Health.UNKNOWN) told = await next(registry.received, 'heartbeat');
  t.equal(told.health, Health.UNHEALTHY);
  t.match(told.healthReason, /\/healthz answered 503$/);
  status = 204;
  t.match(await next(registry.received, 'heartbeat'), { health: Health.HEALTHY, healthReason: '' });
  t.equal(agent.health, 'healthy');
});

t.test('heartbeats follow the pace that an acknowledgement tells', async (t) => {
  const registry = await startRegistry(t);
  startAgent(t, registry.port);
  t.match(await next(registry.received, 'register'), { incarnation: /^[0-9a-f]+$/ });
  registry.send({ $case: 'registered', value: { ...REGISTERED, heartbeatIntervalMs: 60_000 } });
  t.match(await next(registry.received, 'heartbeat'), { sequence: 1 });
  const terms = { heartbeatIntervalMs: 20, suspectAfterMs: 60, goneAfterMs: 120 };
  registry.send({ $case: 'heartbeatAck', value: { sequence: 1, ...terms } });
  t.match(await next(registry.received, 'heartbeat'), { sequence: 2 });
  t.match(await next(registry.received, 'heartbeat'), { sequence: 3 });
});

t.test('probes say what is wrong', async (t) => {
  const silent = createTcpServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const check = { port, timeoutMs: 50 };
  t.equal(await createProbe({ ...check, probe: { kind: 'tcp' } }, timers)(), null);
  t.match(await createProbe({ ...check, probe: { kind: 'http', path: '/' } }, timers)(), /did not answer within 50 ms/);
  silent.close();
  silent.unref();
  const closed = createTcpServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const free = (closed.address() as AddressInfo).port;
  closed.close();
  await once(closed, 'close');
  t.match(await createProbe({ ...check, port: free, probe: { kind: 'http', path: '/' } }, timers)(), /ECONNREFUSED/);
  t.match(await createProbe({ ...check, port: free, probe: { kind: 'tcp' } }, timers)(), /ECONNREFUSED/);
});

t.test('checks that others ask for by name reach HTTPS, with headers, and are made once at a time', async (t) => {
  let asked = 0;
  const { chainPem, keyPem } = SERVER;
  const application = createHttpsServer({ cert: chainPem, key: keyPem }, (incoming, outgoing) => {
    asked++;
    outgoing.writeHead(incoming.url === '/live?deep' && incoming.headers['x-who'] === 'kubelet' ? 200 : 404).end();
  }).listen(0, '127.0.0.1');
  await once(application, 'listening');
  t.teardown(() => application.close());
  const { port } = application.address() as AddressInfo;
  const probe = { kind: 'http', path: '/live?deep', tls: true, headers: { 'x-who': 'kubelet' } } as const;
  const wrong = { ...probe, headers: {} };
  const times = { port, timeoutMs: 5_000 };
  const named = new Map([
    ['web-liveness', { probe, ...times }],
    ['web-startup', { probe: wrong, ...times }],
  ]);
  const probes = new NamedProbes(named, timers);
  t.same(await Promise.all([probes.look('web-liveness'), probes.look('web-liveness')]), [null, null]);
  t.equal(asked, 1, 'two who ask at once share an answer');
  t.equal(await probes.look('web-liveness'), null);
  t.equal(asked, 2, 'which is not kept');
  t.match(await probes.look('web-startup'), /^https:.*answered 404$/);
  t.equal(probes.look('web-readiness'), undefined);
});

/** Waits until a process has ended; whether its parent has taken notice is not ours to say. */
async function untilEnded(pidFile: string): Promise<void> {
  const pid = (await readFile(pidFile, 'utf8')).trim();
  for (let i = 0; i < 2_000; i++) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
    if (/\) [ZX]/.test(stat)) return;
    await new Promise((resolve) => timers.after(5, () => resolve(undefined)));
  }
  throw new Error(`process ${pid} runs on`);
}

t.test('a program is asked, within its time and its output, and nothing of it is left', async (t) => {
  const directory = t.testdir();
  const run = (line: string, timeoutMs = 20_000) => {
    const environment = { PATH: process.env.PATH ?? '', COLOUR: 'red' };
    const probe = { kind: 'command', command: ['/bin/sh', '-c', line], directory, environment } as const;
    return createProbe({ probe, port: 1, timeoutMs }, timers)();
  };
  t.equal(await run('test "$COLOUR" = red && test -z "$HOME" && echo fine > said && exit 0'), null);
  t.equal(await readFile(join(directory, 'said'), 'utf8'), 'fine\n');
  t.match(await run('echo one; echo no database >&2; exit 3'), /ended with status 3: .*no database/);
  t.ok((await run('head -c 3000000 /dev/zero | tr "\\0" x; exit 1'))!.length < 500, 'it may say what it likes');
  t.match(await run('sleep 60 & echo $! > child; sleep 60', 300), /did not end within 300 ms/);
  await untilEnded(join(directory, 'child'));
  t.equal(await run('sleep 60 & echo $! > stray'), null, 'a child that holds its output open is not waited for');
  await untilEnded(join(directory, 'stray'));
  const missing = { kind: 'command', command: ['/no/such/program'], directory: '', environment: {} } as const;
  t.match(await createProbe({ probe: missing, port: 1, timeoutMs: 1_000 }, timers)(), /could not be started: .*ENOENT/);
});

t.test('a gRPC server is asked by the health checking protocol', async (t) => {
  const server = new Server();
  let answer: { status: number } | { code: number } = { status: 1 };
  const asked: string[] = [];
  const handler = (call: { request: Buffer }, reply: sendUnaryData<Buffer>) => {
    asked.push(call.request.subarray(2).toString());
    if ('code' in answer) reply({ code: answer.code, details: 'no' });
    else reply(null, Buffer.from(answer.status === 0 ? [] : [8, answer.status]));
  };
  const bytes = { requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity };
  const check = { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false, ...bytes };
  server.addService({ check: { ...check, responseDeserialize: identity } }, { check: handler });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  t.teardown(() => server.forceShutdown());
  const probe = (service: string) =>
    createProbe({ probe: { kind: 'grpc', service }, port, timeoutMs: 2_000 }, timers)();
  t.equal(await probe(''), null);
  t.equal(await probe('shop.Cart'), null);
  t.same(asked, ['', 'shop.Cart']);
  answer = { status: 2 };
  t.match(await probe(''), /says NOT_SERVING$/);
  answer = { status: 0 };
  t.match(await probe(''), /says UNKNOWN$/);
  answer = { code: status.NOT_FOUND };
  t.match(await probe('a'), /does not know the service/);
  answer = { code: status.UNIMPLEMENTED };
  t.match(await probe(''), /does not have that service/);
  server.forceShutdown();
  t.match(await probe(''), /ECONNREFUSED|did not answer/);
});

function identity(bytes: Buffer): Buffer {
  return bytes;
}

t.test(
  'the usage is that of the process that listens on the port',
  { skip: process.platform !== 'linux' && 'no /proc' },
  async (t) => {
    const application = createTcpServer().listen(0, '127.0.0.1');
    await once(application, 'listening');
    t.teardown(() => application.close());
    const { port } = application.address() as AddressInfo;
    const usage = new ApplicationUsage(port, clock);
    t.same(usage.usage(), { cpuFraction: 0, memoryBytes: 0 }, 'not found yet');
    let seen = usage.usage();
    while (seen.memoryBytes === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      timers.after(10, resolve);
      await promise;
      seen = usage.usage();
    }
    t.ok(seen.memoryBytes > 10_000_000, `${seen.memoryBytes} bytes: this very process`);
    t.ok(seen.cpuFraction >= 0);
    t.same(new ApplicationUsage(1, clock).usage(), { cpuFraction: 0, memoryBytes: 0 });
  },
);

function configSet(revision: number, banner: string): ConfigSet {
  const entry = { key: 'BANNER', value: { $case: 'text' as const, value: banner }, revision };
  return ConfigSet.fromPartial({ name: 'cart', revision, entries: [entry] });
}

t.test('settings reach the application by file and by port', async (t) => {
  const file = join(t.testdir(), 'run', 'settings.json');
  const settings = createSettings({ port: 0, file }, { timers, logger: silentLogger });
  const started = await settings.start();
  t.teardown(() => settings.close());
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await request(`http://127.0.0.1:${started?.port}${path}`, { headers });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      json: text === '' ? null : JSON.parse(text),
      etag: String(answer.headers.etag),
    };
  };
  t.match(await ask('/v1/config'), { status: 200, json: { revision: 0, values: {} } });
  settings.setConfig(configSet(1, 'hello'));
  const { json, etag } = await ask('/v1/config');
  t.same(json, { revision: 1, values: { BANNER: 'hello' } });
  t.match((await ask('/v1/config/BANNER')).json, { key: 'BANNER', value: 'hello', contentType: 'text/plain' });
  t.match(await ask('/v1/config/NOTHING'), { status: 404, json: { error: { code: 'not_found' } } });
  t.equal((await ask('/v1/config', { 'if-none-match': etag })).status, 304);

  const waiting = ask('/v1/config?wait=30', { 'if-none-match': etag });
  t.equal((await ask('/v1/config?wait=0.05', { 'if-none-match': etag })).status, 304, 'the time is over');
  settings.setConfig(configSet(2, 'bye'));
  t.match(await waiting, { status: 200, json: { revision: 2, values: { BANNER: 'bye' } } });

  const decision = ScalingDecision.fromPartial({ name: 'catalog', desiredReplicas: 3, readyReplicas: 2, revision: 5 });
  settings.setScaling(new Map([['catalog', decision]]));
  t.same((await ask('/v1/scaling')).json, { catalog: { desired: 3, ready: 2, revision: 5 } });
  t.equal((await ask('/v1/config', { host: 'evil.example' })).status, 403);
  t.equal((await ask('/v1/config?wait=x')).status, 400);
  await settings.close();
  t.same(JSON.parse(await readFile(file, 'utf8')), { BANNER: 'bye' });
  t.equal((await stat(file)).mode & 0o777, 0o600);
});
