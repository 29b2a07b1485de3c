/**
 * A Docker Engine of a test's own, in a network namespace of its own: nothing of it is seen by the machine, and all of it goes
 * with the test. Images are made of this machine's files, since no registry is asked. Linux, as root.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { until } from '../../until.ts';
import { namespacesMissing, run } from '../namespaces.ts';

/** What a program has said, and how it ended. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const START_LIMIT_MS = 20_000;
const COMMAND_LIMIT_MS = 120_000;

/** Why there is no Docker here, or false. */
function dockerMissing(): string | false {
  const programs = ['dockerd', 'docker', 'docker-compose', 'busybox'];
  const missing = programs.find((each) => run(each, each === 'busybox' ? '--help' : '--version').status !== 0);
  if (missing !== undefined) return `no ${missing}: .ci/run installs it`;
  return namespacesMissing();
}

/** See the head of this file. */
export class DockerEngine {
  readonly namespace = `or-docker-${process.pid}`;
  /** Of everything; images may be laid out in it. */
  readonly dir = mkdtempSync('/tmp/outrider-docker-');
  #daemon: ChildProcess | null = null;
  #output = '';

  /** A started one, or why there is none: a machine may have Docker and not let it run. */
  static async start(): Promise<DockerEngine | string> {
    const missing = dockerMissing();
    if (missing !== false) return missing;
    const engine = new DockerEngine();
    try {
      await engine.#start();
      return engine;
    } catch (error) {
      await engine.stop();
      return `dockerd does not run here: ${(error as Error).message.split('\n')[0]}`;
    }
  }

  /** Ends it, with all of its containers. */
  async stop(): Promise<void> {
    if (this.#daemon !== null && this.#daemon.exitCode === null) {
      const ids = this.docker('ps', '--quiet').stdout.split('\n').filter(Boolean);
      if (ids.length > 0) this.docker('kill', ...ids);
      this.#daemon.kill('SIGTERM');
      if (this.#daemon.exitCode === null) await once(this.#daemon, 'exit');
    }
    run('ip', 'netns', 'del', this.namespace);
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Runs `docker`, to its end. */
  docker(...args: readonly string[]): Ran {
    return this.#run('docker', args);
  }

  /** What `docker` prints; throws when it fails. */
  ask(...args: readonly string[]): string {
    const { status, stdout, stderr } = this.docker(...args);
    if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Runs `docker-compose` on a file. Throws, with all that it has said, when it fails. */
  compose(file: string, ...args: readonly string[]): Promise<void> {
    return this.#composed(['-f', file, ...args]);
  }

  /** Runs a program next to the engine, where published ports are. */
  spawnBeside(program: string, ...args: readonly string[]): ChildProcess {
    const command = [`--net=/run/netns/${this.namespace}`, program, ...args];
    return spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** The same to its end. */
  runBeside(program: string, ...args: readonly string[]): Ran {
    return run('nsenter', `--net=/run/netns/${this.namespace}`, program, ...args);
  }

  /** Makes an image of a folder. `changes` are lines of a Dockerfile. */
  importImage(name: string, folder: string, changes: readonly string[]): void {
    const options = changes.map((each) => `--change '${each}'`).join(' ');
    const { status, stderr } = this.#run('sh', ['-c', `tar -C ${folder} -c . | docker import ${options} - ${name}`]);
    if (status !== 0) throw new Error(`${name} cannot be imported: ${stderr}`);
  }

  async #start(): Promise<void> {
    run('ip', 'netns', 'add', this.namespace);
    run('ip', '-n', this.namespace, 'link', 'set', 'lo', 'up');
    const { dir } = this;
    const places = ['data', 'exec'].flatMap((each) => [`--${each}-root`, path.join(dir, each)]);
    // Not by ip netns exec, which hides the control groups.
    const args = [`--net=/run/netns/${this.namespace}`, 'dockerd', ...places];
    const more = ['--pidfile', path.join(dir, 'pid'), '-H', `unix://${this.#socket}`, '--log-level', 'warn'];
    const daemon = spawn('nsenter', [...args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#daemon = daemon;
    for (const stream of [daemon.stdout!, daemon.stderr!])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output += chunk;
      });
    const up = () => {
      if (daemon.exitCode !== null) throw new Error(this.#output.trim().split('\n').at(-1));
      return existsSync(this.#socket) && this.docker('version').status === 0;
    };
    await until('dockerd serves', up, START_LIMIT_MS);
  }

  get #socket(): string {
    return path.join(this.dir, 'docker.sock');
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DOCKER_HOST: `unix://${this.#socket}`,
      COMPOSE_PROJECT_NAME: 'mesh',
      DOCKER_BUILDKIT: '0',
    };
  }

  #run(program: string, args: readonly string[]): Ran {
    const options = { encoding: 'utf8', timeout: COMMAND_LIMIT_MS, env: this.#env } as const;
    const { status, stdout, stderr } = spawnSync(program, args, options);
    return { status, stdout, stderr };
  }

  async #composed(args: readonly string[]): Promise<void> {
    const child = spawn('docker-compose', args, { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
      });
    const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_LIMIT_MS);
    const [status] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    if (status !== 0) throw new Error(`docker-compose ${args.join(' ')} ended with ${status}: ${said}`);
  }
}

/** The process id of a container's first process, as the machine knows it. */
export function pidOf(engine: DockerEngine, container: string): number {
  return Number(engine.ask('inspect', '--format', '{{.State.Pid}}', container));
}

/** A line of /proc/PID/status, such as `CapEff`. */
export function statusLine(pid: number, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}
