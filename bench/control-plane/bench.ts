/**
 * What the control plane costs with many sidecars that see everything: the first full set, one changed endpoint, everybody
 * coming back, memory, and the start with many services.
 *
 *   core 0   the control plane                core 1   this process: 1,000 sidecars and 1,000 agents
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Health } from '../../protos/gen/outrider/agent/v1/agent.ts';
import { OutriderBundle } from '../peers/outrider-bundle.ts';
import { cpuMs, residentMb } from '../proc.ts';
import { pinSelf } from '../processes.ts';
import { Agents, type Instance } from './agents.ts';
import { type Figures, renderFigures } from './figures.ts';
import type { ControlPlaneOptions } from './options.ts';
import { applyFile, meshFile, type RunningServer, startServer } from './server.ts';
import { type Held, type Protocol, SimulatedSidecar } from './sidecar.ts';

/** Longest wait for everybody to have something. */
const LIMIT_MS = 120_000;
/** A change of which somebody has not heard by then was disturbed, and does not count. */
const CHANGE_LIMIT_MS = 10_000;
/** Everybody comes back within this. */
const RECONNECT_MS = 1000;
/** What is still to be done after the last client has it, such as taking in answers. */
const SETTLE_MS = 400;
const IDLE_MS = 3000;

/** Runs it; the table of figures beside their targets. */
export async function benchControlPlane(options: ControlPlaneOptions): Promise<string> {
  const found = new OutriderBundle().find();
  if ('missing' in found) throw new Error(found.missing);
  pinSelf(options.loadCore);
  const measured = new Map<Protocol, Figures>();
  for (const protocol of options.protocols)
    measured.set(protocol, await inFolder((dir) => measure(found.path, dir, protocol, options)));
  const start =
    options.largeServices === 0 ? undefined : await inFolder((dir) => measureStart(found.path, dir, options));
  return renderFigures(options, measured, start);
}

async function inFolder<T>(run: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  try {
    return await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(
  bundle: string,
  dir: string,
  protocol: Protocol,
  options: ControlPlaneOptions,
): Promise<Figures> {
  const services = serviceNames(options.services);
  const server = await startServer(bundle, dir, options.serverCore);
  const agents = new Agents(server.grpc);
  try {
    await applyFile(server.http, meshFile(services));
    await agents.register(instancesOf(services, options.endpoints));
    await pause(1000);
    return await measureStreams(server, agents, services, protocol, options);
  } finally {
    await agents.close();
    await server.process.stop();
  }
}

async function measureStreams(
  server: RunningServer,
  agents: Agents,
  services: readonly string[],
  protocol: Protocol,
  options: ControlPlaneOptions,
): Promise<Figures> {
  const { pid } = server.process;
  const sidecarOf = (i: number, held?: Held) => {
    const workload = services[i % services.length]!;
    return new SimulatedSidecar(server.grpc, {
      id: `${workload}-x${i}`,
      workload,
      services,
      protocol,
      ...(held === undefined ? {} : { held }),
    });
  };

  const first = await window(pid, async () => {
    const sidecars = Array.from({ length: options.streams }, (_, i) => sidecarOf(i));
    return { sidecars, p99Ms: await p99Of(sidecars.map((each) => each.complete)) };
  });
  const { sidecars } = first.result;
  const firstBytes = mean(sidecars.map(({ connection }) => connection.receivedBytes));
  await pause(1000);
  const idle = await window(pid, () => pause(IDLE_MS), 0);
  const idleShare = idle.cpuMs / idle.ms;

  const changes: { p99Ms: number; cpuMs: number; bytes: number }[] = [];
  for (let round = 0; round < options.rounds * 2; round++) {
    const health = round % 2 === 0 ? Health.UNHEALTHY : Health.HEALTHY;
    const before = sidecars.map(({ connection }) => connection.receivedBytes);
    const change = await window(pid, () => {
      const told = sidecars.map((sidecar) => nextEndpoints(sidecar));
      agents.beat(`${services[(round >> 1) % services.length]!}-0`, health);
      return p99Of(told, CHANGE_LIMIT_MS).catch(() => null);
    });
    // Late heartbeats on a busy machine are changes, too, and one can undo another before anybody hears of it.
    if (change.result === null) continue;
    const bytes = mean(sidecars.map(({ connection }, i) => connection.receivedBytes - before[i]!));
    changes.push({ p99Ms: change.result, cpuMs: change.cpuMs - idleShare * change.ms, bytes });
  }
  if (changes.length === 0) throw new Error('every change was disturbed: the machine is too busy');
  const residentFullMb = residentMb(pid);

  const held = sidecars.map((each) => each.held);
  await Promise.all(sidecars.map(({ connection }) => connection.close()));
  await pause(1000);
  const startMs = performance.now();
  const back = await window(pid, async () => {
    const again = await Promise.all(
      held.map(async (each, i) => {
        await pause((i * RECONNECT_MS) / held.length);
        return sidecarOf(i, each);
      }),
    );
    await within(Promise.all(again.map((each) => each.complete)));
    return { again, completeMs: performance.now() - startMs };
  });
  const { again, completeMs } = back.result;
  const problem = [...sidecars, ...again].find(({ connection }) => connection.problem !== '')?.connection.problem;
  if (problem !== undefined) throw new Error(`a client was let down: ${problem}`);
  const figures = {
    firstMs: first.result.p99Ms,
    firstCpuMs: first.cpuMs,
    firstBytes,
    idleShare,
    changeMs: Math.max(...changes.map((each) => each.p99Ms)),
    changeCpuMs: mean(changes.map((each) => each.cpuMs)),
    changeBytes: mean(changes.map((each) => each.bytes)),
    backMs: completeMs,
    backCpuMs: back.cpuMs - idleShare * back.ms,
    backBytes: mean(again.map(({ connection }) => connection.receivedBytes)),
    residentMb: Math.max(residentFullMb, residentMb(pid)),
  };
  await Promise.all(again.map(({ connection }) => connection.close()));
  return figures;
}

/** The time from the start of the process on a state with many services until it serves, and a sidecar has them all. */
async function measureStart(
  bundle: string,
  dir: string,
  options: ControlPlaneOptions,
): Promise<{ readyMs: number; completeMs: number; applyMs: number }> {
  const services = serviceNames(options.largeServices);
  const before = await startServer(bundle, dir, options.serverCore);
  const applyMs = await applyFile(before.http, meshFile(services));
  await before.process.stop();
  const server = await startServer(bundle, dir, options.serverCore);
  const sidecar = new SimulatedSidecar(server.grpc, { id: 'a-0', workload: services[0]!, services, protocol: 'delta' });
  try {
    await within(sidecar.complete).catch((error: Error) => {
      throw new Error(sidecar.connection.problem || error.message);
    });
    const completeMs = performance.now() - server.process.spawnedAtMs;
    return { applyMs, readyMs: server.readyAfterMs, completeMs };
  } finally {
    await sidecar.connection.close();
    await server.process.stop();
  }
}

function nextEndpoints(sidecar: SimulatedSidecar): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  sidecar.onResponse = (kind) => {
    if (kind === 'EDS') resolve();
  };
  return promise;
}

function serviceNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `service-${String(i).padStart(3, '0')}`);
}

function instancesOf(services: readonly string[], endpoints: number): Instance[] {
  return services.flatMap((workload, s) =>
    Array.from({ length: endpoints }, (_, e) => ({
      id: `${workload}-${e}`,
      workload,
      port: 10_000 + s * endpoints + e,
    })),
  );
}

/** Wall and CPU time that the server took meanwhile. */
async function window<T>(
  pid: number,
  run: () => Promise<T>,
  settleMs = SETTLE_MS,
): Promise<{ result: T; ms: number; cpuMs: number }> {
  const startMs = performance.now();
  const cpuBefore = cpuMs(pid);
  const result = await run();
  await pause(settleMs);
  return { result, ms: performance.now() - startMs, cpuMs: cpuMs(pid) - cpuBefore };
}

/** Milliseconds from now until 99 of 100 have come to pass. */
async function p99Of(all: readonly Promise<void>[], limitMs = LIMIT_MS): Promise<number> {
  const startMs = performance.now();
  const times: number[] = [];
  await within(Promise.all(all.map((each) => each.then(() => times.push(performance.now() - startMs)))), limitMs);
  return times.sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1]!;
}

async function within<T>(promise: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not everybody was told within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
