/**
 * The life of `outrider up`, from the first process to the last:
 *
 *   claim the state directory ─► control plane ─► apply the files ─► wait until ready ─► show traffic ─► Ctrl-C
 *        gives it back ◄── control plane ends ◄── workloads and sidecars stopped ◄── load script ends ◄──┘
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { localAccess } from '../access.ts';
import { Client } from '../api-client.ts';
import { applyFile, changesText } from '../commands/apply.ts';
import type { CliContext } from '../context.ts';
import { CliError } from '../errors.ts';
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
import { RefusalWatch } from './refusal-watch.ts';
import { Screen } from './screen.ts';
import { onStopSignals } from './stop-signal.ts';
import { waitUntilReady } from './wait-ready.ts';

/** The flags of the command. */
export interface UpOptions {
  /** Also if more than half of a kind goes. */
  readonly force?: boolean;
  /** Applied in this order. */
  readonly files: readonly string[];
  /** May be relative to the working directory. */
  readonly state: string;
  readonly demo?: boolean;
  /** Host and port; undefined: as before on this state directory, or the default. */
  readonly http?: string;
  readonly grpc?: string;
  /** For the control plane's command line. */
  readonly securityArguments: readonly string[];
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
  const unlock = lockStateDir(stateDir);
  const stop = onStopSignals();
  try {
    await new Session(options, context, stateDir, stop.signal).run();
  } finally {
    stop.forget();
    unlock();
  }
}

/** One run, on a state directory that is ours. */
class Session {
  readonly #options: UpOptions;
  readonly #context: CliContext;
  readonly #stateDir: string;
  readonly #logDir: string;
  readonly #signal: AbortSignal;
  readonly #screen: Screen;
  #load: RunningLoad | undefined;

  /** `signal` is the wish to stop. */
  constructor(options: UpOptions, context: CliContext, stateDir: string, signal: AbortSignal) {
    this.#options = options;
    this.#context = context;
    this.#stateDir = stateDir;
    this.#logDir = path.join(stateDir, 'log');
    this.#signal = signal;
    this.#screen = new Screen({ write: context.out, isTTY: context.isTerminal });
  }

  async run(): Promise<void> {
    const say = (text: string) => this.#say(text);
    const { script } = this.#context;
    const stateDir = this.#stateDir;
    await retirePredecessor(stateDir, say);
    const where = addresses(this.#options, stateDir);
    const controlPlane = new ControlPlaneProcess({
      script,
      stateDir,
      logDir: this.#logDir,
      ...where,
      securityArguments: this.#options.securityArguments,
      say,
    });
    const { http } = await controlPlane.start();
    say(`control plane at ${http}, logs in ${this.#logDir}`);
    const { dispatcher, token } = localAccess(stateDir);
    const client = new Client(http, dispatcher, token);
    try {
      await this.#serve(client);
    } finally {
      this.#screen.release();
      say('stopping');
      await client.close();
      await this.#load?.stop();
      await controlPlane.stop(STOP_DEADLINE_MS);
    }
    say('stopped');
  }

  /** From the files to the end of the show. */
  async #serve(client: Client): Promise<void> {
    const services: string[] = [];
    for (const file of this.#options.files) {
      const result = await applyFile(client, file, { force: this.#options.force === true }, this.#context);
      this.#say(`${file}: ${changesText(result, false).trimEnd().replaceAll('\n', ', ')}`);
      for (const { kind, name, action } of result.changes) {
        if (kind === 'workload' && action !== 'deleted') services.push(name);
      }
    }
    await this.#untilReady(client, services);
    if (this.#signal.aborted) return;
    const entries = await entriesOf(client);
    this.#say(['ready', ...entries.map(({ workload, url }) => `  ${workload}: ${url}`)].join('\n'));
    if (this.#options.demo) this.#startDemo(entries);
    await this.#showTraffic(client, entries);
  }

  async #untilReady(client: Client, services: readonly string[]): Promise<void> {
    const timeoutMs = this.#options.waitTimeout * 1000;
    const say = (text: string) => this.#say(text);
    await waitUntilReady(client, { services, timeoutMs, logDir: this.#logDir, say, signal: this.#signal });
  }

  #startDemo(entries: readonly Entry[]): void {
    const { files, state } = this.#options;
    const { cwd, script } = this.#context;
    const dir = path.dirname(path.resolve(cwd, files[0]!));
    const entry = entries[0];
    if (entry === undefined) throw new CliError('--demo sends load to a published port, and no workload has any');
    this.#load = startLoad(dir, entry.url, this.#logDir);
    const where = state === DEFAULT_STATE_DIR ? '' : ` --state ${state}`;
    const commands = demoCommands(dir, `node ${path.relative(cwd, script)}`, cwd).map((each) => `  ${each}${where}`);
    this.#say(
      [
        `load runs, its counts are in ${this.#load.logFile}`,
        'from another terminal, in this folder, try:',
        ...commands,
      ].join('\n'),
    );
  }

  /** Looks every two seconds until stopped: a table on a terminal, else a line. */
  async #showTraffic(client: Client, entries: readonly Entry[]): Promise<void> {
    const scraper = new Scraper(client);
    const meter = new TrafficMeter(new Set(entries.map((entry) => entry.workload)));
    const refusals = new RefusalWatch(client);
    while (!this.#signal.aborted) {
      for (const refusal of await refusals.look()) this.#say(refusal);
      const edges = meter.observe(await scraper.scrape(), performance.now());
      if (this.#screen.live) this.#screen.draw(`\n${trafficTable(edges)}`);
      else this.#say(trafficLine(edges).trimEnd());
      await sleep(LOOK_INTERVAL_MS, undefined, { signal: this.#signal }).catch(() => {});
    }
  }

  #say(text: string): void {
    this.#screen.say(text);
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
