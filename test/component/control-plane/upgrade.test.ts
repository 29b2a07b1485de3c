/**
 * Sidecars that are replaced in place, by fake ones: the driver follows to the successor whoever asked for it.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { ControlPlane } from '../../../control-plane/app.ts';
import type { ReplicaRecord } from '../../../control-plane/orchestrator/driver/process/record.ts';
import { NO_SECURITY } from '../../../control-plane/security/security.ts';
import { isRunning } from '../../is-running.ts';
import { until } from '../../until.ts';
import { apply, call, FAKE_SIDECAR, startTestControlPlane } from './fixtures/start.ts';

t.setTimeout(120_000);

const APP = fileURLToPath(new URL('./fixtures/app.ts', import.meta.url));
const ECHO = {
  echo: { command: ['node', APP], deploy: { replicas: 2 }, 'x-outrider': { health: { path: '/healthz' } } },
};

interface Echo {
  readonly replicas: { readonly running: number; readonly ready: number };
  readonly roll: { readonly state: string; readonly outdated: number; readonly why: string };
}

/** A control plane that starts sidecars with this command. */
async function start(t: Test, dir: string, sidecarCommand: readonly string[]): Promise<ControlPlane> {
  const restartAtMs = (runs: readonly { readonly endedAtMs: number }[]) => runs.at(-1)!.endedAtMs + 100;
  const own = { sidecarCommand: [process.execPath, ...sidecarCommand] };
  const controlPlane = await startTestControlPlane(dir, { restartAtMs }, NO_SECURITY, null, own);
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  return controlPlane;
}

async function echo(controlPlane: ControlPlane): Promise<Echo> {
  return (await call(controlPlane, 'GET', '/v1/services/echo')).body as unknown as Echo;
}

function recordsOf(dir: string): ReplicaRecord[] {
  return [0, 1].map((i) => JSON.parse(readFileSync(join(dir, `run/echo/${i}/record.json`), 'utf8')) as ReplicaRecord);
}

function pidsOf(dir: string, role: 'application' | 'sidecar'): number[] {
  return recordsOf(dir).map(({ processes }) => processes[role]!.pid);
}

const untilReady = (controlPlane: ControlPlane) =>
  until('two are ready', async () => (await echo(controlPlane)).replicas.ready === 2);

t.test('sidecars are replaced by those of the control plane that is there', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'outrider-test-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const old = await start(t, dir, [FAKE_SIDECAR, '--says', '0.0.0-old']);
  await apply(old, JSON.stringify({ services: ECHO }));
  await untilReady(old);
  const nodes = async (controlPlane: ControlPlane) => (await call(controlPlane, 'GET', '/v1/status')).body.nodes;
  t.match(await nodes(old), [{ id: 'echo-0', version: '0.0.0-old', behind: true }]);
  const [applications, first] = [pidsOf(dir, 'application'), pidsOf(dir, 'sidecar')];
  await old.stop({ workloads: 'keep' });

  const next = await start(t, dir, [FAKE_SIDECAR]);
  await untilReady(next);
  t.same(pidsOf(dir, 'sidecar'), first, 'nothing is replaced unasked');
  t.equal((await call(next, 'POST', '/v1/services/echo/upgrade', {})).status, 200);
  const done = async (controlPlane: ControlPlane) => {
    const { roll } = await echo(controlPlane);
    return roll.state === 'steady' && roll.outdated === 0;
  };
  await until('all are replaced', () => done(next));
  const second = pidsOf(dir, 'sidecar');
  t.equal(new Set([...first, ...second]).size, 4);
  t.same(pidsOf(dir, 'application'), applications);
  t.match(await nodes(next), [{ version: '0.0.0-test', behind: undefined }, { version: '0.0.0-test' }]);
  const metrics = await (await fetch(`${next.httpAddress}/metrics`)).text();
  t.match(metrics, /sidecar_upgrades_total\{outcome="replaced"\} 2\n/);
  await until('those of before have ended', () => !first.some(isRunning));

  await t.test('also those that somebody else has replaced, who is there or not', async (t) => {
    const { ports } = recordsOf(dir)[0]!;
    const ask = (how = '') => fetch(`http://127.0.0.1:${ports.admin}/hot_restart${how}`, { method: 'POST' });
    t.equal((await ask('?linger')).status, 200);
    await until('it is followed', () => pidsOf(dir, 'sidecar')[0] !== second[0]);
    t.match(recordsOf(dir)[0]!.predecessors, [{ pid: second[0] }]);
    t.ok(isRunning(second[0]!), 'what it still has it takes to its end');
    process.kill(second[0]!, 'SIGKILL');
    await until('it is forgotten', () => recordsOf(dir)[0]!.predecessors!.length === 0);
    await untilReady(next);
    const third = pidsOf(dir, 'sidecar');
    await next.stop({ workloads: 'keep' });
    t.equal((await ask()).status, 200);
    await until('it has ended', () => !isRunning(third[0]!));
    t.same(pidsOf(dir, 'sidecar'), third, 'nobody was there to see it');
  });

  // One that was about to take over when the control plane died, and one whose replica is gone.
  const idle = (replica: string) => {
    const env = { OUTRIDER_INHERITANCE: '{}', OUTRIDER_RUN: `${dir}/run/echo/${replica}` };
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      detached: true,
      stdio: 'ignore',
      env,
    });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  const [successor, orphan] = [idle('1'), idle('9')];
  const broken = join(dir, 'broken.js');
  writeFileSync(broken, 'process.exit(7)');
  const last = await start(t, dir, [broken]);
  await untilReady(last);
  const fourth = pidsOf(dir, 'sidecar');
  t.ok(fourth.every(isRunning), 'the process that serves is the sidecar');
  await until('what belongs to no replica is ended', () => orphan.signalCode === 'SIGKILL');
  t.equal(successor.signalCode, null, 'a successor ends with its predecessor, or takes over');
  successor.kill('SIGKILL');
  t.same(pidsOf(dir, 'application'), applications);

  await t.test('one that cannot be replaced stops the roll, until it is asked for again', async (t) => {
    await call(last, 'POST', '/v1/services/echo/upgrade', {});
    await until('it fails', async () => (await echo(last)).roll.state === 'failed');
    const { replicas, roll } = await echo(last);
    t.match(replicas, { running: 2, ready: 2 });
    t.match(roll, { outdated: 2, why: 'echo-0: the sidecar of before goes on: the successor exited with 7' });
    t.same(pidsOf(dir, 'sidecar'), fourth);
  });

  await t.test('a sidecar that dies while it is asked is started as it was to be, and the others follow', async (t) => {
    writeFileSync(broken, `import(${JSON.stringify(FAKE_SIDECAR)})`);
    // It neither answers nor runs.
    process.kill(fourth[0]!, 'SIGSTOP');
    await call(last, 'POST', '/v1/services/echo/upgrade', {});
    const asked = () => recordsOf(dir)[0]!.sidecars!.next === 3;
    await until('it is asked', asked);
    process.kill(fourth[0]!, 'SIGKILL');
    await until('all are replaced', () => done(last));
    t.equal(new Set([...fourth, ...pidsOf(dir, 'sidecar')]).size, 4);
    t.same(pidsOf(dir, 'application'), applications);
    await untilReady(last);
  });

  t.match(await call(last, 'POST', '/v1/services/eco/upgrade', {}), { status: 404 });
  await call(last, 'POST', '/v1/services/echo/stop', {});
  await until('nobody is there', async () => (await echo(last)).replicas.running === 0);
  t.match(await call(last, 'POST', '/v1/services/echo/upgrade', {}), {
    status: 422,
    body: { error: { message: '"echo" is stopped: there is nothing to upgrade; start it' } },
  });
  const all = [...first, ...second, ...fourth, ...applications];
  await until('nothing is left', () => !all.some(isRunning));
});
