/**
 * The sidecars of a running mesh are replaced in place under load, one after the other: nothing fails, nobody is refused, and
 * applications notice nothing. One that cannot start changes nothing; a control plane that is killed meanwhile goes on
 * where it was. Docs: docs/lifecycle.md.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { OUTRIDER, until } from '../../integration/running-up.ts';
import { dialEcho, ECHO, echoOf, WEB } from './applications.ts';
import { Load, Mesh } from './mesh.ts';

const COMPOSE = `services:
  web: { command: node web.mjs, deploy: { replicas: 3 }, x-outrider: { protocol: http, health: { path: / } } }
  echo: { command: node echo.mjs, x-outrider: { protocol: tcp } }
  client: { command: node web.mjs, x-outrider: { protocol: http } }
`;
const REPLICAS = [
  ['web', 0],
  ['web', 1],
  ['web', 2],
  ['echo', 0],
  ['client', 0],
] as const;
/** Below it a second of load would be too little to find anything. */
const ANSWERED_MIN = 3_000;

/** Processes of every replica: application and sidecar. */
function pids(mesh: Mesh) {
  const of = (role: 'application' | 'sidecar') =>
    REPLICAS.map(([workload, index]) => mesh.record(workload, index).processes[role]?.pid);
  return { applications: of('application'), sidecars: of('sidecar') };
}

/** Sidecars of a replica that run, whoever knows of them. */
function sidecarsOf(mesh: Mesh, workload: string, index: number): number[] {
  const isOne = (pid: string) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return line.includes('proxy') && line.includes(join(mesh.folder(workload, index), 'bootstrap.json'));
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOne(name))
    .map(Number);
}

/** 500 requests a second, and connections that last as long as all of it. */
async function startLoad(t: Test, mesh: Mesh) {
  const { outbound: port } = mesh.record('client', 0).ports;
  const loads = [
    new Load({ port, host: 'web', perSecond: 400 }),
    new Load({ port, host: 'web', perSecond: 100, method: 'POST' }),
  ];
  t.teardown(() => Promise.all(loads.map((each) => each.stop())));
  const long: Socket[] = [];
  const lost: string[] = [];
  const dial = async () => {
    const socket = await dialEcho(port);
    socket.once('close', () => lost.push(`connection ${long.indexOf(socket)} ended`));
    long.push(socket);
  };
  await Promise.all(Array.from({ length: 8 }, dial));
  return { loads, long, lost, dial };
}

t.setTimeout(180_000);

t.test('sidecars are replaced in place under load', async (t) => {
  const mesh = await Mesh.start(t, { programs: { 'web.mjs': WEB, 'echo.mjs': ECHO }, compose: COMPOSE });
  const { loads, long, lost, dial } = await startLoad(t, mesh);
  t.teardown(() => {
    for (const socket of long) socket.removeAllListeners('close').destroy();
  });
  const before = pids(mesh);

  await t.test('all of them, and the next only when the one before is ready', async (t) => {
    const said = await mesh.outrider('upgrade');
    t.match(said, /^client: 1 of 1 ready/m);
    t.match(said, /^web: 3 of 3 ready, \d sidecars? to be replaced$/m);
    const after = pids(mesh);
    t.same(after.applications, before.applications);
    t.equal(new Set([...before.sidecars, ...after.sidecars]).size, 2 * REPLICAS.length, 'every sidecar is another one');
    for (const [workload, index] of REPLICAS) {
      const { processes, predecessors = [] } = mesh.record(workload, index);
      const known = [processes.sidecar!.pid, ...predecessors.map(({ pid }) => pid)].sort();
      t.same(sidecarsOf(mesh, workload, index).sort(), known, `${workload}-${index} has no process that nobody knows`);
    }
    await Promise.all([dial(), dial()]);
    const words = await Promise.all(long.map((socket, i) => echoOf(socket, `${i}`)));
    t.same(words, [...long.keys()].map(String), 'connections of before and new ones carry');
  });

  await t.test('one that cannot start leaves all as it was, and says why', async (t) => {
    const { sidecars } = pids(mesh);
    const broken = join(mesh.dir, 'broken.cjs');
    writeFileSync(broken, 'process.exit(7);');
    mesh.install(broken);
    const failure = await mesh.outrider('upgrade', 'web').then(
      () => 'done',
      (error: { stderr: string }) => error.stderr,
    );
    t.match(failure, /web-0: the sidecar of before goes on: the successor exited with 7; 3 of before go on, and 3 are/);
    t.same(pids(mesh).sidecars, sidecars);
    mesh.install(join(mesh.dir, 'gone'));
    t.match(
      await mesh.outrider('upgrade', 'web').then(
        () => 'done',
        (error: { stderr: string }) => error.stderr,
      ),
      /web-0: the sidecar of before goes on: the successor exited with 1/,
    );
    t.same(pids(mesh).sidecars, sidecars);
    mesh.install(OUTRIDER);
  });

  await t.test('a control plane that is killed meanwhile goes on where it was', async (t) => {
    const { sidecars } = pids(mesh);
    const tried = mesh.record('web', 0).sidecars!.next;
    await mesh.outrider('upgrade', 'web', '--no-wait');
    const begun = (index: number) => mesh.record('web', index).sidecars!.next > tried;
    await until(
      () => begun(0),
      20_000,
      () => 'the upgrade does not begin',
    );
    await sleep(150);
    await mesh.killControlPlane();
    await mesh.startControlPlane();
    await until(
      () => begun(1),
      30_000,
      () => 'the second one is not begun',
    );
    // About when the successor takes over.
    await sleep(1_000);
    await mesh.killControlPlane();
    await sleep(1_000);
    await mesh.startControlPlane();
    const done = async () => {
      const { roll } = JSON.parse(await mesh.outrider('get', 'service', 'web', '-o', 'json')) as {
        roll: { state: string; outdated: number };
      };
      return roll.state === 'steady' && roll.outdated === 0;
    };
    await until(done, 40_000, () => 'the upgrade does not end');
    const after = pids(mesh);
    t.same(after.applications, before.applications);
    for (const index of [0, 1, 2]) {
      const { processes, predecessors = [] } = mesh.record('web', index);
      t.not(processes.sidecar!.pid, sidecars[index], `web-${index} has another sidecar`);
      const running = sidecarsOf(mesh, 'web', index);
      const left = predecessors.map(({ pid }) => pid);
      t.same(
        running.filter((pid) => !left.includes(pid)),
        [processes.sidecar!.pid],
        'which is the only one',
      );
    }
  });

  const words = await Promise.all(long.map((socket, i) => echoOf(socket, `${i}`)));
  t.same(words, [...long.keys()].map(String));
  await Promise.all(loads.map((each) => each.stop()));
  t.same(lost, []);
  const [gets, posts] = loads as [Load, Load];
  t.same(gets.failures, [], `none of ${gets.answered} requests failed`);
  t.same(posts.failures, [], `none of ${posts.answered} POSTs failed`);
  t.ok(gets.answered + posts.answered > ANSWERED_MIN, `${gets.answered + posts.answered} requests were answered`);
  t.comment(`${gets.answered} GETs, ${posts.answered} POSTs, ${long.length} connections`);
});
