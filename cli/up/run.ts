/**
 * The life of `outrider up`, from the first process to the last:
 *
 *   claim the state directory ─► control plane ─► apply the files ─► wait until ready ─► show traffic ─► Ctrl-C
 *        gives it back ◄── control plane ends ◄── workloads and sidecars stopped ◄── load script ends ◄──┘
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../api-client.ts';
import { applyFile, changesText } from '../commands/apply.ts';
import type { CliContext } from '../context.ts';
import { DEFAULT_SERVER } from '../server-address.ts';
import { DEFAULT_STATE_DIR, readControlPlaneRecord } from '../state-dir.ts';
import { Scraper } from '../traffic/scraper.ts';
import { TrafficMeter } from '../traffic/traffic-meter.ts';
import { trafficLine, trafficTable } from '../traffic/view.ts';
import { ControlPlaneProcess } from './control-plane-process.ts';
import { demoCommands, type RunningLoad, startLoad } from './demo.ts';
import { type Entry, entriesOf } from './entries.ts';
import { lockStateDir } from './lock.ts';
import { retirePredecessor } from './predecessor.ts';
import { Screen } from './screen.ts';
import { onStopSignals } from './stop-signal.ts';
import { waitUntilReady } from './wait-ready.ts';

/** The flags of the command. */
export interface UpOptions {
  /** Applied in this order. */
  readonly files: readonly string[];
  /** May be relative to the working directory. */
  readonly state: string;
  readonly demo?: boolean;
  /** Host and port; undefined: as before on this state directory, or the default. */
  readonly http?: string;
  readonly grpc?: string;
  /** In seconds. */
  readonly waitTimeout: number;
}

const DEFAULT_GRPC = '127.0.0.1:15010';
const LOOK_INTERVAL_MS = 2000;
/** From the signal to the end of everything; the control plane gives workloads 10 s of it. */
const STOP_DEADLINE_MS = 14_000;

/** Runs until a signal comes; throws a CliError when the mesh does not start, after stopping what did. */
export async function runUp(options: UpOptions, context: CliContext): Promise<void> {
  const stateDir = path.resolve(context.cwd, options.state);
  const screen = new Screen({ write: context.out, isTTY: context.isTerminal });
  const say = (text: string) => screen.say(text);
  const unlock = lockStateDir(stateDir);
  const stop = onStopSignals();
  const controlPlane = new ControlPlaneProcess({
    script: context.script,
    stateDir,
    ...addresses(options, stateDir),
    say,
  });
  let load: RunningLoad | undefined;
  try {
    await retirePredecessor(stateDir, say);
    const { http } = await controlPlane.start();
    say(`control plane at ${http}, log in ${path.join(stateDir, 'log', 'control-plane.log')}`);
    const client = new Client(http);
    try {
      const entries = await startWorkloads(client, options, context, stop.signal, say);
      if (options.demo && !stop.signal.aborted) load = startDemo(entries, options, context, stateDir, say);
      await showTraffic(client, entries, screen, stop.signal);
    } finally {
      await client.close();
    }
  } finally {
    screen.release();
    say('stopping');
    await load?.stop();
    await controlPlane.stop(STOP_DEADLINE_MS);
    stop.forget();
    unlock();
  }
  say('stopped');
}

async function startWorkloads(
  client: Client,
  options: UpOptions,
  context: CliContext,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<readonly Entry[]> {
  const services: string[] = [];
  for (const file of options.files) {
    const result = await applyFile(client, file, {}, context);
    say(`${file}: ${changesText(result, false).trimEnd().replaceAll('\n', ', ')}`);
    for (const { kind, name, action } of result.changes) {
      if (kind.toLowerCase() === 'workload' && action !== 'deleted') services.push(name);
    }
  }
  await waitUntilReady(client, { services, timeoutMs: options.waitTimeout * 1000, say, signal });
  const entries = await entriesOf(client);
  if (!signal.aborted) say(['ready', ...entries.map(({ workload, url }) => `  ${workload}: ${url}`)].join('\n'));
  return entries;
}

function startDemo(
  entries: readonly Entry[],
  options: UpOptions,
  context: CliContext,
  stateDir: string,
  say: (text: string) => void,
): RunningLoad | undefined {
  const dir = path.dirname(path.resolve(context.cwd, options.files[0]!));
  const entry = entries[0];
  if (entry === undefined) {
    say('no workload publishes a port, so there is nothing to send load to');
    return undefined;
  }
  const load = startLoad(dir, entry.url, stateDir);
  const outrider = path.relative(context.cwd, context.script);
  const here = options.state === DEFAULT_STATE_DIR ? '' : ` --state ${options.state}`;
  const commands = demoCommands(dir, `node ${outrider}`, context.cwd).map((command) => `  ${command}${here}`);
  say(
    [`load runs, its counts are in ${load.logFile}`, 'from another terminal, in this folder, try:', ...commands].join(
      '\n',
    ),
  );
  return load;
}

/** Looks every two seconds until stopped: a table on a terminal, else a line. */
async function showTraffic(
  client: Client,
  entries: readonly Entry[],
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const scraper = new Scraper(client);
  const meter = new TrafficMeter(new Set(entries.map((entry) => entry.workload)));
  while (!signal.aborted) {
    const edges = meter.observe(await scraper.scrape(), performance.now());
    if (screen.live) screen.draw(`\n${trafficTable(edges)}`);
    else screen.say(trafficLine(edges).trimEnd());
    await sleep(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

/**
 * Where the control plane is to listen. A state directory keeps its addresses unless others are named: sidecars that
 * still run look for the control plane where they knew it.
 */
function addresses(options: UpOptions, stateDir: string): { http: string; grpc: string } {
  const before = readControlPlaneRecord(stateDir);
  return {
    http: options.http ?? new URL(before?.http ?? DEFAULT_SERVER).host,
    grpc: options.grpc ?? before?.grpc ?? DEFAULT_GRPC,
  };
}
