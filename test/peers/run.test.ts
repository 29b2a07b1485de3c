/**
 * `outrider run`, everything real: an application comes and goes fifty times while somebody calls its service through another
 * sidecar, and no request fails; exit codes, signals, jobs, and what happens when the sidecar dies.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { testFolder } from '../folder.ts';
import { freePort } from '../free-ports.ts';
import { ENV, OUTRIDER, until } from '../integration/running-up.ts';

const CYCLES = Number(process.env.OUTRIDER_RUN_CYCLES ?? 12);
const LOAD_INTERVAL_MS = 20;
const PENDING_MAX = 50;
const PATIENCE_MS = 60_000;

const COMPOSE = `services:
  web: {command: "true", deploy: {replicas: 0}}
  shop: {command: "true", deploy: {replicas: 0}}
`;

/** Answers after 20 ms, so that there is always something in flight; ends at once when it is told to. */
const WEB = `
import { createServer } from 'node:http';
createServer((request, response) => {
  request.resume();
  request.on('end', () => setTimeout(() => response.end('whole'), 20));
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`;

/** Serves nothing; says where its sidecar is, and which signals come. */
const TELLS = `
import { appendFileSync } from 'node:fs';
for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    console.log('got ' + signal);
    if (signal === 'SIGTERM' && !process.argv.includes('stubborn')) process.exit(5);
  });
console.log('outbound ' + process.env.HTTP_PROXY);
setInterval(() => {}, 1000);
`;

/** A process of ours and what it has printed. */
class Ran {
  output = '';
  errors = '';
  /** Where its sidecar keeps its files, once it was looked for. */
  folder: string | undefined;
  readonly child: ChildProcess;

  constructor(cwd: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [OUTRIDER, ...args], { cwd, env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      this.output += chunk;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      this.errors += chunk;
    });
  }

  async untilPrinted(pattern: RegExp): Promise<void> {
    const printed = () => pattern.test(this.output) || pattern.test(this.errors);
    await until(printed, PATIENCE_MS, () => `${pattern} was not printed:\n${this.output}\n${this.errors}`);
  }

  /** Its exit code, once it has ended and all output is there. */
  async code(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }
}

interface Mesh {
  readonly dir: string;
  readonly grpc: string;
  join(workload: string, more: readonly string[], command: readonly string[]): Ran;
}

async function startMesh(t: Test): Promise<Mesh> {
  const dir = testFolder(t, { 'web.mjs': WEB, 'tells.mjs': TELLS, 'compose.yaml': COMPOSE });
  const grpc = `127.0.0.1:${await freePort()}`;
  const http = `127.0.0.1:${await freePort()}`;
  const state = path.join(dir, 'state');
  const args = ['control-plane', '--state', state, '--http', http, '--grpc', grpc, '--no-auth'];
  const controlPlane = new Ran(dir, args);
  t.teardown(async () => {
    controlPlane.child.kill('SIGTERM');
    await controlPlane.code();
  });
  const up = async () => (await request(`http://${http}/readyz`).catch(() => null))?.statusCode === 200;
  await until(up, PATIENCE_MS, () => controlPlane.errors);
  const applied = new Ran(dir, ['apply', '--state', state, '-f', 'compose.yaml']);
  if ((await applied.code()) !== 0) throw new Error(applied.errors);
  const join: Mesh['join'] = (workload, more, command) =>
    new Ran(dir, ['run', '--control-plane', grpc, '--workload', workload, ...more, '--', ...command]);
  return { dir, grpc, join };
}

/** Calls the service through that sidecar until stopped. */
class Load {
  readonly failures: string[] = [];
  answered = 0;
  readonly #agent = new Agent();
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(outbound: string) {
    let turn = 0;
    this.#timer = setInterval(() => {
      if (this.#pending.size >= PENDING_MAX) return;
      const method = turn++ % 2 === 0 ? 'GET' : 'POST';
      const one: Promise<void> = this.#one(outbound, method)
        .catch((error: Error) => void this.failures.push(`${method}: ${error.message}`))
        .finally(() => this.#pending.delete(one));
      this.#pending.add(one);
    }, LOAD_INTERVAL_MS);
  }

  async #one(outbound: string, method: 'GET' | 'POST'): Promise<void> {
    const headers = { host: 'web' };
    const body = method === 'POST' ? 'x'.repeat(500) : null;
    const answer = await request(`${outbound}/`, { method, headers, body, dispatcher: this.#agent });
    const text = await answer.body.text();
    if (answer.statusCode !== 200 || text !== 'whole') throw new Error(`${answer.statusCode} ${text}`);
    this.answered++;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    await this.#agent.destroy();
  }
}

/** Processes whose command line holds that text. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

t.setTimeout(900_000);

t.test('an application comes and goes under load, and no request fails', async (t) => {
  const mesh = await startMesh(t);
  const node = process.execPath;
  const start = async () => mesh.join('web', ['--port', String(await freePort())], [node, 'web.mjs']);
  const caller = mesh.join('shop', ['--job'], [node, 'tells.mjs']);
  await caller.untilPrinted(/outbound http/);
  const outbound = /outbound (\S+)/.exec(caller.output)![1]!;
  let current = await start();
  const serves = async (expected: RegExp) => {
    const admin = await request(`${outbound}/`, { headers: { host: 'web' } }).catch(() => null);
    await admin?.body.dump();
    return expected.test(String(admin?.statusCode));
  };
  await until(
    () => serves(/200/),
    PATIENCE_MS,
    () => `web does not serve:\n${current.errors}`,
  );
  const load = new Load(outbound);
  for (let cycle = 1; cycle <= CYCLES && load.failures.length === 0; cycle++) {
    const next = await start();
    await next.untilPrinted(/the mesh is ready/);
    // The next one has to be found before the one before may go: by what its own sidecar was asked for.
    const admin = adminOf(next);
    const asked = async () => {
      const stats = await request(`${admin}/stats?filter=http.inbound.downstream_rq_2xx`);
      return Number(/: (\d+)/.exec(await stats.body.text())?.[1] ?? 0) > 3;
    };
    await until(asked, PATIENCE_MS, () => `cycle ${cycle}: the new one is not called\n${next.errors}`);
    current.child.kill('SIGTERM');
    t.equal(await current.code(), 0, `cycle ${cycle}: ${current.errors}`);
    current = next;
  }
  await load.stop();
  t.same(load.failures.slice(0, 10), []);
  t.comment(`${load.answered} answers over ${CYCLES} cycles`);
  for (const each of [current, caller]) {
    each.child.kill('SIGTERM');
    await each.code();
  }
  t.equal(caller.child.exitCode, 5);
});

/** Its admin port. */
function adminOf(ran: Ran): string {
  const { admin } = JSON.parse(readFileSync(path.join(folderOf(ran), 'bootstrap.json'), 'utf8'));
  return `http://127.0.0.1:${admin.address.socket_address.port_value}`;
}

function sidecarsOf(ran: Ran): number[] {
  return processesWith(path.join(folderOf(ran), 'bootstrap.json'));
}

/** Where its sidecar keeps its files: as the command line of its first sidecar tells. */
function folderOf(ran: Ran): string {
  ran.folder ??= findFolder(ran);
  return ran.folder;
}

function findFolder({ child }: Ran): string {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
  const words = children.flatMap((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
  return path.dirname(words.find((word) => word.endsWith('bootstrap.json'))!);
}

t.test('a sidecar that is replaced stays in the mesh, and `run` keeps the new one', async (t) => {
  const mesh = await startMesh(t);
  const node = process.execPath;
  const web = mesh.join('web', ['--port', String(await freePort())], [node, 'web.mjs']);
  const caller = mesh.join('shop', ['--job'], [node, 'tells.mjs']);
  await caller.untilPrinted(/outbound http/);
  const outbound = /outbound (\S+)/.exec(caller.output)![1]!;
  const statusOf = async () => {
    const answer = await request(`${outbound}/`, { headers: { host: 'web' } }).catch(() => null);
    await answer?.body.dump();
    return answer?.statusCode;
  };
  await until(
    async () => (await statusOf()) === 200,
    PATIENCE_MS,
    () => `web does not serve:\n${web.errors}`,
  );
  const load = new Load(outbound);
  // Both ends of the way are replaced, twice, one after the other.
  for (const ran of [web, caller, web, caller]) {
    const answer = await request(`${adminOf(ran)}/hot_restart`, { method: 'POST', headersTimeout: PATIENCE_MS });
    const text = await answer.body.text();
    t.equal(answer.statusCode, 200, text);
    const goal = load.answered + 100;
    const goesOn = () => load.answered >= goal || load.failures.length > 0;
    await until(goesOn, PATIENCE_MS, () => 'nothing is answered any more');
    const { pid } = JSON.parse(text) as { pid: number };
    await until(
      () => sidecarsOf(ran).join() === String(pid),
      PATIENCE_MS,
      () => `${sidecarsOf(ran)} are left`,
    );
  }
  await load.stop();
  t.same(load.failures.slice(0, 10), []);
  t.notMatch(web.errors + caller.errors, /is started again/);
  // The one that serves now is one that `run` has not started: it is missed, and ended, all the same.
  process.kill(sidecarsOf(web)[0]!, 'SIGKILL');
  await web.untilPrinted(/the sidecar .* and is started again in \d+ ms/);
  await until(
    async () => (await statusOf()) === 200,
    PATIENCE_MS,
    () => `web does not come back:\n${web.errors}`,
  );
  for (const ran of [web, caller]) {
    const folder = ran.folder!;
    ran.child.kill('SIGTERM');
    await ran.code();
    t.same(processesWith(folder), [], 'no sidecar is left');
  }
});

t.test('exit codes are those of the application, or of a shell', async (t) => {
  const mesh = await startMesh(t);
  const end = async (...command: string[]) => {
    const ran = mesh.join('shop', ['--job'], command);
    return { code: await ran.code(), errors: ran.errors };
  };
  const [exits, killed, missing, forbidden] = await Promise.all([
    end('sh', '-c', 'exit 7'),
    end('sh', '-c', 'kill -KILL $$'),
    end('no-such-program'),
    end('./compose.yaml'),
  ]);
  t.equal(exits.code, 7, exits.errors);
  t.equal(killed.code, 137, killed.errors);
  t.equal(missing.code, 127);
  t.match(missing.errors, 'no-such-program: there is no such program');
  t.equal(forbidden.code, 126);
  t.match(forbidden.errors, './compose.yaml: it may not be executed');
  t.same(processesWith(mesh.grpc), [Number(processesWith(mesh.grpc)[0])], 'the control plane alone is left');
});

t.test('signals reach the application, a second one hurries, a third one ends everything', async (t) => {
  const mesh = await startMesh(t);
  const ran = mesh.join('shop', ['--port', String(await freePort())], [process.execPath, 'tells.mjs', 'stubborn']);
  await ran.untilPrinted(/outbound http/);
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) {
    ran.child.kill(signal);
    await ran.untilPrinted(new RegExp(`got ${signal}`));
  }
  ran.child.kill('SIGTERM');
  await ran.untilPrinted(/got SIGTERM/);
  ran.child.kill('SIGTERM');
  ran.child.kill('SIGTERM');
  // Signals of one kind that come at once are one.
  await until(
    () => {
      ran.child.kill('SIGTERM');
      return ran.child.exitCode !== null;
    },
    PATIENCE_MS,
    () => 'it does not end',
  );
  t.equal(await ran.code(), 137);
});

t.test('a sidecar that dies is started again, and the application goes on', async (t) => {
  const mesh = await startMesh(t);
  const ran = mesh.join('shop', ['--job'], [process.execPath, 'tells.mjs']);
  await ran.untilPrinted(/outbound http/);
  const outbound = /outbound (\S+)/.exec(ran.output)![1]!;
  const folder = folderOf(ran);
  const [sidecar] = processesWith(path.join(folder, 'bootstrap.json'));
  process.kill(sidecar!, 'SIGKILL');
  await ran.untilPrinted(/the sidecar was ended by SIGKILL, and is started again in \d+ ms/);
  const answers = async () => (await request(`${outbound}/`, { headers: { host: 'web' } }).catch(() => null)) !== null;
  await until(answers, PATIENCE_MS, () => `no sidecar:\n${ran.errors}`);
  t.notMatch(ran.output, /got/);
  ran.child.kill('SIGTERM');
  t.equal(await ran.code(), 5);
  t.notOk(existsSync(folder), 'its files are gone');
});

t.test('who cannot get ready says why, and starts nothing', async (t) => {
  const dir = testFolder(t, { 'bad.yaml': 'admn: {}\n' });
  const nobody = `127.0.0.1:${await freePort()}`;
  const late = new Ran(dir, [
    ...['run', '--control-plane', nobody, '--workload', 'a', '--job', '--ready-timeout', '15'],
    ...['--', 'touch', 'started'],
  ]);
  t.equal(await late.code(), 1);
  t.match(late.errors, /the mesh is not ready after 15 s: waiting for .*control plane/);
  const bad = new Ran(dir, ['run', '-c', 'bad.yaml', '--', 'touch', 'started']);
  t.equal(await bad.code(), 1);
  t.match(bad.errors, /admn.*the sidecar exited with 1 before it was ready/s);
  t.notOk(existsSync(path.join(dir, 'started')));
});
