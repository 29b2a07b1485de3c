/**
 * Workloads that are really run, as processes with a fake sidecar each.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { ControlPlane, ControlPlaneDeps } from '../../../control-plane/app.ts';
import { DRAIN_TIMES } from '../../../control-plane/orchestrator/executor.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { isRunning } from '../../is-running.ts';
import { until } from '../../until.ts';
import { AdsClient } from './fixtures/ads-client.ts';
import { DeltaClient } from './fixtures/delta-client.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

t.setTimeout(120_000);

const APP = fileURLToPath(new URL('./fixtures/app.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('./fixtures/main.ts', import.meta.url));

interface Service {
  readonly replicas: { readonly desired: number; readonly running: number; readonly ready: number };
  readonly roll: { readonly state: string; readonly why: string };
  readonly instances: readonly {
    readonly id: string;
    readonly port: number;
    readonly version: string;
    readonly state: string;
  }[];
}

/** What the application says of itself. */
interface Self {
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
}

const workload = (name: string, fields: object) => ({
  [name]: { command: ['node', APP], 'x-outrider': { health: { path: '/healthz' } }, ...fields },
});
const compose = (...workloads: object[]) => JSON.stringify({ services: Object.assign({}, ...workloads) });
const replicas = (count: number) => ({ deploy: { replicas: count } });

/** A folder outside the tree, as long as the test lasts. */
function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'outrider-test-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function start(t: Test, stateDir = folder(t), options: Partial<ControlPlaneDeps> = {}): Promise<ControlPlane> {
  const controlPlane = await startTestControlPlane(stateDir, {
    restartAtMs: (runs) => runs.at(-1)!.endedAtMs + 100,
    ...options,
  });
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  return controlPlane;
}

async function service(controlPlane: ControlPlane, name: string): Promise<Service> {
  return (await call(controlPlane, 'GET', `/v1/services/${name}`)).body as unknown as Service;
}

function untilReady(controlPlane: ControlPlane, name: string, count: number): Promise<Service> {
  return until(`${count} ready replicas of ${name}`, async () => {
    const found = await service(controlPlane, name);
    return found.replicas?.ready === count && found.instances.length === count && found;
  });
}

/** A request to an instance, through its sidecar. */
async function ask(port: number, path = '/'): Promise<Self> {
  return (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as Self;
}

async function pidsOf(found: Service): Promise<number[]> {
  return (await Promise.all(found.instances.map(({ port }) => ask(port)))).map(({ pid }) => pid);
}

type EdsResponse = Pick<Awaited<ReturnType<AdsClient['next']>>, 'resources'>;

function endpointsIn({ resources }: EdsResponse): number {
  const [assignment] = resources as { endpoints: { lbEndpoints: object[] }[] }[];
  return assignment!.endpoints.reduce((sum, { lbEndpoints }) => sum + lbEndpoints.length, 0);
}

/** The response by which a client knows that many endpoints: one that comes earlier tells of a mesh still starting. */
async function untilTold<Response extends EdsResponse>(
  client: { next(kind: 'EDS'): Promise<Response> },
  count: number,
): Promise<Response> {
  const response = await client.next('EDS');
  return endpointsIn(response) === count ? response : untilTold(client, count);
}

t.test('a workload is run with what it needs to know, and reached through its sidecar', async (t) => {
  const dir = folder(t);
  const controlPlane = await start(t, dir);
  await apply(controlPlane, compose(workload('echo', { environment: { COLOUR: 'red' }, ...replicas(2) })));
  const found = await untilReady(controlPlane, 'echo', 2);
  t.same(found.replicas, { desired: 2, running: 2, ready: 2 });
  const selves = await Promise.all(found.instances.map(({ port }) => ask(port)));
  t.same(
    selves.map(({ env }) => env.OUTRIDER_REPLICA),
    ['0', '1'],
  );
  const { env } = selves[0]!;
  t.match(env, {
    COLOUR: 'red',
    OUTRIDER_WORKLOAD: 'echo',
    OUTRIDER_VERSION: 'v1',
    HOST: '127.0.0.1',
    NODE_USE_ENV_PROXY: '1',
  });
  t.equal(env.HTTP_PROXY, env.OUTRIDER_OUTBOUND);
  t.equal(env.http_proxy, env.OUTRIDER_OUTBOUND);
  const logs = await fetch(`${controlPlane.httpAddress}/v1/logs/echo?lines=1`);
  t.match(await logs.text(), /^echo-0 \| listening on \d+\necho-1 \| listening on \d+\n$/);
  t.equal((await call(controlPlane, 'GET', '/v1/logs/eco')).status, 404);
  t.notOk('TAP' in env, 'the environment of the control plane is its own');
  t.same(readdirSync(join(dir, 'log')).sort(), [
    'echo-0.log',
    'echo-0.sidecar.log',
    'echo-1.log',
    'echo-1.sidecar.log',
  ]);
});

t.test('scaling in waits for requests in flight, and scaling out adds replicas', async (t) => {
  const controlPlane = await start(t);
  await apply(controlPlane, compose(workload('echo', replicas(2))));
  const { instances } = await untilReady(controlPlane, 'echo', 2);
  const inFlight = ask(instances[1]!.port, '/?ms=700');
  t.match((await call(controlPlane, 'PUT', '/v1/services/echo/scale', { replicas: 1 })).body, {
    service: 'echo',
    desired: 1,
  });
  t.ok((await inFlight).pid, 'the request was answered');
  const { instances: left } = await untilReady(controlPlane, 'echo', 1);
  t.same(
    left.map(({ id }) => id),
    ['echo-0'],
  );
  await call(controlPlane, 'PUT', '/v1/services/echo/scale', { replicas: 3 });
  await untilReady(controlPlane, 'echo', 3);
});

t.test(
  'an instance ends when every subscriber has confirmed that it is out, or time is over and it is said who has not',
  async (t) => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
    const drainTimes = { ...DRAIN_TIMES, ackMs: 60_000 };
    const controlPlane = await start(t, folder(t), { logger, drainTimes });
    await apply(controlPlane, compose(workload('echo', replicas(3))));
    const { instances } = await untilReady(controlPlane, 'echo', 3);
    const pids = await Promise.all(instances.map(async ({ port }) => (await ask(port)).pid));
    const slow = new AdsClient(controlPlane.grpcAddress, { id: 'slow' });
    const deaf = new DeltaClient(controlPlane.grpcAddress, { id: 'deaf' });
    t.teardown(() => Promise.all([slow.close(), deaf.close()]));
    slow.subscribe('EDS', ['echo']);
    deaf.ask('EDS', { subscribe: ['echo'] });
    await Promise.all([untilTold(slow, 3), untilTold(deaf, 3)]);

    slow.answer = () => null;
    await call(controlPlane, 'PUT', '/v1/services/echo/scale', { replicas: 2 });
    const { version: versionInfo, nonce } = await untilTold(slow, 2);
    const joined = new AdsClient(controlPlane.grpcAddress, { id: 'joined' });
    t.teardown(() => joined.close());
    joined.subscribe('EDS', ['echo']);
    t.equal(endpointsIn(await joined.next('EDS')), 2, 'who joins is told of the others only');
    await sleep(300);
    t.ok(isRunning(pids[2]!), 'it goes on while one client may still send to it');
    slow.send('EDS', { versionInfo, nonce });
    await until('its end', () => !isRunning(pids[2]!));
    t.same(
      warnings.filter((each) => each.includes('confirmed')),
      [],
      'in time',
    );

    deaf.answer = () => null;
    drainTimes.ackMs = 500;
    await call(controlPlane, 'PUT', '/v1/services/echo/scale', { replicas: 1 });
    await until('its end', () => !isRunning(pids[1]!));
    t.match(
      warnings.filter((each) => each.includes('confirmed')),
      ['not everyone has confirmed within 0.5 s that echo-1 is out, and it is stopped all the same: deaf, slow'],
    );
    t.match(await (await fetch(`${controlPlane.httpAddress}/metrics`)).text(), /drains_total\{outcome="late"\} 1\n/);
  },
);

t.test('a new version replaces the old one without ever being fewer', async (t) => {
  const controlPlane = await start(t);
  const version = (name: string) =>
    compose(workload('echo', { ...replicas(2), 'x-outrider': { version: name, health: { path: '/healthz' } } }));
  await apply(controlPlane, version('v1'), '?file=a.yaml');
  await untilReady(controlPlane, 'echo', 2);
  await apply(controlPlane, version('v2'), '?file=a.yaml');
  let fewest = 2;
  await until('only v2', async () => {
    const found = await service(controlPlane, 'echo');
    fewest = Math.min(fewest, found.replicas.ready);
    return (
      found.replicas.ready === 2 &&
      found.instances.length === 2 &&
      found.instances.every((each) => each.version === 'v2')
    );
  });
  t.equal(fewest, 2);
});

t.test('a new version that never becomes healthy stops nothing', async (t) => {
  const controlPlane = await start(t);
  const environment = (env: object) => compose(workload('echo', { ...replicas(1), environment: env }));
  await apply(controlPlane, environment({}), '?file=a.yaml');
  const [pid] = await pidsOf(await untilReady(controlPlane, 'echo', 1));
  await apply(controlPlane, environment({ BROKEN: '1' }), '?file=a.yaml');
  await until('the new one to run', async () => (await service(controlPlane, 'echo')).replicas.running === 2);
  t.same((await service(controlPlane, 'echo')).replicas, { desired: 1, running: 2, ready: 1 });
  t.ok(isRunning(pid!));
});

t.test('a restart replaces every replica and is never fewer; a stop lasts until the start', async (t) => {
  const dir = folder(t);
  const first = await start(t, dir);
  const broken = join(dir, 'broken');
  await apply(first, compose(workload('echo', { ...replicas(2), environment: { BROKEN_IF: broken } })));
  const before = await pidsOf(await untilReady(first, 'echo', 2));
  const post = (action: string, name = 'echo') => call(first, 'POST', `/v1/services/${name}/${action}`, {});
  t.match((await post('restart')).body, { changes: [{ kind: 'run', name: 'echo', action: 'updated' }] });
  t.match(await service(first, 'echo'), { roll: { state: 'rolling', outdated: 2 } });
  let fewest = 2;
  const after = await until('the end of the roll', async () => {
    const found = await service(first, 'echo');
    fewest = Math.min(fewest, found.replicas.ready);
    return found.roll.state === 'steady' && found.replicas.ready === 2 && found.instances.length === 2 && found;
  });
  t.equal(fewest, 2);
  const pids = await pidsOf(after);
  t.equal(new Set([...before, ...pids]).size, 4, 'all are new');

  writeFileSync(broken, '');
  await post('restart');
  const failed = await until('the failure', async () => {
    const found = await service(first, 'echo');
    return found.roll.state === 'failed' && found;
  });
  t.match(failed.roll, { outdated: 2, why: /^echo-\d: its application has exited$/ });
  t.equal(failed.replicas.ready, 2, 'those of before go on');
  rmSync(broken);
  await until('it goes on', async () => {
    const found = await service(first, 'echo');
    return found.roll.state === 'steady' && found.instances.length === 2;
  });

  t.match((await post('stop')).body, { changes: [{ action: 'updated' }] });
  t.match((await post('stop')).body, { changes: [{ action: 'unchanged' }] });
  await until('nobody is there', async () => (await service(first, 'echo')).instances.length === 0);
  t.match(await service(first, 'echo'), { stopped: true, replicas: { desired: 0, running: 0 } });
  const refused = await post('restart');
  t.equal(refused.status, 422);
  t.match(refused.body, { error: { message: '"echo" is stopped: there is nothing to restart; start it' } });
  t.match((await post('stop', 'eco')).body, { error: { code: 'not_found', details: [{ suggestion: 'echo' }] } });
  await first.stop({ workloads: 'keep' });
  const second = await start(t, dir);
  t.match(await service(second, 'echo'), { stopped: true }, 'also over a restart of the control plane');
  await call(second, 'POST', '/v1/services/echo/start', {});
  await untilReady(second, 'echo', 2);
});

t.test('an application that crashes is taken out at once and started again, and so is a sidecar', async (t) => {
  const dir = folder(t);
  const controlPlane = await start(t, dir);
  await apply(controlPlane, compose(workload('echo', replicas(1))));
  const before = await untilReady(controlPlane, 'echo', 1);
  const [pid] = await pidsOf(before);
  await ask(before.instances[0]!.port, '/crash').catch(() => {});
  await until('its end to be seen', async () => (await service(controlPlane, 'echo')).replicas.ready === 0);
  const after = await until('another process', async () => {
    const found = await service(controlPlane, 'echo');
    return found.replicas.ready === 1 && found;
  });
  t.notSame(await pidsOf(after), [pid]);
  t.equal(after.instances[0]!.port, before.instances[0]!.port);

  const record = JSON.parse(readFileSync(join(dir, 'run/echo/0/record.json'), 'utf8')) as {
    processes: { sidecar: { pid: number } };
  };
  process.kill(record.processes.sidecar.pid, 'SIGKILL');
  await until('its end to be seen', async () => (await service(controlPlane, 'echo')).replicas.ready === 0);
  t.same(await pidsOf(await untilReady(controlPlane, 'echo', 1)), await pidsOf(after), 'the application ran on');
});

t.test('workloads survive the death of the control plane, and are taken over by the next one', async (t) => {
  const dir = folder(t);
  const spawnControlPlane = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [MAIN, dir], { stdio: 'ignore' });
    await until('the control plane to serve', async () => {
      const record = recordOf(dir);
      return record !== undefined && record.pid === child.pid && (await isReady(record.http));
    });
    return child;
  };
  const child = await spawnControlPlane();
  const first = { httpAddress: recordOf(dir)!.http } as ControlPlane;
  await apply(first, compose(workload('echo', replicas(2))));
  const before = await untilReady(first, 'echo', 2);
  const pids = await pidsOf(before);
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.same(await pidsOf(before), pids, 'they run on');

  const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    detached: true,
    stdio: 'ignore',
    env: { OUTRIDER_RUN: `${dir}/run/echo/9` },
  });
  process.kill(pids[1]!, 'SIGKILL');
  const second = await start(t, dir);
  t.same(recordOf(dir)?.http, first.httpAddress, 'where it was');
  await once(orphan, 'exit');
  const after = await untilReady(second, 'echo', 2);
  const [kept, replaced] = await pidsOf(after);
  t.equal(kept, pids[0]);
  t.not(replaced, pids[1], 'what died meanwhile was started again');
  t.same(
    after.instances.map(({ port }) => port),
    before.instances.map(({ port }) => port),
  );
});

t.test('the end of the mesh stops what depends on others first, and leaves nothing behind', async (t) => {
  const dir = folder(t);
  const log = join(dir, 'exits');
  const controlPlane = await start(t, dir);
  const environment = { EXIT_LOG: log };
  await apply(
    controlPlane,
    compose(
      workload('front', { environment, depends_on: ['middle'] }),
      workload('middle', { environment, depends_on: ['back'] }),
      workload('back', { environment }),
    ),
  );
  const pids = [];
  for (const name of ['front', 'middle', 'back']) pids.push(...(await pidsOf(await untilReady(controlPlane, name, 1))));
  t.equal((await call(controlPlane, 'POST', '/v1/shutdown', { workloads: 'stop' })).status, 202);
  await controlPlane.stop({ workloads: 'stop' });
  t.same(readFileSync(log, 'utf8').trim().split('\n'), ['front-0', 'middle-0', 'back-0']);
  t.notOk(pids.some(isRunning));
  t.same(
    readdirSync(join(dir, 'run')).flatMap((name) => readdirSync(join(dir, 'run', name))),
    [],
  );
});

async function isReady(address: string): Promise<boolean> {
  return fetch(`${address}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** The control plane's record of itself. */
function recordOf(dir: string): { readonly http: string; readonly pid: number } | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, 'control-plane.json'), 'utf8')) as { http: string; pid: number };
  } catch {
    return undefined;
  }
}
