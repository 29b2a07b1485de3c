/**
 * A real Prometheus scrapes a running mesh: it finds the sidecars through the control plane's http_sd, and every page
 * parses. `promtool check metrics` has nothing to say about them either.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { request } from 'undici';
import { testFolder } from '../folder.ts';
import { freePort } from '../free-ports.ts';
import { untilWorks } from '../until.ts';

const OUTRIDER = path.join(import.meta.dirname, '..', '..', 'bin', 'outrider');

const SERVICE = `
import { createServer } from 'node:http';
createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
`;

const COMPOSE = (port: number) => `
services:
  web:
    command: ${process.execPath} web.mjs
    ports: ['${port}:80']
    deploy: { replicas: 2 }
    x-outrider: { port: 80, health: { path: / } }
`;

const missing = ['prometheus', 'promtool'].filter((name) => spawnSync(name, ['--version']).error !== undefined);

async function json<T>(url: string, headers: Readonly<Record<string, string>> = {}): Promise<T> {
  const { body } = await request(url, { headers });
  return (await body.json()) as T;
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

interface Targets {
  readonly data: {
    readonly activeTargets: readonly {
      readonly scrapePool: string;
      readonly health: string;
      readonly lastError: string;
    }[];
  };
}

interface Samples {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

const skip = missing.length > 0 ? `no ${missing.join(' and ')}: .ci/run installs it` : false;

t.test('Prometheus finds and scrapes sidecars and control plane', { skip, timeout: 120_000 }, async (t) => {
  const dir = testFolder(t, { 'web.mjs': SERVICE, data: {} });
  const [entry, api, prometheus] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(path.join(dir, 'compose.yaml'), COMPOSE(entry));
  // As deploy/prometheus/prometheus.yml has it: a token that may read, and one job that shows it to the control plane.
  const authorization = { type: 'Bearer', credentials_file: 'token' };
  const add = ['token', 'create', 'prometheus', '--role', 'read', '--add', 'access'];
  const made = spawnSync(process.execPath, [OUTRIDER, ...add], { cwd: dir, encoding: 'utf8' });
  writeFileSync(path.join(dir, 'token'), made.stdout);
  writeFileSync(
    path.join(dir, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: [
        {
          job_name: 'mesh',
          metrics_path: '/stats/prometheus',
          http_sd_configs: [
            { url: `http://127.0.0.1:${api}/v1/prometheus/targets`, refresh_interval: '1s', authorization },
          ],
        },
        {
          job_name: 'control-plane',
          metrics_path: '/metrics',
          authorization,
          static_configs: [{ targets: [`127.0.0.1:${api}`] }],
        },
      ],
    }),
  );
  const arguments_ = [
    'up',
    '-f',
    'compose.yaml',
    '--state',
    'state',
    '--http',
    `127.0.0.1:${api}`,
    '--grpc',
    '127.0.0.1:0',
    '--access',
    'access',
  ];
  const up = spawn(process.execPath, [OUTRIDER, ...arguments_], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [up.stdout, up.stderr]) stream.on('data', (chunk) => (output += chunk));
  const server = spawn(
    'prometheus',
    ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=127.0.0.1:${prometheus}`],
    { cwd: dir, stdio: 'ignore' },
  );
  t.teardown(async () => {
    server.kill('SIGTERM');
    up.kill('SIGINT');
    await Promise.all([ended(up), ended(server)]);
  });
  await untilWorks(`ready: ${output}`, async () => (/^ready$/m.test(output) ? true : undefined), 30_000);
  for (let i = 0; i < 20; i++) await (await request(`http://127.0.0.1:${entry}/`)).body.dump();

  const query = `http://127.0.0.1:${prometheus}/api/v1`;
  const targets = await untilWorks(
    'two sidecars and a control plane, all up',
    async () => {
      const { data } = await json<Targets>(`${query}/targets`);
      const healthy = data.activeTargets.filter((each) => each.health === 'up');
      return healthy.length >= 3 ? data.activeTargets : undefined;
    },
    30_000,
  );
  t.same(
    targets.filter((each) => each.health !== 'up').map((each) => each.lastError),
    [],
    'every target is up',
  );
  t.same(
    targets.map((each) => each.scrapePool).sort(),
    ['control-plane', 'mesh', 'mesh'],
    'two sidecars were found, and the control plane lets Prometheus in',
  );

  const counted = await untilWorks(
    'requests in Envoy’s names',
    async () => {
      const { data } = await json<Samples>(
        `${query}/query?query=${encodeURIComponent('sum(envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="inbound"})')}`,
      );
      const value = Number(data.result[0]?.value[1] ?? 0);
      return value >= 20 ? value : undefined;
    },
    20_000,
  );
  t.ok(counted >= 20, `${counted} answers were counted`);

  const headers = { authorization: `Bearer ${made.stdout.trim()}` };
  for (const { url, ours } of await pages(api, headers)) {
    const { body } = await request(url, { headers });
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: await body.text(), encoding: 'utf8' });
    // Envoy's names break the linter's rules (its exit code is 3 then); our own keep them, and every page parses.
    t.ok(ours ? checked.status === 0 : checked.status !== 1, `promtool reads ${url}: ${ours ? checked.stderr : ''}`);
  }
});

interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

async function pages(
  api: number,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly url: string; readonly ours: boolean }[]> {
  const groups = await json<readonly TargetGroup[]>(`http://127.0.0.1:${api}/v1/prometheus/targets`, headers);
  const sidecars = groups.flatMap(({ targets, labels }) => {
    const path = labels.__metrics_path__ ?? '/stats/prometheus';
    return targets.map((target) => ({ url: `http://${target}${path}`, ours: false }));
  });
  return [...sidecars, { url: `http://127.0.0.1:${api}/metrics`, ours: true }];
}
