/**
 * Instances that die under load, behind a sidecar with the mesh's defaults: the configuration is the one that the control
 * plane pushes. The endpoints are processes that speak what a sidecar speaks, and are killed as a machine kills.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { freePorts } from '../../free-ports.ts';
import { meshBootstrap } from '../../mesh/mesh-bootstrap.ts';

const OUTRIDER = join(import.meta.dirname, '..', '..', '..', 'bin', 'outrider');
const INTERVAL_MS = 10;
/** Each 10 ms: 500 a second. */
const PER_INTERVAL = 5;

/** An instance: answers over HTTP/2 after a moment, so that requests are on their way when it dies. */
const INSTANCE = `
  const server = require('node:http2').createServer((request, response) => {
    request.resume();
    setTimeout(() => response.end(String(process.pid)), 5);
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

interface Instance {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startInstance(t: Test): Promise<Instance> {
  const child = spawn(process.execPath, ['-e', INSTANCE], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, port: Number(line.toString()) };
}

/** A caller's sidecar in front of so many instances of the service `back`. */
async function startSidecar(t: Test, count: number) {
  const instances = await Promise.all(Array.from({ length: count }, () => startInstance(t)));
  const [outboundPort, inboundPort, adminPort] = await freePorts(3);
  const config = meshBootstrap({
    text: `services:
  front: { command: x, x-outrider: { port: 80, protocol: http } }
  back: { command: x, x-outrider: { port: 80, protocol: http } }
`,
    instances: { back: instances.map(({ port }) => port) },
    sidecar: { workload: 'front', outboundPort: outboundPort!, inboundPort: inboundPort!, appPort: 9 },
    adminPort: adminPort!,
    listeners: ['outbound'],
  });
  const file = join(t.testdir(), 'sidecar.json');
  writeFileSync(file, JSON.stringify(config));
  const sidecar = spawn(process.execPath, [OUTRIDER, 'proxy', '-c', file, '-l', 'off'], { stdio: 'inherit' });
  t.teardown(() => sidecar.kill('SIGKILL'));
  const agent = new Agent({ connections: 64 });
  t.teardown(() => agent.destroy());
  const get = async (): Promise<string> => {
    const { statusCode, body } = await request(`http://127.0.0.1:${outboundPort}/`, {
      dispatcher: agent,
      headers: { host: 'back' },
      headersTimeout: 10_000,
    });
    const text = await body.text();
    return statusCode === 200 ? text : `${statusCode} ${text}`;
  };
  const admin = async (path: string): Promise<string> =>
    (await request(`http://127.0.0.1:${adminPort}${path}`, { dispatcher: agent })).body.text();
  await until('the sidecar serves', async () => !Number.isNaN(Number(await get().catch(() => 'not yet'))));
  return { instances, get, admin };
}

async function until(what: string, reached: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!(await reached())) {
    if (performance.now() > untilMs) throw new Error(`waited in vain until ${what}`);
    await sleep(10);
  }
}

/** 500 requests a second until stopped, whether or not earlier answers are there. */
class Load {
  readonly failures: string[] = [];
  answered = 0;
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(get: () => Promise<string>) {
    this.#timer = setInterval(() => {
      for (let i = 0; i < PER_INTERVAL; i++) {
        const one = get().then(
          (text) => {
            if (/^\d+$/.test(text)) this.answered++;
            else this.failures.push(text);
          },
          (error) => void this.failures.push(String(error)),
        );
        const pending = one.finally(() => this.#pending.delete(pending));
        this.#pending.add(pending);
      }
    }, INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }
}

t.test('one of five instances dies under 500 requests a second: no GET fails, and it is taken out', async (t) => {
  const { instances, get, admin } = await startSidecar(t, 5);
  const load = new Load(get);
  await until('all work', async () => load.answered > 200);
  const [victim] = instances;
  const killedMs = performance.now();
  victim!.child.kill('SIGKILL');
  const ejected = async () => {
    const clusters = await admin('/clusters');
    return clusters.includes(`back::127.0.0.1:${victim!.port}::health_flags::/failed_outlier_check`);
  };
  await until('it is ejected', ejected);
  console.log(`ejected after ${Math.round(performance.now() - killedMs)} ms`);
  await sleep(500);
  await load.stop();
  if (load.failures.length > 0) t.comment(await admin('/recorder?status=5xx&limit=3'));
  t.same(load.failures.slice(0, 3), [], `${load.failures.length} of ${load.answered} requests failed`);
  t.match(await admin('/recorder?troubled'), /tried again after/, 'the recorder tells of the retries');
});

t.test('of two instances the dead one is taken out, and the other one never', async (t) => {
  const { instances, get, admin } = await startSidecar(t, 2);
  const load = new Load(get);
  await until('both work', async () => load.answered > 100);
  const [victim, survivor] = instances;
  victim!.child.kill('SIGKILL');
  const out = async () => [...(await admin('/clusters')).matchAll(/back::(\S+)::health_flags::\/failed_outlier/g)];
  await until('it is ejected', async () => (await out()).length === 1);
  await load.stop();
  t.same(load.failures.slice(0, 3), [], `${load.failures.length} of ${load.answered} requests failed`);
  survivor!.child.kill('SIGKILL');
  await once(survivor!.child, 'exit');
  for (let i = 0; i < 30; i++) await get();
  t.same(
    (await out()).map(([, address]) => address),
    [`127.0.0.1:${victim!.port}`],
    'the last one stays in rotation',
  );
});
