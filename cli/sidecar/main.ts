/**
 * `outrider sidecar`: the sidecar of a container or pod, joined to a control plane. Finds out what only the place itself can
 * tell (its address, its id), writes the bootstrap, and becomes the proxy.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootstrapJson } from '../../control-plane/orchestrator/driver/process/bootstrap.ts';
import { trustIn } from '../../control-plane/orchestrator/driver/process/sidecar-access.ts';
import type { ServerAddress } from '../../control-plane/translate/control-plane-cluster.ts';
import { type Random, SeededRandom, systemSeed } from '../../kernel/random.ts';
import { NO_APPLICATION_PORT, SIDECAR_PORTS } from '../../protos/contract/sidecar-place.ts';
import { CliError, EXIT, messageOf } from '../errors.ts';
import { freshNodeId } from './node-id.ts';
import { parseSidecarOptions, SIDECAR_USAGE, type SidecarOptions } from './options.ts';
import { ownAddress } from './own-address.ts';

/** A control plane that starts at the same time has so long to be found, and to write the token. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 200;
const LOOKUP_MS = 2_000;
const ID_FILE = 'node-id';
const ADDRESS_FILE = 'address';

/** Runs `outrider sidecar`: resolves with an exit code only when it cannot; otherwise this process is the proxy from then on. */
export async function runSidecar(argv: readonly string[]): Promise<number> {
  const parsed = parseSidecarOptions(argv);
  if (!parsed.ok) {
    process.stderr.write(`outrider sidecar: ${parsed.error}\n(--help for what there is)\n`);
    return EXIT.usage;
  }
  if (parsed.value === 'help') {
    process.stdout.write(SIDECAR_USAGE);
    return EXIT.ok;
  }
  // As process 1 it would not end by itself.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(EXIT.failed));
  try {
    const config = await writeBootstrap(parsed.value, new SeededRandom(systemSeed()));
    become(['proxy', '-c', config, ...proxyOptions(parsed.value)]);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    process.stderr.write(`outrider sidecar: ${error.message}\n`);
    return error.exitCode;
  }
  return EXIT.failed;
}

/** What this process was for is done, and its memory is the proxy's. In a container it stays process 1. */
function become(words: readonly string[]): void {
  process.execve!(process.execPath, [process.execPath, process.argv[1]!, ...words]);
}

/** A successor would not be process 1, with which a container ends. */
function proxyOptions({ drainTimeoutS, logLevel }: SidecarOptions): string[] {
  return ['--disable-hot-restart', '--drain-time-s', String(drainTimeoutS), '-l', logLevel];
}

/** Its path. Throws CliError with one sentence. */
async function writeBootstrap(options: SidecarOptions, random: Random): Promise<string> {
  const { workload, services, version, protocol, health, egress, ipv6, controlPlanes, ca } = options;
  const stateDir = resolve(options.stateDir);
  const tokenFile = options.tokenFile && resolve(options.tokenFile);
  if (tokenFile !== null)
    await patiently(`no token in ${tokenFile}: the control plane is to write it`, async () => existsSync(tokenFile));
  const first = controlPlanes[0]!;
  const address = options.address ?? (await findAddress(first, stateDir));
  const json = bootstrapJson({
    workload: { name: workload, services, version, protocol, health, workingDir: '/' },
    index: 0,
    id: nodeId(stateDir, workload, random),
    address,
    ports: { ...SIDECAR_PORTS, app: options.port ?? NO_APPLICATION_PORT },
    node: { interception: { kind: 'redirect', egress, ipv6 }, dns: { port: SIDECAR_PORTS.dns, ipv6 } },
    controlPlanes,
    trust: ca === null ? null : trustIn(controlPlanes, resolve(ca)),
    tokenFile,
    directory: stateDir,
    settingsFile: join(stateDir, 'settings.json'),
    environment: {},
  });
  return write(join(stateDir, 'bootstrap.json'), `${JSON.stringify(json, null, 2)}\n`);
}

/**
 * While the control plane is away its name may not be known, and an earlier start has found the address. Written down for the
 * next one.
 */
async function findAddress(controlPlane: ServerAddress, stateDir: string): Promise<string> {
  const file = join(stateDir, ADDRESS_FILE);
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  const address = await patiently(`no way to the control plane ${controlPlane.host}`, async () => {
    const found = ownAddress(controlPlane);
    if (!isOwn(known)) return found;
    // Nor may anybody answer who is asked for it.
    return Promise.race([found.catch(() => known), sleep(LOOKUP_MS, known)]);
  });
  write(file, `${address}\n`);
  return address;
}

function isOwn(address: string): boolean {
  return Object.values(networkInterfaces()).some((each) => each?.some((own) => own.address === address));
}

/** The same at every start, so that what was kept is found again; another one beside every other application of the name. */
function nodeId(stateDir: string, workload: string, random: Random): string {
  const file = join(stateDir, ID_FILE);
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (known.startsWith(`${workload}-`)) return known;
  const id = freshNodeId(workload, random);
  write(file, `${id}\n`);
  return id;
}

function write(file: string, text: string): string {
  try {
    mkdirSync(resolve(file, '..'), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  } catch (error) {
    throw new CliError(
      `--state: ${messageOf(error)}; it must be a folder that user ${process.getuid?.()} may write to`,
    );
  }
}

/** Looks until there is something; `problem` is what there is to say when there is not in the end. */
async function patiently<T>(problem: string, look: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    let why = '';
    try {
      const found = await look();
      if (found !== false) return found;
    } catch (error) {
      why = `: ${messageOf(error)}`;
    }
    if (performance.now() > endMs) throw new CliError(`${problem}${why}; waited for ${PATIENCE_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}
