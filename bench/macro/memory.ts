/** Resident memory of every peer: idle after the start, after load, and with thousands of idle connections open. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import { residentMb } from '../proc.ts';
import { buildResult, type Metric, type Result } from '../results.ts';
import { type Measurement, runRounds } from '../rounds.ts';
import { type RunningPeer, startPeer } from '../running-peers.ts';
import { numberOf } from '../tool.ts';
import { type Load, listedFeatures, measureLoad, startLoad } from './load-bench.ts';
import { versionsOf } from './versions.ts';

/** Connections that are held open, each after one answered request. */
const IDLE_CONNECTIONS = 4000;
/** A started process comes to rest before it is looked at. */
const SETTLE_MS = 1000;

/** Columns with the number of busy connections in their title. */
function metrics(connections: number): readonly Metric[] {
  return [
    { key: 'idleMb', title: 'idle MB', digits: 1, judged: true, spread: true },
    { key: 'afterMb', title: `after ${connections} busy MB`, digits: 1, judged: true, spread: true },
    { key: 'heldMb', title: `${IDLE_CONNECTIONS} idle connections MB`, digits: 1, judged: true, spread: true },
    { key: 'perConnectionKb', title: 'kB each', digits: 1, judged: false },
  ];
}

/** The bench. Each round starts every peer anew; foreign CPU does not change memory, so nothing is dropped. */
export async function benchMemory(options: BenchOptions): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  const load = await startLoad(options, folder);
  try {
    const { rounds } = options;
    const measured = await runRounds(options.peers, { rounds, foreignShareMax: 1, retries: 0 }, async (peer) => {
      const plan = { kind: 'http1' as const, features: options.features, backendPorts: load.backendPorts };
      const target = await startPeer(peer, plan, options.proxyCore);
      try {
        return await measureMemory(load, target, options);
      } finally {
        await target.stop();
      }
    });
    const { connections, request } = options;
    return buildResult(
      {
        key: `memory features=${options.features ? 'on' : 'off'} request=${request} connections=${connections}`,
        rounds,
        features: listedFeatures(options),
        metrics: metrics(connections),
        missing: {},
        versions: versionsOf(options.peers),
        measured: new Map([...measured].map(([peer, result]) => [peer.name, result])),
      },
      new Date().toISOString(),
    );
  } finally {
    await load.tool.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureMemory(load: Load, target: RunningPeer, options: BenchOptions): Promise<Measurement> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const { pid } = target.process;
  const idleMb = residentMb(pid);
  await measureLoad(load, target, options);
  const afterMb = residentMb(pid);
  const held = await load.tool.command('hold', { port: target.scenario.port, connections: IDLE_CONNECTIONS });
  const open = numberOf(held, 'open');
  if (open < IDLE_CONNECTIONS) throw new Error(`it kept only ${open} of ${IDLE_CONNECTIONS} connections open`);
  const heldMb = residentMb(pid);
  await load.tool.command('release');
  const perConnectionKb = ((heldMb - afterMb) * 1024) / IDLE_CONNECTIONS;
  return { figures: { idleMb, afterMb, heldMb, perConnectionKb }, foreignShare: 0 };
}
