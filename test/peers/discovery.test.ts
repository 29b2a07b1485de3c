/**
 * Programs without a sidecar in a real mesh: one is called through a real sidecar while it comes and goes, beside replicas
 * that have one; and the resolvers of other languages find both.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { testFolder } from '../folder.ts';
import { freePort } from '../free-ports.ts';
import { ENV, OUTRIDER } from '../integration/running-up.ts';
import { untilWorks } from '../until.ts';

const PATIENCE_MS = 60_000;

const WEB = `import { createServer } from 'node:http';
createServer(async (request, response) => {
  try {
    const answer = await fetch('http://billing/', { signal: AbortSignal.timeout(10000) });
    response.writeHead(answer.status).end(await answer.text());
  } catch (error) {
    response.writeHead(599).end(String(error.cause ?? error));
  }
}).listen(Number(process.env.PORT), process.env.HOST);
`;
const REPLICA = `import { createServer } from 'node:http';
createServer((request, response) => response.end('replica')).listen(Number(process.env.PORT), process.env.HOST);
`;
const COMPOSE = (port: number) => `services:
  web: {command: node web.mjs, ports: ['${port}:80'], x-outrider: {port: 80, protocol: http}}
  billing: {command: node replica.mjs, deploy: {replicas: 0}, x-outrider: {port: 80, protocol: http}}
`;

/** A control plane with DNS in a process of its own, and the outrider command against it. */
async function start(t: Test) {
  const dir = testFolder(t);
  writeFileSync(path.join(dir, 'web.mjs'), WEB);
  writeFileSync(path.join(dir, 'replica.mjs'), REPLICA);
  const [http, grpc, dns, published] = [await freePort(), await freePort(), await freePort(), await freePort()];
  writeFileSync(path.join(dir, 'compose.yaml'), COMPOSE(published));
  const address = (port: number) => `127.0.0.1:${port}`;
  const ports = ['--http', address(http), '--grpc', address(grpc), '--dns', address(dns)];
  const args = [OUTRIDER, 'control-plane', '--state', path.join(dir, 'state'), ...ports, '--stop-workloads-on-exit'];
  const child = spawn(process.execPath, args, { cwd: dir, env: ENV, stdio: 'ignore' });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const outrider = (...argv: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [OUTRIDER, ...argv, '--state', path.join(dir, 'state')],
      {
        cwd: dir,
        env: ENV,
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
    return stdout;
  };
  await untilWorks('a control plane', async () => (await fetch(`http://${address(http)}/readyz`)).ok, PATIENCE_MS);
  outrider('apply', '-f', 'compose.yaml');
  return { outrider, dns, url: `http://${address(published)}/` };
}

/** A program without a sidecar that drops idle connections after half a second. */
async function legacy(t: Test, name: string): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((_request, response) => response.end(name));
  server.keepAliveTimeout = 500;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

t.test(
  'a program without a sidecar is called as others are, and nothing is lost while it comes and goes',
  async (t) => {
    const { outrider, url, dns } = await start(t);
    const [first, second] = [await legacy(t, 'vm-1'), await legacy(t, 'vm-2')];
    const register = (id: string, port: number, ...more: string[]) =>
      outrider(
        'instance',
        'register',
        id,
        '--service',
        'billing',
        '--address',
        '127.0.0.1',
        '--port',
        `${port}`,
        ...more,
      );
    t.match(register('vm-1', first.port, '--ttl', '10m', '--check-path', '/'), /vm-1 is registered as healthy: lease /);
    await untilWorks(
      'an answer through the sidecar',
      async () => (await (await fetch(url)).text()) === 'vm-1',
      PATIENCE_MS,
    );

    const seen = new Map<string, number>();
    let running = true;
    const load = async () => {
      while (running) {
        const answer = await fetch(url).then((response) => response.text(), String);
        seen.set(answer, (seen.get(answer) ?? 0) + 1);
        await sleep(2);
      }
    };
    const clients = [load(), load(), load(), load()];
    const count = (name: string) => seen.get(name) ?? 0;
    register('vm-2', second.port, '--ttl', '10m', '--metadata', 'rack=7');
    await untilWorks('calls of the second', async () => count('vm-2') > 20, PATIENCE_MS);
    // A replica with a sidecar joins them, then they leave it alone: the hop changes its protocol twice.
    outrider('scale', 'billing=1');
    await untilWorks('calls of the replica', async () => count('replica') > 20, PATIENCE_MS);
    t.match(outrider('instance', 'deregister', 'vm-1'), 'vm-1 deregistered\n');
    first.server.close();
    first.server.closeIdleConnections();
    await sleep(700);
    t.match(outrider('instance', 'deregister', 'vm-2'), 'vm-2 deregistered\n');
    second.server.close();
    const before = count('replica');
    await untilWorks('calls of the replica alone', async () => count('replica') > before + 100, PATIENCE_MS);
    running = false;
    await Promise.all(clients);
    t.same([...seen.keys()].sort(), ['replica', 'vm-1', 'vm-2'], `no failures: ${JSON.stringify([...seen])}`);

    await t.test('resolvers of other languages', async (t) => {
      register('vm-3', 8080, '--ttl', '10m', '--metadata', 'rack=7');
      for (let i = 0; i < 40; i++) register(`many-${i}`, 9000 + i);
      await asked(t, dns);
    });
  },
);

async function asked(t: Test, dns: number): Promise<void> {
  const run = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  const missing = (command: string) => run(command, ['-h']).error !== undefined;
  const dig = (...args: string[]) => run('dig', ['@127.0.0.1', '-p', `${dns}`, '+time=5', ...args]).stdout;
  t.test('dig', { skip: missing('dig') && 'no dig: .ci/run installs it' }, async (t) => {
    t.equal(dig('+short', 'vm-3.billing.mesh'), '127.0.0.1\n');
    t.equal(dig('+short', 'TXT', 'vm-3.billing.mesh'), '"rack=7" "version=v1"\n');
    t.equal(dig('+short', 'SRV', '_http._tcp.billing.mesh').trim().split('\n').length, 32, 'over TCP');
    const whole = dig('SRV', '_http._tcp.billing.mesh', '+ignore', '+bufsize=1232');
    t.match(whole, /flags: qr aa tc rd;/);
    t.notMatch(whole, /malformed|extra bytes|BAD/i);
    t.match(dig('SRV', 'vm-3.billing.mesh'), /ADDITIONAL SECTION:\nvm-3\.billing\.mesh\.\s+5\s+IN\s+A\s+127\.0\.0\.1/);
    t.match(dig('nothing.mesh'), /status: NXDOMAIN[\s\S]*SOA\s+ns\.mesh\./);
    t.match(dig('AAAA', 'billing.mesh'), /status: NOERROR[\s\S]*ANSWER: 0/);
    t.match(dig('example.com'), /status: REFUSED/);
    t.match(dig('billing.mesh', '+edns=1', '+noednsnegotiation'), /status: BADVERS/);
    t.match(dig('ANY', 'billing.mesh', '+notcp'), /HINFO\s+"RFC8482"/);
    t.match(dig('CH', 'TXT', 'version.bind'), /status: REFUSED/);
    t.match(dig('+opcode=update', 'billing.mesh'), /status: NOTIMP/);
    t.match(dig('billing.mesh', '+cookie=0102030405060708', '+subnet=10.0.0.0/8', '+dnssec'), /status: NOERROR/);
  });
  const go = spawnSync('go', ['version']).error === undefined;
  t.test('Go', { skip: !go && 'no Go: .ci/run looks for one' }, async (t) => {
    const dir = testFolder(t, {
      'main.go': `package main

import ("context"; "fmt"; "net")

func main() {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:${dns}")
	}}
	ctx := context.Background()
	addresses, err := resolver.LookupHost(ctx, "vm-3.billing.mesh.")
	fmt.Println(addresses, err)
	_, records, err := resolver.LookupSRV(ctx, "http", "tcp", "billing.mesh.")
	fmt.Println(len(records), err)
	_, err = resolver.LookupHost(ctx, "nothing.mesh.")
	fmt.Println(err.(*net.DNSError).IsNotFound)
}
`,
    });
    const { stdout, stderr } = spawnSync('go', ['run', 'main.go'], { cwd: dir, encoding: 'utf8', timeout: 120_000 });
    t.equal(stdout, '[127.0.0.1] <nil>\n32 <nil>\ntrue\n', stderr);
  });
}
