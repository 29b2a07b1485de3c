/** How long every peer takes from the start of its process to the first answered request, and what that costs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import { cpuMs, waitUntilQuiet } from '../proc.ts';
import { buildResult, type Metric, type Result } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { startPeer } from '../running-peers.ts';
import { listedFeatures, startLoad } from './load-bench.ts';
import { versionsOf } from './versions.ts';

const QUIET_LIMIT_MS = 5000;

const METRICS: readonly Metric[] = [
  { key: 'answeredMs', title: 'first answer ms', digits: 0, judged: true, spread: true },
  { key: 'readyMs', title: '/ready ms', digits: 0, judged: false, spread: true },
  { key: 'cpuMs', title: 'CPU ms', digits: 0, judged: true },
];

/** The bench. The start of a process is too short to judge foreign CPU in it; the cores are quiet before each. */
export async function benchStart(options: BenchOptions): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  const load = await startLoad(options, folder);
  const { rounds, features } = options;
  try {
    const measured = await runRounds(options.peers, { rounds, foreignShareMax: 1, retries: 0 }, async (peer) => {
      await waitUntilQuiet([options.proxyCore, options.loadCore], QUIET_LIMIT_MS);
      const plan = { kind: 'http1' as const, features, backendPorts: load.backendPorts };
      const target = await startPeer(peer, plan, options.proxyCore);
      const figures = {
        answeredMs: target.answeredAfterMs,
        readyMs: target.readyAfterMs ?? Number.NaN,
        cpuMs: cpuMs(target.process.pid),
      };
      await target.stop();
      return { figures, foreignShare: 0 };
    });
    return buildResult(
      {
        key: `start features=${features ? 'on' : 'off'}`,
        rounds,
        features: listedFeatures(options),
        metrics: METRICS,
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
