/** Bytes through every peer: bulk in one direction, and small messages back and forth. */
import type { BenchOptions } from '../options.ts';
import { waitUntilQuiet } from '../proc.ts';
import { buildResult, type Metric, type Result } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { startPeers } from '../running-peers.ts';
import { type Answer, numberOf, Tool } from '../tool.ts';
import { versionsOf } from './versions.ts';

const MODES = { bulk: 0, echo: 1 } as const;
const BULK_CONNECTIONS = 8;
const MESSAGE_BYTES = 64;
const QUIET_LIMIT_MS = 5000;
const RETRIES = 3;

const METRICS: readonly Metric[] = [
  { key: 'echoCpuUs', title: 'CPU us/echo', digits: 1, judged: true, spread: true },
  { key: 'echoes', title: 'echoes/s', digits: 0, judged: false },
  { key: 'bulkCpuMs', title: 'CPU ms/GB', digits: 0, judged: true, spread: true },
  { key: 'gigabytes', title: 'GB/s', digits: 2, judged: false },
];

/** The bench: one route, one endpoint; the echo uses --connections, the bulk eight. */
export async function benchTcp(options: BenchOptions): Promise<Result> {
  const { rounds, foreignShareMax, connections, seconds, proxyCore, loadCore } = options;
  const { tool, ready } = await Tool.start('bulk', loadCore, ['--cores', `${proxyCore},${loadCore}`]);
  const plan = { kind: 'tcp' as const, features: false, backendPorts: [numberOf(ready, 'port')] };
  const { running, missing } = await startPeers(options.peers, plan, proxyCore);
  try {
    const measured = await runRounds(running, { rounds, foreignShareMax, retries: RETRIES }, async (target) => {
      await waitUntilQuiet([proxyCore, loadCore], QUIET_LIMIT_MS);
      const common = { port: target.scenario.port, pid: target.process.pid, seconds };
      const bulk = await tool.command('run', { ...common, mode: MODES.bulk, connections: BULK_CONNECTIONS });
      const echo = await tool.command('run', { ...common, mode: MODES.echo, connections, message: MESSAGE_BYTES });
      const foreignShare = Math.max(numberOf(bulk, 'foreignShare'), numberOf(echo, 'foreignShare'));
      return { figures: tcpFigures(bulk, echo), foreignShare };
    });
    return buildResult(
      {
        key: `tcp echo=${MESSAGE_BYTES} connections=${connections}`,
        rounds,
        features: [],
        metrics: METRICS,
        missing,
        versions: versionsOf(running.map((each) => each.peer)),
        measured: new Map([...measured].map(([target, result]) => [target.peer.name, result])),
      },
      new Date().toISOString(),
    );
  } finally {
    await Promise.all([tool.stop(), ...running.map((each) => each.stop())]);
  }
}

/** Figures of both answers. Throws when nothing came through. */
function tcpFigures(bulk: Answer, echo: Answer): Record<string, number> {
  const gigabytes = numberOf(bulk, 'bytes') / 1e9;
  const messages = numberOf(echo, 'messages');
  if (gigabytes === 0 || messages === 0) throw new Error('no bytes came through');
  return {
    echoCpuUs: numberOf(echo, 'cpuUs') / messages,
    echoes: messages / numberOf(echo, 'seconds'),
    bulkCpuMs: numberOf(bulk, 'cpuUs') / 1000 / gigabytes,
    gigabytes: gigabytes / numberOf(bulk, 'seconds'),
  };
}
