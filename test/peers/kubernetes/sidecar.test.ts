/**
 * An injected sidecar at work: the containers that a real API server has put into a pod are run as a kubelet would, though as
 * processes of this machine and on other ports. It joins a control plane by its pod's ServiceAccount token, answers the
 * kubelet, and leaves when the pod is ended.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { request } from 'undici';
import type { MeshStatus } from '../../../cli/commands/status.ts';
import { PORTS, STATE_DIRECTORY, TOKEN_DIRECTORY } from '../../../control-plane/injection/names.ts';
import { container, podOf } from '../../../control-plane/injection/test-fixtures.ts';
import { freePorts } from '../../free-ports.ts';
import { OUTRIDER } from '../../integration/running-up.ts';
import { until, untilWorks } from '../../until.ts';
import type { KubernetesObject } from './api-client.ts';
import { newAuthority } from './certificates.ts';
import { type Cluster, clusterMissing, startCluster } from './cluster.ts';
import { certificateFiles, install, printed } from './installation.ts';
import { asKubelet, type RunnableContainer } from './kubelet.ts';

const MESH = 'services:\n  cart: { command: x, deploy: { replicas: 0 } }\n';

/** A process of the test, which ends with it. */
function start(t: Test, directory: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child: ChildProcess = spawn(process.execPath, [OUTRIDER, ...words], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, output: () => output };
}

/** The token that a kubelet asks for. */
async function tokenOf({ api }: Cluster, namespace: string, account: string, audience?: string): Promise<string> {
  const spec = audience === undefined ? {} : { audiences: [audience] };
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const place = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { status, body } = await api.raw('POST', place, review);
  if (status !== 201) throw new Error(body.message);
  return (body.status as { readonly token: string }).token;
}

/** A container of a pod, with other ports and folders. */
async function runnable(pod: KubernetesObject, name: string, directory: string) {
  const free = await freePorts(Object.keys(PORTS).length);
  const ports = Object.fromEntries(Object.keys(PORTS).map((each, i) => [each, free[i]!])) as Record<
    keyof typeof PORTS,
    number
  >;
  const { initContainers } = pod.spec as { readonly initContainers: readonly RunnableContainer[] };
  let text = JSON.stringify(initContainers.find((each) => each.name === name));
  for (const [each, port] of Object.entries(PORTS))
    text = text.replaceAll(String(port), String(ports[each as keyof typeof PORTS]));
  text = text.replaceAll(STATE_DIRECTORY, directory).replaceAll(TOKEN_DIRECTORY, directory);
  return { ports, container: JSON.parse(text) as RunnableContainer };
}

t.test(
  'an injected sidecar joins, answers the kubelet, and leaves',
  { skip: clusterMissing(), timeout: 240_000 },
  async (t) => {
    const cluster = await startCluster(t, { controllers: false });
    const { api } = cluster;
    const folder = (name: string) => mkdtempSync(path.join(cluster.directory, `${name}-`));

    let health = 200;
    const application = createServer((incoming, outgoing) => {
      outgoing.writeHead(incoming.headers['x-who'] === 'kubelet' ? health : 404).end('cart');
    }).listen(0, '127.0.0.1');
    await once(application, 'listening');
    t.teardown(() => application.close());
    const { port } = application.address() as AddressInfo;

    const [httpPort, grpcPort] = await freePorts(2);
    const directory = folder('control-plane');
    const write = (name: string, content: string) => writeFileSync(path.join(directory, name), content);
    const files = certificateFiles(directory, newAuthority('mesh'));
    write('access', 'pods workload serviceaccount:shop\n');
    write('settings.yaml', `controlPlane: ["localhost:${grpcPort}"]\n`);
    write('mesh.yaml', MESH);
    const objects = await printed(directory, [...files, '--settings', 'settings.yaml', '--injector', 'policy']);
    const system = objects.filter(({ kind }) => kind !== 'Deployment' && kind !== 'PersistentVolumeClaim');
    await install(api, system);
    const labels = { 'outrider.dev/inject': 'enabled' };
    await install(api, [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'cart', namespace: 'shop' } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web', namespace: 'shop' } },
    ]);

    // As the Deployment that is installed has it, with what its pod would have of the API server.
    const credentials = path.join(directory, 'credentials');
    mkdirSync(credentials);
    writeFileSync(path.join(credentials, 'ca.crt'), cluster.authority.pem);
    writeFileSync(path.join(credentials, 'token'), await tokenOf(cluster, 'outrider-system', 'outrider-control-plane'));
    const { spec } = objects.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'outrider-control-plane',
    )!;
    const { containers } = (
      spec as { readonly template: { readonly spec: { readonly containers: readonly RunnableContainer[] } } }
    ).template.spec;
    const replaced: readonly (readonly [string, string])[] = [
      ['/var/lib/outrider/state', 'state'],
      ['/etc/outrider/certificate/tls.crt', 'server.pem'],
      ['/etc/outrider/certificate/tls.key', 'server.key'],
      ['/etc/outrider/certificate/ca.crt', 'ca.pem'],
      ['/etc/outrider/access/access', 'access'],
      ['0.0.0.0:15080', `127.0.0.1:${httpPort}`],
      ['0.0.0.0:15010', `127.0.0.1:${grpcPort}`],
    ];
    const words = containers[0]!.args.map((word) => replaced.find(([from]) => from === word)?.[1] ?? word);
    const inCluster = [
      '--kubernetes-api',
      `https://127.0.0.1:${cluster.port}`,
      '--kubernetes-credentials',
      credentials,
    ];
    const controlPlane = start(t, directory, [...words, ...inCluster]);
    await until('the control plane', () => /control plane serves/.test(controlPlane.output()), 60_000);
    const applied = spawnSync(process.execPath, [OUTRIDER, 'apply', '-f', 'mesh.yaml', '--state', 'state'], {
      cwd: directory,
      encoding: 'utf8',
    });
    t.equal(applied.status, 0, applied.stderr);
    const instance = () => {
      const asked = [OUTRIDER, 'status', '--state', 'state', '-o', 'json'];
      const { stdout } = spawnSync(process.execPath, asked, { cwd: directory, encoding: 'utf8' });
      return (JSON.parse(stdout) as MeshStatus).serviceViews.find(({ name }) => name === 'cart')?.instances[0];
    };

    const probe = { httpGet: { path: '/live', port, httpHeaders: [{ name: 'X-Who', value: 'kubelet' }] } };
    const wanted = podOf(
      {
        serviceAccountName: 'cart',
        containers: [container({ ports: [{ containerPort: port }], livenessProbe: probe, readinessProbe: probe })],
      } as never,
      { name: 'cart-0' },
    );
    const pod = await until('an injected pod', async () => {
      const object = wanted as unknown as KubernetesObject;
      const { body } = await api.create(
        { ...object, metadata: { ...object.metadata, namespace: 'shop' } },
        { dryRun: true },
      );
      return (body.spec as { readonly initContainers?: unknown } | undefined)?.initContainers !== undefined && body;
    });
    const fields = { 'metadata.name': 'cart-0', 'metadata.namespace': 'shop', 'status.podIP': '127.0.0.1' };

    const rules = await runnable(pod, 'outrider-intercept', directory);
    const intercept = spawnSync(process.execPath, [OUTRIDER, ...asKubelet(rules.container, fields).args, '--dry-run'], {
      encoding: 'utf8',
    });
    t.equal(intercept.status, 0, intercept.stderr);
    t.match(intercept.stdout, /1337/);

    /** Runs the sidecar of the pod as a ServiceAccount. */
    const sidecarOf = async (account: string) => {
      const own = folder(account);
      const { ports, container } = await runnable(pod, 'outrider-proxy', own);
      writeFileSync(path.join(own, 'token'), await tokenOf(cluster, 'shop', account, 'outrider'));
      const { args, env } = asKubelet(container, fields);
      const running = start(t, own, args, env);
      const ask = async (page: string) => {
        const { statusCode, body } = await request(`http://127.0.0.1:${ports.health}${page}`);
        return { status: statusCode, body: await body.text() };
      };
      return { ...running, ask, container, ports };
    };
    const sidecar = await sidecarOf('cart');
    await untilWorks('a sidecar that is ready', async () => (await sidecar.ask('/ready')).status === 200, 60_000).catch(
      (error) => {
        throw new Error(`${error}\n${sidecar.output()}\n${controlPlane.output()}`);
      },
    );
    t.match(await sidecar.ask('/probe?name=web-liveness'), { status: 200, body: 'OK\n' });
    t.match(await sidecar.ask('/stats/prometheus'), { status: 200, body: /envoy_server_live/ });
    t.match(await sidecar.ask('/config_dump'), { status: 404 }, 'nothing else of the admin port');
    await until('a healthy instance', () => instance()?.health === 'healthy', 60_000);
    t.match(instance(), { id: 'cart/cart-0.shop', address: '127.0.0.1', port: sidecar.ports.inbound, state: 'live' });
    health = 500;
    t.match(await sidecar.ask('/probe?name=web-liveness'), { status: 503, body: /\/live answered 500\n$/ });
    health = 200;

    const stranger = await sidecarOf('web');
    await until('a refusal', () => /bound to workload \\?"web\\?"/.test(controlPlane.output()));
    t.equal(
      (await untilWorks('its page', () => stranger.ask('/ready'))).status,
      503,
      'it is not ready, and says for whom it waits',
    );

    const [, ...command] = sidecar.container.lifecycle!.preStop.exec.command;
    const left = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 60_000 });
    t.equal(left.status, 0, left.stderr);
    t.not(instance()?.state, 'live', 'the control plane has taken it out');
    t.equal((await sidecar.ask('/ready')).status, 503, 'the application still runs, but nobody is sent here');
    sidecar.child.kill('SIGTERM');
    t.equal(await sidecar.ended, 0);
    await until('its end', () => instance() === undefined);
    t.match(
      readFileSync(path.join(directory, 'state', 'audit.log'), 'utf8'),
      /"service account"/,
      'who it was is written down',
    );
  },
);
