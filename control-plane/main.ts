/**
 * The control plane as a process: command line, environment, signals. The only user of `process` here.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../kernel/clock.ts';
import { type Logger, openLogger } from '../kernel/log.ts';
import { SeededRandom, systemSeed } from '../kernel/random.ts';
import { SystemTimers } from '../kernel/timers.ts';
import { type ControlPlane, startControlPlane } from './app.ts';
import { SecurityError } from './security/security.ts';
import { type ControlPlaneSettings, parseSettings, USAGE, UsageError } from './settings.ts';
import { StoreError } from './store/store.ts';

/** The script that this process was started with is the `outrider` command, in the repository as in the image. */
function outriderScript(): string {
  const script = process.argv[1];
  if (script === undefined) throw new Error('the control plane is started by the outrider command');
  return script;
}

/**
 * What connections of other protocols may take that a sidecar still has when another takes its place, in seconds: they cannot
 * be asked to come back, and until they end two processes are there. DEFAULT: Envoy's 15 minutes.
 */
const LEFT_S = 900;

/** Runs a control plane to its end; `argv` without node and script. The exit code: 0, 1 failed, 2 wrong usage. */
export async function runControlPlane(argv: readonly string[]): Promise<number> {
  try {
    const settings = parseSettings(argv, {
      cwd: process.cwd(),
      environment: process.env,
      readFile: readBytes,
      sidecarCommand: [process.execPath, outriderScript(), 'proxy', '--parent-shutdown-time-s', `${LEFT_S}`],
    });
    if (settings === 'help') {
      process.stdout.write(USAGE);
      return 0;
    }
    const logger = await openLogger({ level: settings.logLevel, fields: { component: 'control-plane' } });
    return await run(settings, logger);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof StoreError || error instanceof SecurityError) && !isListenError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** Resolves when a signal, or a request over the API, has ended it. */
async function run(settings: ControlPlaneSettings, logger: Logger): Promise<number> {
  const ended = Promise.withResolvers<'stop' | 'keep'>();
  const onSignal = () => ended.resolve(settings.stopWorkloadsOnExit ? 'stop' : 'keep');
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  const controlPlane: ControlPlane = await startControlPlane(settings, {
    clock: new SystemClock(),
    timers: new SystemTimers(),
    random: new SeededRandom(systemSeed()),
    logger,
    version: ownVersion(),
    pid: process.pid,
    cwd: process.cwd(),
    environment: process.env,
    nodePath: process.execPath,
    readFile,
    onShutdown: (workloads) => ended.resolve(workloads),
  });
  await controlPlane.stop({ workloads: await ended.promise });
  process.off('SIGTERM', onSignal);
  process.off('SIGINT', onSignal);
  return 0;
}

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function ownVersion(): string {
  const manifest = fileURLToPath(new URL('../package.json', import.meta.url));
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** An address that is taken or not ours: the person at the terminal can help, a stack cannot. */
function isListenError(error: unknown): error is Error {
  return error instanceof Error && /EADDRINUSE|EADDRNOTAVAIL|EACCES|cannot listen/.test(error.message);
}

if (import.meta.main) process.exitCode = await runControlPlane(process.argv.slice(2));
