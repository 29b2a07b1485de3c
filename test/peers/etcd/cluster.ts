/**
 * A real etcd cluster on loopback, whose members can be killed, stopped and cut off from each other.
 *
 *   member ──► gate of the other ──► the other        a gate knows who calls: etcd says so in `X-Server-From`
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../free-ports.ts';

/** Why the tests cannot run here; false when they can. */
export const NO_ETCD =
  spawnSync('etcd', ['--version']).error === undefined ? false : 'no etcd: .ci/run installs it (etcd-server)';

/** etcd's defaults, said aloud: shorter ones make elections of a machine that is busy. */
const TIMES = ['--heartbeat-interval', '100', '--election-timeout', '1000'];

interface Node {
  readonly name: string;
  readonly clientPort: number;
  readonly gate: Gate;
  readonly argv: readonly string[];
  process: ChildProcess | null;
  /** As etcd writes it in `X-Server-From`. */
  memberId: string;
}

/** See the head of this file. */
export class EtcdCluster {
  readonly #nodes: readonly Node[];
  readonly #cut = new Set<string>();

  private constructor(nodes: readonly Node[]) {
    this.#nodes = nodes;
    for (const node of nodes) node.gate.admits = (from) => !this.#cut.has(from) && !this.#cut.has(node.memberId);
  }

  /** Starts `count` members below `directory`; resolves when all are well. `flags` go to each. */
  static async start(directory: string, count: number, flags: readonly string[] = []): Promise<EtcdCluster> {
    const gates = await Promise.all(Array.from({ length: count }, () => Gate.open()));
    const names = gates.map((_, i) => `n${i}`);
    const initial = names.map((name, i) => `${name}=http://127.0.0.1:${gates[i]!.port}`).join(',');
    const nodes: Node[] = [];
    for (const [i, name] of names.entries()) {
      const [clientPort, peerPort] = [await freePort(), await freePort()];
      const gate = gates[i]!;
      gate.target = peerPort;
      const client = `${flags.includes('--client-cert-auth') ? 'https' : 'http'}://127.0.0.1:${clientPort}`;
      const argv = [
        ...['--name', name, '--data-dir', path.join(directory, name), '--logger', 'zap', '--log-level', 'error'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`],
        ...['--initial-advertise-peer-urls', `http://127.0.0.1:${gate.port}`, '--initial-cluster', initial],
        ...TIMES,
        ...flags,
      ];
      nodes.push({ name, clientPort, gate, argv, process: null, memberId: name });
    }
    const cluster = new EtcdCluster(nodes);
    for (const node of nodes) cluster.#spawn(node);
    if (!flags.includes('--client-cert-auth')) for (const node of nodes) node.memberId = await memberId(node);
    return cluster;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** `host:port` of every member. */
  get endpoints(): readonly string[] {
    return this.#nodes.map(({ clientPort }) => `127.0.0.1:${clientPort}`);
  }

  /** Which member leads, as far as one of the others knows; undefined: nobody knows. */
  async leader(): Promise<number | undefined> {
    for (const node of this.#nodes) {
      const status = await statusOf(node).catch(() => undefined);
      const index = this.#nodes.findIndex(({ memberId }) => memberId === hex(status?.leader ?? ''));
      if (index >= 0) return index;
    }
    return undefined;
  }

  /** Resolves when every member follows the same leader. */
  async healthy(): Promise<void> {
    for (let i = 0; i < 600; i++) {
      const all = await Promise.all(this.#nodes.map((node) => statusOf(node).catch(() => undefined)));
      const leaders = new Set(all.map((status) => status?.leader ?? '0'));
      if (leaders.size === 1 && !leaders.has('0')) return;
      await sleep(100);
    }
    throw new Error('etcd is not well within 60 s');
  }

  /** Ends a member as a power cut does. */
  async kill(index: number): Promise<void> {
    const { process: child } = this.#nodes[index]!;
    child?.kill('SIGKILL');
    await ended(child);
  }

  /** Starts it again on its data. */
  restart(index: number): void {
    this.#spawn(this.#nodes[index]!);
  }

  /** It neither answers nor hangs up. */
  pause(index: number): void {
    this.#nodes[index]!.process?.kill('SIGSTOP');
  }

  resume(index: number): void {
    this.#nodes[index]!.process?.kill('SIGCONT');
  }

  /** No member reaches it, and it reaches none; clients do. */
  cut(index: number): void {
    this.#cut.add(this.#nodes[index]!.memberId);
    for (const { gate } of this.#nodes) gate.check();
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Forgets all versions before an etcd revision. */
  async compact(through: number, revision: number): Promise<void> {
    await this.#post(through, 'kv/compaction', { revision: String(revision), physical: true });
  }

  /** From now on etcd asks for a name and a password; this one may do everything. */
  async enableUsers(name: string, password: string): Promise<void> {
    await this.#post(0, 'auth/user/add', { name, password });
    await this.#post(0, 'auth/role/add', { name: 'root' });
    await this.#post(0, 'auth/user/grant', { user: name, role: 'root' });
    await this.#post(0, 'auth/enable', {});
  }

  async #post(index: number, what: string, body: object): Promise<void> {
    const url = `http://127.0.0.1:${this.#nodes[index]!.clientPort}/v3/${what}`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${what}: ${await response.text()}`);
  }

  async stop(): Promise<void> {
    for (const { process: child } of this.#nodes) {
      child?.kill('SIGCONT');
      child?.kill('SIGKILL');
    }
    await Promise.all(this.#nodes.map(({ process: child }) => ended(child)));
    await Promise.all(this.#nodes.map(({ gate }) => gate.close()));
  }

  #spawn(node: Node): void {
    node.process = spawn('etcd', node.argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

/** In front of a member's peer port. */
class Gate {
  target = 0;
  admits: (from: string) => boolean = () => true;
  readonly #server: Server;
  readonly #open = new Map<Socket, string>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async open(): Promise<Gate> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Gate(server);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Ends the connections of those who are not admitted any more. */
  check(): void {
    for (const [socket, from] of this.#open) if (!this.admits(from)) socket.destroy();
  }

  close(): Promise<void> {
    for (const socket of this.#open.keys()) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#open.set(socket, '');
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
    socket.once('data', (first: Buffer) => {
      const from = /x-server-from: *([0-9a-f]+)/i.exec(first.toString('latin1'))?.[1] ?? '';
      this.#open.set(socket, from);
      if (!this.admits(from)) {
        socket.destroy();
        return;
      }
      const upstream = connect(this.target, '127.0.0.1');
      upstream.on('error', () => socket.destroy());
      upstream.once('close', () => socket.destroy());
      socket.once('close', () => upstream.destroy());
      upstream.write(first);
      socket.pipe(upstream).pipe(socket);
    });
  }
}

interface Status {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
}

async function statusOf({ clientPort }: Node): Promise<Status> {
  const url = `http://127.0.0.1:${clientPort}/v3/maintenance/status`;
  const response = await fetch(url, { method: 'POST', body: '{}', signal: AbortSignal.timeout(1000) });
  return (await response.json()) as Status;
}

async function memberId(node: Node): Promise<string> {
  for (let i = 0; i < 300; i++) {
    const status = await statusOf(node).catch(() => undefined);
    if (status?.leader !== undefined && status.leader !== '0') return hex(status.header.member_id);
    await sleep(50);
  }
  throw new Error(`etcd ${node.name} is not well within 15 s`);
}

function hex(decimal: string): string {
  return BigInt(decimal).toString(16);
}

/** Resolves when the process has ended. */
export function ended(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => void child.once('exit', () => resolve()));
}
