/**
 * A real Kubernetes for one test file: etcd, API server, controllers, scheduler, and kwok in place of kubelets, all on
 * 127.0.0.1, as child processes that end with the test. About ten seconds and 600 MB.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomInt } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { untilWorks } from '../../until.ts';
import { ApiClient } from './api-client.ts';
import { type Authority, issue, newAuthority } from './certificates.ts';

/** What it runs as. */
export interface Cluster {
  readonly api: ApiClient;
  readonly port: number;
  readonly authority: Authority;
  /** Logs of its processes, and what a test puts there. */
  readonly directory: string;
}

const BUILD = path.join(import.meta.dirname, 'go', 'build.sh');
const TOKEN = 'the-token-of-the-tests';
const READY_MS = 90_000;

/** Where the binaries are; null: they were not built. */
function binaries(): string | null {
  const { status, stdout } = spawnSync('bash', [BUILD, '--cached'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** Why there is no cluster, or false. */
export function clusterMissing(): string | false {
  if (spawnSync('openssl', ['version']).status !== 0) return 'no openssl: .ci/run installs it';
  return binaries() === null ? 'no Kubernetes: test/peers/kubernetes/go/build.sh builds it' : false;
}

/** Starts one. `controllers: false` leaves it at etcd and the API server: nothing happens to what is created. */
export async function startCluster(t: Test, { controllers = true } = {}): Promise<Cluster> {
  const bin = binaries()!;
  const directory = mkdtempSync(path.join(tmpdir(), 'outrider-kubernetes-'));
  const children: ChildProcess[] = [];
  t.teardown(async () => {
    // The API server waits for its watchers when it is asked to end.
    for (const child of children.reverse()) await killed(child);
    rmSync(directory, { recursive: true, force: true });
  });
  const start = (name: string, program: string, args: readonly string[]) => {
    const log = createWriteStream(path.join(directory, `${name}.log`));
    const child = spawn(path.join(bin, program), args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children.push(child);
  };
  const [etcd, peer, port, controllerPort, schedulerPort, kwokPort] = await listenPorts(6);
  const authority = newAuthority('kubernetes');
  writeFiles(directory, authority, port!);
  const url = (each: number | undefined) => `http://127.0.0.1:${each}`;
  start('etcd', 'etcd', [
    ...['--data-dir', 'etcd', '--unsafe-no-fsync'],
    ...['--listen-client-urls', url(etcd), '--advertise-client-urls', url(etcd)],
    ...['--listen-peer-urls', url(peer), '--initial-advertise-peer-urls', url(peer)],
    ...['--initial-cluster', `default=${url(peer)}`],
  ]);
  start('apiserver', 'kube-apiserver', [
    ...[`--etcd-servers=${url(etcd)}`, '--bind-address=127.0.0.1', '--advertise-address=127.0.0.1'],
    ...[`--secure-port=${port}`, '--tls-cert-file=srv.crt', '--tls-private-key-file=srv.key'],
    ...['--client-ca-file=ca.crt', '--token-auth-file=tokens.csv', '--authorization-mode=Node,RBAC'],
    ...['--service-account-issuer=https://kubernetes.default.svc', '--service-account-key-file=sa.key'],
    ...['--service-account-signing-key-file=sa.key', '--service-cluster-ip-range=10.96.0.0/16'],
    ...['--endpoint-reconciler-type=none', '--allow-privileged=true', '--enable-priority-and-fairness=false'],
    ...['--max-requests-inflight=0', '--max-mutating-requests-inflight=0'],
  ]);
  const api = new ApiClient(port!, authority.pem, TOKEN);
  t.teardown(() => api.close());
  await untilWorks('the API server', async () => (await api.raw('GET', '/readyz')).status === 200, READY_MS);
  if (controllers) {
    const common = ['--kubeconfig=kubeconfig', '--bind-address=127.0.0.1', '--leader-elect=false'];
    start('controllers', 'kube-controller-manager', [
      ...[...common, `--secure-port=${controllerPort}`, '--cert-dir=controllers'],
      ...['--service-account-private-key-file=sa.key', '--root-ca-file=ca.crt'],
    ]);
    start('scheduler', 'kube-scheduler', [...common, `--secure-port=${schedulerPort}`, '--cert-dir=scheduler']);
    start('kwok', 'kwok', [
      ...['--kubeconfig=kubeconfig', `--config=${path.join(bin, 'stages.yaml')}`, '--manage-all-nodes=true'],
      ...['--node-lease-duration-seconds=40', '--cidr=10.244.0.1/16', '--node-ip=127.0.0.1'],
      `--server-address=127.0.0.1:${kwokPort}`,
    ]);
    await untilWorks('the default service account', () => api.get('ServiceAccount', 'default', 'default'), READY_MS);
  }
  return { api, port: port!, authority, directory };
}

function writeFiles(directory: string, authority: Authority, port: number): void {
  const write = (name: string, text: string) => writeFileSync(path.join(directory, name), text);
  mkdirSync(directory, { recursive: true });
  const { cert, key } = issue(authority, ['IP:127.0.0.1', 'IP:10.96.0.1', 'DNS:kubernetes.default.svc']);
  write('ca.crt', authority.pem);
  write('srv.crt', cert);
  write('srv.key', key);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  write('sa.key', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  write('tokens.csv', `${TOKEN},admin,admin,system:masters\n`);
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority': path.join(directory, 'ca.crt') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { token: TOKEN } }],
  };
  write('kubeconfig', JSON.stringify(config));
}

/** Below those that the kernel gives to whoever dials: etcd and the API server dial much while they start. */
async function listenPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(20_000, 32_000);
    if (!(await isTaken(port))) ports.add(port);
  }
  return [...ports];
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const tell = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => tell(true));
    socket.once('error', () => tell(false));
  });
}

function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  child.kill('SIGKILL');
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** The end of a process's log, for a test that does not understand what happened. */
export function logTail({ directory }: Cluster, name: string): string {
  return readFileSync(path.join(directory, `${name}.log`), 'utf8').slice(-4_000);
}
