/**
 * `outrider up` on the shop, from the first process to the last, under a small load that must not lose one request:
 * routes change, a service shrinks, the control plane is killed, `up` itself is killed and started again.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { Agent, request } from 'undici';
import { freePort } from '../free-ports.ts';
import { ENV, OUTRIDER, Up, until } from './running-up.ts';

const SHOP = fileURLToPath(new URL('../../examples/shop', import.meta.url));
const LOAD_INTERVAL_MS = 20;
/** On a machine that has no time for the mesh the load waits: this is about requests that are lost, not about slow ones. */
const PENDING_MAX = 50;
const PATIENCE_MS = 30_000;

interface Page {
  readonly banner: string;
  readonly catalog: { readonly version: string; readonly replica: string };
}

/** A copy of the shop on a free port, with a state directory of its own. */
async function makeShop() {
  const dir = mkdtempSync(path.join(tmpdir(), 'outrider-up-'));
  const port = await freePort();
  cpSync(SHOP, dir, { recursive: true });
  writeFileSync(path.join(dir, 'package.json'), '{"type":"module"}');
  const compose = path.join(dir, 'compose.yaml');
  writeFileSync(compose, readFileSync(compose, 'utf8').replace('8080:80', `${port}:80`));
  return { dir, compose, state: path.join(dir, 'state'), url: `http://127.0.0.1:${port}` };
}

/** Asks for the page every 20 ms until stopped, whether or not the 49 answers before are there. */
class Load {
  readonly failures: string[] = [];
  readonly pages: Page[] = [];
  readonly #agent = new Agent();
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  readonly #pending = new Set<Promise<void>>();

  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => {
      if (this.#pending.size >= PENDING_MAX) return;
      const one = this.#one().finally(() => this.#pending.delete(one));
      this.#pending.add(one);
    }, LOAD_INTERVAL_MS);
  }

  /** Waits for the answers that are still out. May be called again. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    await this.#agent.destroy();
  }

  async #one(): Promise<void> {
    try {
      const { statusCode, body } = await request(this.#url, {
        dispatcher: this.#agent,
        bodyTimeout: PATIENCE_MS,
        headersTimeout: PATIENCE_MS,
      });
      const text = await body.text();
      if (statusCode === 200) this.pages.push(JSON.parse(text) as Page);
      else this.failures.push(`${statusCode} ${text}`);
    } catch (error) {
      this.failures.push(String(error));
    }
  }

  /** The pages of the next `count` answers. */
  async next(count: number): Promise<Page[]> {
    const first = this.pages.length;
    await until(
      () => this.pages.length >= first + count,
      PATIENCE_MS,
      () => `no answers: ${this.failures.slice(-3).join('; ')}`,
    );
    return this.pages.slice(first, first + count);
  }
}

/** Command lines of the processes that belong to the shop: their arguments or environment name its folder. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const [cmdline, environ] = ['cmdline', 'environ'].map((file) => readProc(pid, file));
      return `${cmdline}${environ}`.includes(dir) ? [`${pid} ${cmdline!.replaceAll('\0', ' ')}`] : [];
    });
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function controlPlanePid(state: string): number {
  return (JSON.parse(readFileSync(path.join(state, 'control-plane.json'), 'utf8')) as { pid: number }).pid;
}

// The runner gives a file 30 seconds; this one needs as many on two cores.
t.setTimeout(120_000);

t.test('the shop keeps serving whatever is done to its mesh', { skip: !existsSync('/proc') }, async (t) => {
  const shop = await makeShop();
  const outrider = async (...args: string[]) => {
    const all = [OUTRIDER, ...args, '--state', shop.state];
    return (await promisify(execFile)(process.execPath, all, { cwd: shop.dir, env: ENV })).stdout;
  };
  let up = new Up(shop);
  let load: Load | undefined;
  t.teardown(async () => {
    await load?.stop();
    up.child.kill('SIGINT');
    await up.ended(20_000);
    // Whatever a failed test has left behind goes too: these are processes of this test's own folder.
    for (const line of processesOf(shop.dir)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    rmSync(shop.dir, { recursive: true, force: true });
  });

  await up.untilPrinted(/^ready$/m);
  t.match(up.output, `frontend: ${shop.url}`, 'the published port is printed');
  load = new Load(shop.url);
  const running = load;
  const lost = (when: string) => t.strictSame(running.failures, [], `no request is lost ${when}`);

  await running.next(50);
  await up.untilPrinted(/\(outside\) -> frontend \d/);
  await up.untilPrinted(/frontend -> catalog\S* \d/);
  t.match(up.output, /catalog-v1 -> inventory \d/, 'edges between services are shown');
  lost('at the start');

  await outrider('apply', '-f', 'routes/90-10.yaml', '--wait');
  const split = (await running.next(200)).filter((page) => page.catalog.version === 'v2').length;
  t.ok(split > 2 && split < 50, `about 20 of 200 reach v2 (${split})`);
  await outrider('apply', '-f', 'routes/all-v2.yaml', '--wait');
  await running.next(10);
  t.ok(
    (await running.next(50)).every((page) => page.catalog.version === 'v2'),
    'all reach v2',
  );
  await outrider('apply', '-f', 'routes/all-v1.yaml', '--wait');
  lost('while routes change');

  await running.next(10);
  // One that was slow at first gets little for some seconds.
  const replicas = new Set<string>();
  await until(
    async () => {
      for (const page of await running.next(20)) replicas.add(page.catalog.replica);
      return replicas.size === 3;
    },
    PATIENCE_MS,
    () => `of three replicas of v1 only ${[...replicas].join(' and ')} answer`,
  );
  await outrider('scale', 'catalog-v1=1');
  await until(
    async () => /catalog-v1 +1\/1 +1 /.test(await outrider('get', 'services')),
    20_000,
    () => 'catalog-v1 is not down to one',
  );
  t.equal(new Set((await running.next(50)).map((page) => page.catalog.replica)).size, 1, 'one replica is left');
  lost('while a service shrinks');

  t.equal((await running.next(1))[0]!.banner, 'Welcome to the shop');
  await outrider('config', 'set', 'frontend', 'BANNER', 'Sale!');
  await until(
    () => running.pages.at(-1)!.banner === 'Sale!',
    5000,
    () => 'the banner has not changed',
  );

  const first = controlPlanePid(shop.state);
  process.kill(first, 'SIGKILL');
  await up.untilPrinted(/the control plane is back/);
  t.not(controlPlanePid(shop.state), first);
  await running.next(50);
  lost('while the control plane is away');
  await outrider('apply', '-f', 'routes/all-v2.yaml', '--wait');
  await until(
    () => running.pages.at(-1)!.catalog.version === 'v2',
    5000,
    () => 'the route did not reach the sidecars',
  );

  up.child.kill('SIGKILL');
  await up.ended(5000);
  up = new Up(shop);
  await up.untilPrinted(/^ready$/m);
  await running.next(50);
  lost('while up is killed and started again');

  await running.stop();
  t.ok(running.pages.length > 500, `${running.pages.length} requests were answered`);
  const stoppedMs = performance.now();
  up.child.kill('SIGINT');
  t.equal(await up.ended(20_000), 0, 'a stop is a success');
  t.ok(performance.now() - stoppedMs < 15_000, 'it stops within 15 seconds');
  t.strictSame(processesOf(shop.dir), [], 'no process is left');
});
