/**
 * Real Envoys in a real mesh: they join with what `outrider envoy-bootstrap` prints, one in state of the world and one in
 * delta, and everything around them changes under a load that must not lose one request.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { Agent as HttpAgent, request } from 'undici';
import { Agent } from '../component/control-plane/fixtures/agent.ts';
import { ENVOY } from '../envoy-cases/suite.ts';
import { freePort } from '../free-ports.ts';
import { OUTRIDER, Up } from '../integration/running-up.ts';
import { until } from '../until.ts';
import { EnvoyLoad, MeshEnvoy } from './mesh-envoy.ts';

const PATIENCE_MS = 60_000;

const skip = existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it';

const APP = `
import { createServer } from 'node:http';

const { OUTRIDER_WORKLOAD: workload, OUTRIDER_REPLICA: replica, OUTRIDER_OUTBOUND: outbound, PORT, ROUND = '' } = process.env;
const server = createServer((request, response) => {
  const ms = Number(new URL(request.url, 'http://x').searchParams.get('ms') ?? 5);
  setTimeout(() => response.end(JSON.stringify({ workload, replica, outbound, round: ROUND, path: request.url })), ms);
});
server.listen(PORT, '127.0.0.1');
process.once('SIGTERM', () => server.close(() => process.exit(0)));
`;

const workload = (name: string, replicas: number, outrider: string, round = 1) => `
  ${name}:
    command: node app.mjs
    environment: { ROUND: '${round}' }
    deploy: { replicas: ${replicas} }
    x-outrider: { ${outrider}, health: { path: / } }`;
const compose = (round: number, ...more: readonly string[]) =>
  `services:${[
    workload('catalog-v1', 2, 'service: catalog, version: v1, protocol: http', round),
    workload('catalog-v2', 1, 'service: catalog, version: v2, protocol: http'),
    workload('echo', 1, 'port: 80'),
    ...more,
  ].join('')}\n`;

const route = (service: string, rules: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${service} }
spec: { parentRefs: [{ kind: Service, name: ${service} }], rules: [${rules}] }
`;
const weights = (v1: number, v2: number) =>
  `{ backendRefs: [{ name: catalog-v1, weight: ${v1} }, { name: catalog-v2, weight: ${v2} }] }`;

interface Status {
  readonly nodes: readonly {
    readonly id: string;
    readonly types: Readonly<
      Record<string, { readonly acked: boolean; readonly nacked?: { readonly message: string } }>
    >;
  }[];
}

/** A mesh of `outrider up`, and what its users do to it. */
class Mesh {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'outrider-envoys-'));
  readonly state = path.join(this.dir, 'state');
  readonly up: Up;

  constructor() {
    writeFileSync(path.join(this.dir, 'app.mjs'), APP);
    writeFileSync(path.join(this.dir, 'compose.yaml'), compose(1));
    this.up = new Up({ compose: path.join(this.dir, 'compose.yaml'), state: this.state, dir: this.dir });
  }

  /** Where the control plane answers. */
  addresses(): { readonly http: string; readonly grpc: string } {
    return JSON.parse(readFileSync(path.join(this.state, 'control-plane.json'), 'utf8')) as never;
  }

  /** Runs a command of the CLI; the answer is what it printed. */
  async outrider(...args: readonly string[]): Promise<string> {
    const all = [OUTRIDER, ...args, '--state', this.state];
    return (await promisify(execFile)(process.execPath, all, { cwd: this.dir })).stdout;
  }

  async apply(name: string, text: string): Promise<void> {
    writeFileSync(path.join(this.dir, name), text);
    await this.outrider('apply', '-f', name);
  }

  get token(): string {
    return readFileSync(path.join(this.state, 'admin.token'), 'utf8').trim();
  }

  async get(page: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.token}` };
    return (await request(`${this.addresses().http}${page}`, { headers })).body.text();
  }

  async put(page: string, value: object): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const options = { method: 'PUT', headers, body: JSON.stringify(value) } as const;
    const { statusCode, body } = await request(`${this.addresses().http}${page}`, options);
    if (statusCode >= 300) throw new Error(await body.text());
    await body.dump();
  }

  async delete(page: string): Promise<void> {
    const options = { method: 'DELETE', headers: { authorization: `Bearer ${this.token}` } } as const;
    await (await request(`${this.addresses().http}${page}`, options)).body.dump();
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.get('/v1/status')) as Status;
  }

  /** Of all clients, since the start. */
  async nacks(): Promise<number> {
    const text = await this.get('/metrics');
    return [...text.matchAll(/^outrider_control_plane_xds_nacks_total\{.*?\} (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  }

  /** Ready of the instances of a service. */
  async ready(service: string): Promise<number> {
    const view = JSON.parse(await this.get(`/v1/services/${service}`)) as {
      readonly replicas: { readonly ready: number; readonly running: number };
    };
    return view.replicas.ready === view.replicas.running ? view.replicas.ready : -1;
  }

  async stop(): Promise<void> {
    this.up.child.kill('SIGTERM');
    await this.up.ended(30_000);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** How often each workload answers. */
async function shares(envoy: MeshEnvoy, headers: Readonly<Record<string, string>> = {}, count = 30) {
  const found = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const { body } = await envoy.ask('catalog', '/', headers);
    found.set(body.workload!, (found.get(body.workload!) ?? 0) + 1);
  }
  return (name: string) => found.get(name) ?? 0;
}

async function startMesh(t: Test): Promise<Mesh> {
  const mesh = new Mesh();
  t.teardown(() => mesh.stop());
  await mesh.up.untilPrinted(/^ready$/m, 60_000);
  return mesh;
}

t.test('Envoys in a mesh', { skip, timeout: 480_000 }, async (t) => {
  const mesh = await startMesh(t);
  await t.test('that changes', (t) => changes(t, mesh));
  await t.test('one of which refuses what others take', (t) => refuses(t, mesh));
  await t.test('one of which stands in front of an application', (t) => standsInFront(t, mesh));
});

async function changes(t: Test, mesh: Mesh): Promise<void> {
  const { dir, state } = mesh;
  const gateway = await freePort();
  const envoys = await Promise.all([
    MeshEnvoy.start(t, { id: 'envoy-delta', dir, state, options: ['--publish', `127.0.0.1:${gateway}=catalog`] }),
    MeshEnvoy.start(t, { id: 'envoy-sotw', dir, state, options: ['--sotw'] }),
  ]);
  const each = async (work: (envoy: MeshEnvoy) => Promise<void>) => void (await Promise.all(envoys.map(work)));
  const eachSees = (what: string, check: (envoy: MeshEnvoy) => Promise<boolean>) =>
    each(async (envoy) => void (await until(`${envoy.id}: ${what}`, () => check(envoy), PATIENCE_MS)));
  await eachSees('the service', async (envoy) => (await envoy.ask('catalog')).status === 200);
  t.equal((await envoys[0]!.ask('nobody')).status, 404);
  t.equal(
    (await envoys[0]!.ask('echo', '/a')).body.path,
    '/a',
    'what speaks anything is spoken to as the client speaks',
  );
  t.equal((await request(`http://127.0.0.1:${gateway}/`)).statusCode, 200, 'a port that leads into one service');
  const loads = envoys.map((envoy) => new EnvoyLoad(envoy, 'catalog'));

  await mesh.apply('routes.yaml', route('catalog', weights(100, 0)));
  await eachSees('v1 alone', async (envoy) => (await shares(envoy))('catalog-v2') === 0);
  await mesh.apply('routes.yaml', route('catalog', weights(30, 70)));
  await eachSees('most at v2', async (envoy) => (await shares(envoy))('catalog-v2') > 15);
  const blue = '{ matches: [{ headers: [{ name: x-team, value: blue }] }], backendRefs: [{ name: catalog-v2 }] }';
  const slow =
    '{ matches: [{ path: { value: /slow } }], timeouts: { request: 300ms }, backendRefs: [{ name: catalog-v1 }] }';
  await mesh.apply('routes.yaml', route('catalog', `${blue}, ${slow}, { backendRefs: [{ name: catalog-v1 }] }`));
  await eachSees('the header', async (envoy) => {
    const [team, others] = [await shares(envoy, { 'x-team': 'blue' }), await shares(envoy)];
    return team('catalog-v2') === 30 && others('catalog-v1') === 30;
  });
  await each(
    async (envoy) => void t.equal((await envoy.ask('catalog', '/slow?ms=3000')).status, 504, 'the time limit'),
  );

  await mesh.outrider('scale', 'catalog-v1=3');
  await until('three', async () => (await mesh.ready('catalog-v1')) === 3, PATIENCE_MS);
  await eachSees('the new instance', async (envoy) => (await envoy.ask('catalog')).body.replica === '2');
  await mesh.outrider('scale', 'catalog-v1=2');
  await until('two', async () => (await mesh.ready('catalog-v1')) === 2, PATIENCE_MS);
  await mesh.outrider('scale', 'catalog-v1=3');
  await until('three again', async () => (await mesh.ready('catalog-v1')) === 3, PATIENCE_MS);

  await mesh.apply('compose.yaml', compose(2, workload('late', 1, 'protocol: http')));
  await until(
    'every replica to be a new one',
    async () => {
      const rounds = await Promise.all(Array.from({ length: 20 }, () => envoys[0]!.ask('catalog')));
      return rounds.every(({ body }) => body.round === '2') && (await mesh.ready('catalog-v1')) === 3;
    },
    PATIENCE_MS,
  );
  await eachSees('the new service', async (envoy) => (await envoy.ask('late')).status === 200);
  await mesh.apply('compose.yaml', compose(2));
  await eachSees('the service to be gone', async (envoy) => (await envoy.ask('late')).status === 404);
  await mesh.apply('compose.yaml', compose(2, workload('late', 1, 'protocol: http')));
  await eachSees('it to be back', async (envoy) => (await envoy.ask('late')).status === 200);

  await Promise.all(loads.map((load) => load.stop()));
  for (const { failures, sent } of loads) t.same(failures, [], `${failures.length} of ${sent} failed`);
  await each(async (envoy) => void t.equal(await envoy.refusals(), 0, `${envoy.id} has refused nothing`));
  t.equal(await mesh.nacks(), 0);
  await eachSees('its load to be reported', async ({ id }) => {
    const reports = JSON.parse(await mesh.get('/v1/load-stats')) as { client: string; cluster: string }[];
    return reports.some(({ client, cluster }) => client === id && cluster === 'catalog');
  });
  const counts = /^outrider_control_plane_lrs_requests_total\{cluster="catalog",outcome="success"\} (\d+)$/m;
  t.ok(Number(counts.exec(await mesh.get('/metrics'))?.[1]) > 0);

  const [hanging] = envoys;
  hanging!.child.kill('SIGSTOP');
  await mesh.outrider('scale', 'catalog-v1=2');
  await until(
    'an Envoy that hangs to hold nothing up for ever',
    async () => (await mesh.ready('catalog-v1')) === 2,
    PATIENCE_MS,
  );
  hanging!.child.kill('SIGCONT');
  await eachSees('answers of both', async (envoy) => (await envoy.ask('catalog')).status === 200);
}

/** It is somebody's who has not taken over the bound for patterns that the printed bootstrap has. */
async function refuses(t: Test, mesh: Mesh): Promise<void> {
  const { dir, state } = mesh;
  const [strict, other] = await Promise.all([
    MeshEnvoy.start(t, { id: 'strict', dir, state, own: { layered_runtime: { layers: [] } } }),
    MeshEnvoy.start(t, { id: 'other', dir, state }),
  ]);
  for (const envoy of [strict, other])
    await until('routes', async () => (await envoy.ask('catalog')).status === 200, PATIENCE_MS);
  const load = new EnvoyLoad(strict, 'catalog');

  const long = `/(?:${'abcdefghij'.repeat(11)}|echo)`;
  const rule = (path: string) =>
    `{ matches: [{ path: { type: RegularExpression, value: '${path}' } }], backendRefs: [{ name: catalog }] }`;
  await mesh.apply('routes.yaml', route('echo', rule(long)));
  await until(
    'the others to have it',
    async () => (await other.ask('echo', '/echo')).body.workload !== 'echo',
    PATIENCE_MS,
  );
  const node = await until(
    'the refusal',
    async () => {
      const strict = (await mesh.status()).nodes.find(({ id }) => id === 'strict');
      return strict?.types.RDS?.nacked === undefined ? undefined : strict;
    },
    PATIENCE_MS,
  );
  t.match(await mesh.outrider('status'), /^strict refused RDS: .*RE2 program size/m);
  t.match(node?.types.RDS, { acked: false, nacked: { message: /RE2 program size of \d+ > max program size of 100/ } });
  t.equal((await strict.ask('echo', '/echo')).body.workload, 'echo', 'it keeps the routes that it had');
  await mesh.outrider('scale', 'catalog-v1=3');
  await until(
    'endpoints go on',
    async () => {
      const { body } = await strict.ask('catalog');
      return body.workload === 'catalog-v1' && body.replica === '2';
    },
    PATIENCE_MS,
  );

  await mesh.apply('routes.yaml', route('echo', rule('/(?:abc|echo)')));
  await until(
    'the mended routes',
    async () => (await strict.ask('echo', '/echo')).body.workload !== 'echo',
    PATIENCE_MS,
  );
  t.notMatch(await mesh.outrider('status'), /refused/);
  await load.stop();
  t.same(load.failures, [], `${load.failures.length} of ${load.sent} failed`);
  t.equal(await strict.refusals(), 1, 'it was told once');
}

/** Sidecars and Envoys call it. */
async function standsInFront(t: Test, mesh: Mesh): Promise<void> {
  const { dir, state } = mesh;
  await mesh.apply('greeter.yaml', 'services:\n  greeter: { command: "true", deploy: { replicas: 0 } }\n');
  const heard: string[] = [];
  const app = createServer((incoming, answer) => {
    heard.push(`${incoming.httpVersion} ${incoming.headers['x-outrider-protocol']}`);
    answer.end('{"workload":"greeter"}');
  });
  const appPort = await freePort();
  await new Promise<void>((resolve) => app.listen(appPort, '127.0.0.1', resolve));
  t.teardown(() => app.close());
  const inbound = await freePort();
  const options = ['--service', 'greeter', '--app-port', String(appPort), '--inbound', `127.0.0.1:${inbound}`];
  const envoy = await MeshEnvoy.start(t, { id: 'greeter-0', dir, state, options });
  const agent = new Agent(mesh.addresses().grpc, mesh.token);
  t.teardown(() => agent.cut());
  await agent.register({ id: 'greeter-0', workload: 'greeter', port: inbound });
  const beat = setInterval(() => agent.heartbeat(), 500);
  t.teardown(() => clearInterval(beat));
  agent.heartbeat();

  await until('an Envoy to reach it', async () => (await envoy.ask('greeter')).status === 200, PATIENCE_MS);
  const { outbound } = (await envoy.ask('catalog')).body;
  const dispatcher = new HttpAgent();
  t.teardown(() => dispatcher.close());
  await until(
    'a sidecar to reach it',
    async () => {
      const { statusCode, body } = await request(outbound!, { headers: { host: 'greeter' }, dispatcher });
      return (await body.text()) === '{"workload":"greeter"}' && statusCode === 200;
    },
    PATIENCE_MS,
  );
  t.same([...new Set(heard)], ['1.1 undefined'], 'it hears what clients spoke, and nothing of how it was told');

  await mesh.apply('legacy.yaml', 'services:\n  legacy: { command: "true", deploy: { replicas: 0 } }\n');
  const check = { kind: 'http', path: '/', interval: '1s', timeout: '1s' };
  const lease = { service: 'legacy', address: '127.0.0.1', port: appPort, ttl: '60s', check };
  await mesh.put('/v1/instances/legacy-0', lease);
  await until('a program without a sidecar', async () => (await envoy.ask('legacy')).status === 200, PATIENCE_MS);
  await mesh.delete('/v1/instances/legacy-0');
  await until(
    'it is let go of, though its checks are fine',
    async () => (await envoy.ask('legacy')).status === 503,
    PATIENCE_MS,
  );
  t.equal(await envoy.refusals(), 0);
}
