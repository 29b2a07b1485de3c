/** Network namespaces of one test, with programs that run in them; all of it goes with the test. Linux, as root. */
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';

/** In front of a command that is to run as a sidecar does: what this user sends passes `outrider intercept`. */
export const AS_PROXY: readonly string[] = ['setpriv', '--reuid', String(SIDECAR_UID), '--clear-groups'];

/** The same for a sidecar that keeps the addresses of clients: with the one privilege that takes. */
export const AS_TRANSPARENT_PROXY: readonly string[] = [
  ...AS_PROXY,
  '--inh-caps=+net_admin',
  '--ambient-caps=+net_admin',
];

/** Runs a program to its end, within a minute. */
export function run(command: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
}

/** What a program prints; throws, with all that it said, when it fails. */
export function ok(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = run(command, ...args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Why namespaces cannot be had here, or false. */
export function namespacesMissing(): string | false {
  if (process.platform !== 'linux') return 'interception is for Linux';
  if (process.getuid?.() !== 0) return 'interception in network namespaces needs root';
  if (run('ip', '-V').status !== 0 || run('nsenter', '--version').status !== 0) return 'no ip and nsenter (iproute2)';
  if (run('ip', 'netns', 'add', `or-try-${process.pid}`).status !== 0) return 'network namespaces cannot be made here';
  run('ip', 'netns', 'del', `or-try-${process.pid}`);
  return false;
}

/** Builds the bundle, which every user may read; its path. */
export function builtBundle(): string {
  const root = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
  ok(process.execPath, root('deploy/build.ts'));
  return root('dist/outrider.cjs');
}

/** A namespace with its address. */
export interface Place {
  readonly namespace: string;
  readonly host: string;
}

/** Some namespaces and a folder that all users may read. */
export class Namespaces {
  readonly dir = mkdtempSync('/tmp/outrider-namespaces-');
  readonly #names: readonly string[];
  readonly #children: ChildProcess[] = [];
  #output = '';

  /** Makes them, with their loopback up. Whatever a test leaves behind in them ends with it. */
  constructor(t: { teardown(end: () => unknown): unknown }, names: readonly string[]) {
    this.#names = names;
    chmodSync(this.dir, 0o755);
    t.teardown(() => this.#end());
    for (const name of names) {
      ok('ip', 'netns', 'add', name);
      ok('ip', '-n', name, 'link', 'set', 'lo', 'up');
    }
  }

  /** Joins namespaces by a bridge in the one of `hub`, which has an address as well. Addresses are of IPv4, in one /24. */
  bridge(hub: Place, places: readonly Place[]): void {
    ok('ip', '-n', hub.namespace, 'link', 'add', 'or-br', 'type', 'bridge');
    ok('ip', '-n', hub.namespace, 'addr', 'add', `${hub.host}/24`, 'dev', 'or-br');
    ok('ip', '-n', hub.namespace, 'link', 'set', 'or-br', 'up');
    for (const [i, { namespace, host }] of places.entries()) {
      const [near, far] = ['or-e', `or-p${i}`];
      ok('ip', 'link', 'add', near, 'netns', namespace, 'type', 'veth', 'peer', 'name', far, 'netns', hub.namespace);
      ok('ip', '-n', hub.namespace, 'link', 'set', far, 'master', 'or-br', 'up');
      ok('ip', '-n', namespace, 'addr', 'add', `${host}/24`, 'dev', near);
      ok('ip', '-n', namespace, 'link', 'set', near, 'up');
    }
  }

  /** All that the programs started here have said. */
  get output(): string {
    return this.#output;
  }

  /** Writes a file into the folder; its path. */
  file(name: string, text: string): string {
    const file = path.join(this.dir, name);
    writeFileSync(file, text);
    return file;
  }

  /** Starts a program in a namespace. Resolves when what it has said matches; rejects when it ends before. */
  start(namespace: string, until: RegExp, ...command: readonly string[]): Promise<void> {
    return this.startProgram(until, 'nsenter', `--net=/run/netns/${namespace}`, ...command);
  }

  /** The same of a program that finds its way by itself. */
  startProgram(until: RegExp, ...command: readonly string[]): Promise<void> {
    const [program, ...args] = command;
    const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    let own = '';
    return new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          own += chunk;
          this.#output += chunk;
          if (until.test(own)) resolve();
        });
      child.once('exit', (code) => reject(new Error(`${command.join(' ')} ended with ${code}: ${own}`)));
    });
  }

  /** Ends the programs whose command matches; resolves when they have ended. */
  async stop(command: RegExp, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const matching = this.#children.filter((child) => command.test(child.spawnargs.join(' ')));
    const running = matching.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of running) child.kill(signal);
    await Promise.all(ended);
  }

  #end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of this.#names) run('ip', 'netns', 'del', name);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A counter of a proxy by its pattern, as its admin port on 15000 shows it to programs that `inside` runs. */
export function proxyCounter(
  inside: (...command: readonly string[]) => SpawnSyncReturns<string>,
  name: string,
): number {
  const script = `fetch('http://127.0.0.1:15000/stats').then(async (r) => console.log(await r.text()))`;
  const { stdout } = inside(process.execPath, '-e', script);
  return Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(stdout)?.[1]);
}
