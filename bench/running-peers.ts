/** Starts peers for a scenario and waits until a request gets through; a peer that cannot is told in one line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../test/free-ports.ts';
import type { Peer } from './peers/peers.ts';
import type { Scenario } from './peers/scenario.ts';
import { type Probe, pathProbe, trafficProbe } from './probes.ts';
import { PinnedProcess } from './processes.ts';

/** How long a peer may take until it answers. */
const START_LIMIT_MS = 10_000;
/** Pause between two looks at a starting peer: the resolution of start-up times. */
const POLL_MS = 2;

/** A peer that runs and answers. */
export interface RunningPeer {
  readonly peer: Peer;
  readonly process: PinnedProcess;
  readonly scenario: Scenario;
  /** Milliseconds from the start of its process to the first answered request or accepted connection. */
  readonly answeredAfterMs: number;
  /** The same to the first 200 of its own readiness path; undefined when it has none. */
  readonly readyAfterMs: number | undefined;
  /** Ends the process and removes its folder. */
  stop(): Promise<void>;
}

/** A scenario without what startPeer fills in. */
export type ScenarioPlan = Omit<Scenario, 'port' | 'adminPort' | 'folder'>;

/** Starts a peer on a core. Throws when it is missing, ends early or does not answer within ten seconds. */
export async function startPeer(peer: Peer, plan: ScenarioPlan, core: number): Promise<RunningPeer> {
  const found = peer.find();
  if ('missing' in found) throw new Error(found.missing);
  if (!peer.kinds.includes(plan.kind)) throw new Error(`it is not set up for ${plan.kind}`);
  const folder = mkdtempSync(join(tmpdir(), `outrider-bench-${peer.name}-`));
  const [port, adminPort] = await freePorts(2);
  const scenario: Scenario = { ...plan, folder, port: port!, adminPort: adminPort! };
  const launch = peer.launch(found.path, scenario);
  for (const file of launch.files) writeFileSync(file.path, file.text);
  const process = new PinnedProcess(core, launch.command, launch.args);
  const stop = async (): Promise<void> => {
    await process.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ready = peer.readyPath === undefined ? undefined : pathProbe(adminPort!, peer.readyPath);
    const [answeredAtMs, readyAtMs] = await Promise.all([
      pollUntil(process, trafficProbe(scenario)),
      // Not being ready in its own words is no reason to leave a peer out that serves; its column stays empty.
      ready === undefined ? undefined : pollUntil(process, ready).catch(() => undefined),
    ]);
    return {
      peer,
      process,
      scenario,
      answeredAfterMs: answeredAtMs - process.spawnedAtMs,
      readyAfterMs: readyAtMs === undefined ? undefined : readyAtMs - process.spawnedAtMs,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts those that can be started; the others are returned by name with the reason. */
export async function startPeers(
  peers: readonly Peer[],
  plan: ScenarioPlan,
  core: number,
): Promise<{ running: RunningPeer[]; missing: Record<string, string> }> {
  const running: RunningPeer[] = [];
  const missing: Record<string, string> = {};
  for (const peer of peers) {
    try {
      running.push(await startPeer(peer, plan, core));
    } catch (error) {
      missing[peer.name] = (error as Error).message;
    }
  }
  return { running, missing };
}

/** Resolves with the time at which the probe succeeded. */
async function pollUntil(process: PinnedProcess, probe: Probe): Promise<number> {
  let seen = '';
  while (performance.now() - process.spawnedAtMs < START_LIMIT_MS) {
    seen = await probe();
    if (seen === '') return performance.now();
    if (!process.running) {
      await process.exited();
      throw new Error(`it ended while starting: ${process.lastWords || 'without a word'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`it did not answer within ${START_LIMIT_MS} ms (${seen}): ${process.lastWords || 'without a word'}`);
}
