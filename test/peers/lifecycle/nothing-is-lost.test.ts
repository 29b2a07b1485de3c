/**
 * Under load with everything real: a control plane that is dead for a minute, every instance of two services replaced,
 * and processes that are killed. Docs: docs/lifecycle.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ENV, OUTRIDER, until } from '../../integration/running-up.ts';
import { dialEcho, ECHO, echoOf, WEB } from './applications.ts';
import { Load, Mesh } from './mesh.ts';

const OUTAGE_MS = Number(process.env.OUTRIDER_OUTAGE_S ?? 60) * 1_000;
/** DRAIN_TIMES.inFlightMs: what has not ended of its own then is cut. */
const DRAIN_DEADLINE_MS = 30_000;

const COMPOSE = `services:
  web: { command: node web.mjs, deploy: { replicas: 3 }, x-outrider: { protocol: http, health: { path: / } } }
  echo: { command: node echo.mjs, deploy: { replicas: 2 }, x-outrider: { protocol: tcp } }
  client: { command: node web.mjs, x-outrider: { protocol: http } }
  bystander: { command: node web.mjs, x-outrider: { protocol: http } }
`;
const FILES = { programs: { 'web.mjs': WEB, 'echo.mjs': ECHO }, compose: COMPOSE };

/** So many connections that all lead to the first instance: the others need not be waited for when they go. */
async function dialOneInstance(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const socket = await dialEcho(port);
    if ((await echoOf(socket, 'who')) === '0') sockets.push(socket);
    else socket.destroy();
  }
  return sockets;
}

/** Ten new connections a second, each of which says something and hangs up. */
function dialOften(port: number) {
  const failures: string[] = [];
  const pending = new Set<Promise<void>>();
  let made = 0;
  const one = async () => {
    try {
      const socket = await dialEcho(port);
      if ((await echoOf(socket, 'hello')) !== 'hello') failures.push('another answer');
      socket.destroy();
      made++;
    } catch (error) {
      failures.push(String(error));
    }
  };
  const timer = setInterval(() => {
    const each = one().finally(() => pending.delete(each));
    pending.add(each);
  }, 100);
  const stop = async () => {
    clearInterval(timer);
    await Promise.all(pending);
  };
  return { failures, made: () => made, stop };
}

t.setTimeout(500_000);

t.test('a mesh under load, whatever is done to it', async (t) => {
  const mesh = await Mesh.start(t, FILES);
  const { outbound } = mesh.record('client', 0).ports;

  await t.test('the control plane is dead for a minute, and a sidecar starts meanwhile', async (t) => {
    const load = new Load({ port: outbound, host: 'web', perSecond: 500 });
    t.teardown(() => load.stop());
    await sleep(2_000);
    await mesh.killControlPlane();
    await sleep(OUTAGE_MS / 2);
    const { processes, ports } = mesh.record('bystander', 0);
    process.kill(processes.sidecar!.pid, 'SIGKILL');
    // A machine that has no time for a process at all is not what is judged.
    const idleMs = performance.now();
    await mesh.outrider('--version');
    const versionMs = performance.now() - idleMs;
    const startedMs = performance.now();
    const args = [OUTRIDER, 'proxy', '-c', join(mesh.folder('bystander', 0), 'bootstrap.json')];
    const sidecar = spawn(process.execPath, args, { env: ENV, stdio: 'ignore' });
    const asks = new Load({ port: ports.outbound, host: 'web', perSecond: 50 });
    await until(
      () => asks.answered > 0,
      20_000,
      () => 'the sidecar does not serve',
    );
    const tookMs = performance.now() - startedMs;
    await asks.stop();
    sidecar.kill('SIGTERM');
    await once(sidecar, 'exit');
    const times = `${Math.round(tookMs)} ms, while "outrider --version" takes ${Math.round(versionMs)} ms`;
    t.ok(tookMs < 2_000 + 2 * versionMs, `a sidecar that starts without a control plane serves after ${times}`);
    t.comment(times);
    await sleep(OUTAGE_MS / 2);
    await mesh.startControlPlane();
    await mesh.untilReady();
    await mesh.outrider('scale', 'web=4');
    await mesh.untilReady();
    await sleep(1_000);
    await load.stop();
    t.same(load.failures, [], `none of ${load.answered} requests failed`);
    t.ok(load.answered > 300 * (OUTAGE_MS / 1_000), `${load.answered} requests were answered`);
  });

  await t.test('every instance is replaced, over HTTP and TCP', async (t) => {
    const load = new Load({ port: outbound, host: 'web', perSecond: 300 });
    const posts = new Load({ port: outbound, host: 'web', perSecond: 20, method: 'POST' });
    const dials = dialOften(outbound);
    const long = await dialOneInstance(outbound, 4);
    const startedMs = performance.now();
    const ends: number[] = [];
    for (const socket of long) socket.once('close', () => ends.push(performance.now() - startedMs));
    const talk = setInterval(() => {
      for (const socket of long) if (socket.writable) socket.write('.');
    }, 100);
    const before = [...Array(4).keys()].map((i) => mesh.record('web', i).processes.application!.pid);
    const [said] = await Promise.all([mesh.outrider('restart', 'web'), mesh.outrider('restart', 'echo')]);
    t.match(said, /web: 4 of 4 ready\n$/);
    clearInterval(talk);
    await Promise.all([load.stop(), posts.stop(), dials.stop()]);
    t.same(load.failures, [], `none of ${load.answered} requests failed`);
    t.same(posts.failures, [], `none of ${posts.answered} requests that may not be repeated failed`);
    t.same(dials.failures, [], `none of ${dials.made()} connections failed`);
    t.equal(ends.length, 4, 'connections end with their instance');
    t.ok(Math.min(...ends) > DRAIN_DEADLINE_MS - 1_000, `and not before it has to: ${ends.map(Math.round)} ms`);
    for (const pid of before) t.throws(() => process.kill(pid, 0), 'the old ones have gone');
  });

  await t.test('processes are killed', async (t) => {
    await mesh.untilReady();
    const indexes = [...Array(9).keys()].filter((i) => {
      try {
        return mesh.record('web', i).phase === 'running';
      } catch {
        return false;
      }
    });
    for (const [role, index] of [
      ['sidecar', indexes[0]!],
      ['application', indexes[1]!],
    ] as const) {
      const gets = new Load({ port: outbound, host: 'web', perSecond: 300 });
      const posts = new Load({ port: outbound, host: 'web', perSecond: 100, method: 'POST' });
      await sleep(2_000);
      const { pid } = mesh.record('web', index).processes[role]!;
      process.kill(pid, 'SIGKILL');
      const back = () => {
        const now = mesh.record('web', index).processes[role]!;
        return now.pid !== pid;
      };
      await until(back, 60_000, () => `the ${role} is not started again`);
      await mesh.untilReady();
      await sleep(1_000);
      await Promise.all([gets.stop(), posts.stop()]);
      t.same(gets.failures, [], `${role}: none of ${gets.answered} requests that may be repeated failed`);
      // What was being worked on at that moment, at 100 a second and 5 ms each, and cannot be repeated.
      t.ok(
        posts.failures.length <= 5,
        `${role}: ${posts.failures.length} of ${posts.answered} POSTs failed: ${posts.failures}`,
      );
    }
  });
});
