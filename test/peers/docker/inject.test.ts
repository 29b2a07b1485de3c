/**
 * `outrider inject`, in containers of a real Docker Engine: applications that know nothing of a mesh, started from the Compose
 * file that they have always had, with sidecars beside them.
 */

import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { OUTRIDER } from '../../integration/running-up.ts';
import { until } from '../../until.ts';
import { run } from '../namespaces.ts';
import { DockerEngine, pidOf, statusLine } from './engine.ts';
import { importOwnImages, importShopImages } from './images.ts';

const NODE = process.execPath;
const SHOP = path.join(import.meta.dirname, 'shop');
const CYCLES = Number(process.env.OUTRIDER_DOCKER_CYCLES ?? 2);
const PATIENCE_MS = 60_000;

const started = await DockerEngine.start();
const engine = started as DockerEngine;
const skip = typeof started === 'string' && started;
if (!skip) t.teardown(() => engine.stop());
t.setTimeout(400_000);

/** Names as docker-compose gives them. */
const container = (service: string) => `mesh_${service}_1`;

function exec(service: string, ...command: readonly string[]) {
  return engine.docker('exec', container(service), ...command);
}

/** What the sidecar beside a service counts. */
function counter(service: string, name: string): number {
  const script = `fetch('http://127.0.0.1:15000/stats').then(async (r) => console.log(await r.text()))`;
  const { stdout } = exec(`${service}-sidecar`, '/bin/node', '-e', script);
  return Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
}

interface Told {
  readonly caller: string;
  readonly catalog: { readonly name: string; readonly caller: string; readonly host: string; readonly peer: string };
}

/** What somebody outside gets of the published port. */
function visit(): Told | undefined {
  const script = `fetch('http://127.0.0.1:8080/').then(async (r) => console.log(await r.text()))`;
  const { stdout } = engine.runBeside(NODE, '-e', script);
  return stdout.startsWith('{') ? (JSON.parse(stdout) as Told) : undefined;
}

function addressOf(service: string): string {
  return engine.ask(
    'inspect',
    '--format',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    container(`${service}-network`),
  );
}

/** Both of the catalog are called from outside: then everything stands. */
async function untilBothAnswer(): Promise<void> {
  const names = new Set<string>();
  await until(
    'both catalogs are called',
    () => {
      const name = visit()?.catalog.name;
      if (name !== undefined) names.add(name);
      return names.size >= 2;
    },
    PATIENCE_MS,
  );
}

t.test('a Compose file with sidecars, in real containers', { skip }, async (t) => {
  importOwnImages(engine);
  importShopImages(engine);
  const original = path.join(engine.dir, 'compose.yaml');
  const file = path.join(engine.dir, 'injected.yaml');
  copyFileSync(path.join(SHOP, 'compose.yaml'), original);
  const inject = (...args: readonly string[]) => run(NODE, OUTRIDER, 'inject', ...args);
  t.match(inject('-f', original, '-o', file), { status: 0 });
  t.match(inject('-f', file, '--check'), { status: 0 }, 'a second run changes nothing');
  t.match(inject('-f', original, '--check'), { status: 1, stderr: /would change/ });

  await engine.compose(file, 'up', '--detach');
  await untilBothAnswer();

  await t.test('HTTP goes through both sidecars, and applications see who calls', async (t) => {
    const before = counter('web', 'cluster.catalog.upstream_rq_2xx');
    const arrived = () =>
      ['catalog', 'catalog-2'].reduce((sum, each) => sum + counter(each, 'http.inbound.downstream_rq_2xx'), 0);
    const inbound = arrived();
    const told = visit();
    t.match(told, { catalog: { caller: addressOf('web'), host: 'catalog', peer: '127.0.0.1' } });
    t.match(told?.caller, /^172\.\d+\.0\.1$/, 'from outside the mesh, too');
    t.equal(counter('web', 'cluster.catalog.upstream_rq_2xx'), before + 1);
    t.equal(arrived(), inbound + 1);
  });

  await t.test('bytes do as well', async (t) => {
    const script = `require('net').connect(5432, 'db', function () { this.end('hello') }).on('data', (data) => console.log(String(data)))`;
    t.match(exec('web', 'node', '-e', script), { stdout: 'hello\n' });
    t.equal(counter('web', 'tcp.db.downstream_cx_total'), 1);
    t.equal(counter('db', 'tcp.inbound.downstream_cx_total'), 1);
    const who = `require('dns').lookup('catalog', (error, address) => console.log(address))`;
    t.match(exec('web', 'node', '-e', who).stdout, /^127\.77\./, 'a name of the mesh');
    t.match(exec('web', 'node', '-e', who.replace('catalog', 'stranger')).stdout, /^172\./, 'a name of Docker');
    t.match(
      exec('stranger', 'node', '-e', who.replace('catalog', 'web')).stdout,
      new RegExp(`^${addressOf('web')}$`, 'm'),
    );
  });

  await t.test('a sidecar may do nothing, and the control plane asks who it is', async (t) => {
    const [sidecar] = JSON.parse(engine.ask('inspect', container('web-sidecar')));
    t.match(sidecar, {
      Config: { User: '1337' },
      HostConfig: { ReadonlyRootfs: true, CapDrop: ['ALL'], CapAdd: null },
    });
    const pid = pidOf(engine, container('web-sidecar'));
    t.match(statusLine(pid, 'CapEff'), /^0+$/);
    t.match(statusLine(pid, 'CapBnd'), /^0+$/);
    t.equal(statusLine(pid, 'NoNewPrivs'), '1');
    t.match(statusLine(pid, 'Uid'), /^1337\s/);
    t.equal(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[2], 'proxy', 'one process, which is the proxy');
    t.match(exec('web-sidecar', '/bin/node', '-e', `fs.writeFileSync('/app/x', '')`).stderr, /EROFS/);
    const network = engine.ask('inspect', '--format', '{{.HostConfig.NetworkMode}}', container('web'));
    t.match(network, /^container:/);
    const status = exec('outrider', '/bin/node', '/app/dist/outrider.cjs', 'status').stdout;
    t.equal(status.match(/yes\s+[\d.]+\s+accepted/g)?.length, 4, status);
    t.match(
      exec('outrider', '/bin/node', '-e', 'console.log(fs.statSync("/run/outrider/web/token").mode & 0o777)').stdout,
      '384',
    );
    const foreign = [
      'outrider',
      'sidecar',
      '--control-plane',
      'outrider:15010',
      '--workload',
      'web',
      '--state',
      '/tmp',
    ];
    const stranger = engine.ask('run', '--detach', '--network', 'mesh_default', '--tmpfs', '/tmp', ...foreign);
    await until(
      'one without a token is refused',
      () =>
        /no token was sent/.test(
          engine.docker('logs', container('outrider')).stdout + engine.docker('logs', container('outrider')).stderr,
        ),
      PATIENCE_MS,
    );
    engine.ask('rm', '--force', stranger);
  });

  await t.test('limits of memory hold for the application as before, and for it alone', async (t) => {
    t.equal(engine.ask('inspect', '--format', '{{.HostConfig.Memory}}', container('catalog')), String(96 * 2 ** 20));
    t.equal(engine.ask('inspect', '--format', '{{.HostConfig.Memory}}', container('catalog-sidecar')), '0');
    t.equal(exec('catalog', 'python3', '-c', 'len(bytearray(200 << 20))').status, 137);
    t.equal(engine.ask('inspect', '--format', '{{.State.Running}}', container('catalog-sidecar')), 'true');
  });

  await t.test('services stop and start under load, and no request fails', async (t) => {
    await untilBothAnswer();
    const load = engine.spawnBeside(NODE, path.join(SHOP, 'load.mjs'));
    let printed = '';
    load.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const name = cycle % 2 === 0 ? 'catalog' : 'catalog-2';
      await engine.compose(file, 'stop', `${name}-drain`, name, `${name}-sidecar`);
      t.match(engine.docker('logs', container(`${name}-drain`)).stdout, /connections that were cut: 0/);
      await engine.compose(file, 'up', '--detach', `${name}-drain`);
      await untilBothAnswer();
    }
    load.kill('SIGTERM');
    await once(load, 'close');
    const { answered, failures } = JSON.parse(printed) as { answered: number; failures: string[] };
    t.same(failures.slice(0, 10), []);
    t.ok(answered > 100, `${answered} answers`);
  });

  await t.test('without the control plane everything goes on, and a sidecar starts from what it knew', async (t) => {
    engine.ask('stop', container('outrider'));
    t.ok(visit());
    const pid = pidOf(engine, container('web-sidecar'));
    engine.ask('kill', container('web-sidecar'));
    engine.ask('start', container('web-sidecar'));
    await until('the sidecar is another process', () => pidOf(engine, container('web-sidecar')) !== pid, PATIENCE_MS);
    await until('it carries traffic', () => visit() !== undefined, PATIENCE_MS);
    engine.ask('start', container('outrider'));
    const accepted = () =>
      /web-\S+\s+yes\s+[\d.]+\s+accepted/.test(
        exec('outrider', '/bin/node', '/app/dist/outrider.cjs', 'status').stdout,
      );
    await until('and joins again', accepted, PATIENCE_MS);
  });

  await t.test('rules are in the containers’ namespaces alone, and go with them', async (t) => {
    const pid = pidOf(engine, container('web-network'));
    t.match(run('nsenter', '-t', String(pid), '-n', 'nft', 'list', 'table', 'inet', 'outrider'), { status: 0 });
    const outside = () => engine.runBeside('nft', 'list', 'tables').stdout + run('nft', 'list', 'tables').stdout;
    t.notMatch(outside(), /outrider/);
    await engine.compose(file, 'down', '--volumes');
    t.equal(engine.ask('ps', '--all', '--quiet'), '');
    t.equal(engine.ask('volume', 'ls', '--quiet'), '');
    t.notMatch(outside(), /outrider/);
    t.notMatch(readFileSync('/proc/self/mounts', 'utf8'), `${engine.dir}/exec/netns/`, 'no namespace is left');
  });
});

t.test('the init image sets rules by iptables, too, and says what it waits for', { skip }, async (t) => {
  const once = ['run', '--rm', '--read-only', '--network', 'none', '--cap-drop', 'ALL'];
  const rights = ['--user', '0', '--cap-add', 'NET_ADMIN', '--cap-add', 'NET_RAW', '--tmpfs', '/run'];
  const set = engine.docker(...once, ...rights, 'outrider-init', 'intercept', '--backend', 'iptables');
  if (/Table does not exist/.test(set.stderr)) t.comment('this kernel has no iptables');
  else t.match(set, { status: 0, stderr: /intercepting by iptables/ });
  t.match(engine.docker(...once, 'outrider-init', 'intercept'), { status: 1, stderr: /needs the privilege NET_ADMIN/ });
  t.match(engine.docker(...once, 'outrider-init', 'ready', '1'), { status: 1, stderr: /not ready after 1 s/ });
  t.match(engine.docker(...once, 'outrider-init', '--version'), { status: 0, stdout: /^\d+\.\d+\.\d+$/m });
});
