/**
 * A pod at work, in network namespaces of this test: the containers that a real API server has put into it run as a kubelet
 * would run them, with the rules of interception in force. The sidecar joins a control plane by its pod's ServiceAccount
 * token, answers the kubelet, carries what strangers send, and leaves when the pod is ended.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { STATE_DIRECTORY, TOKEN_DIRECTORY } from '../../../control-plane/injection/names.ts';
import { container, podOf } from '../../../control-plane/injection/test-fixtures.ts';
import { OUTRIDER } from '../../integration/running-up.ts';
import { until } from '../../until.ts';
import { AS_PROXY, builtBundle, Namespaces, namespacesMissing, ok, run } from '../namespaces.ts';
import type { KubernetesObject } from './api-client.ts';
import { clusterMissing, startCluster } from './cluster.ts';
import { installMesh, tokenOf } from './control-plane.ts';
import { asKubelet, type RunnableContainer } from './kubelet.ts';

const NODE = process.execPath;
const [HOST, POD, STRANGER, SIBLING] = ['node', 'pod', 'stranger', 'sibling'].map(
  (each) => `or-${each}-${process.pid}`,
) as [string, string, string, string];
const ADDRESS = '10.78.1.2';

/** Says who asks, and is ill while a file is there. Nobody listens on the port of the other container. */
const APPLICATION = `
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
createServer(({ url, headers }, response) => {
  const ill = url === '/live' && (existsSync(process.argv[2]) || headers['x-who'] !== 'kubelet');
  response.writeHead(ill ? 500 : 200).end(JSON.stringify(headers));
}).listen(8080, '0.0.0.0', () => console.log('up'));
`;
/** Between a namespace and the machine's loopback there is a socket file; either end of it is a port or the file. */
const RELAY = `
import net from 'node:net';
const [from, to] = process.argv.slice(2).map((each) => each.startsWith('/') ? { path: each } : { host: '127.0.0.1', port: Number(each) });
net.createServer((near) => {
  const far = net.connect(to);
  for (const [a, b] of [[near, far], [far, near]]) a.on('error', () => b.destroy()).on('close', () => b.destroy()).pipe(b);
}).listen(from, () => console.log('up'));
`;
const HTTP = `
const [method, url] = process.argv.slice(1);
fetch(url, { method }).then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.text() })), (e) => console.log(JSON.stringify({ status: 0, body: String(e.cause?.code ?? e) })));
`;
const TCP = `
import net from 'node:net';
const [host, port] = process.argv.slice(1);
net.connect(port, host).on('connect', () => { console.log('accepted'); process.exit(0); }).on('error', ({ code }) => console.log(code));
`;

function accountOf({ spec }: KubernetesObject): string {
  return (spec as { readonly serviceAccountName: string }).serviceAccountName;
}

function missing(): string | false {
  if (run('nft', '--version').status !== 0) return 'no nft: .ci/run installs it';
  return clusterMissing() || namespacesMissing();
}

t.test('an injected pod joins, answers the kubelet, and leaves', { skip: missing(), timeout: 240_000 }, async (t) => {
  const cluster = await startCluster(t, { controllers: false });
  const { api } = cluster;
  const mesh = await installMesh(
    t,
    cluster,
    'pods workload serviceaccount:shop\n',
    'services:\n  cart: { command: x, deploy: { replicas: 0 } }\n',
  );
  const labels = { 'outrider.dev/inject': 'enabled' };
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } });
  for (const name of ['cart', 'web'])
    await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop' } });

  const probe = { httpGet: { path: '/live', port: 8080, httpHeaders: [{ name: 'X-Who', value: 'kubelet' }] } };
  const web = container({ livenessProbe: probe, readinessProbe: probe });
  const database = container({ name: 'db', ports: [], livenessProbe: { tcpSocket: { port: 9090 } } });
  const create = (name: string, account: string) =>
    until(`an injected pod ${name}`, async () => {
      const object = podOf({ serviceAccountName: account, containers: [web, database] } as never, { name });
      const inShop = { ...object, metadata: { ...object.metadata, namespace: 'shop' } } as unknown as KubernetesObject;
      const trial = await api.create(inShop, { dryRun: true });
      const { initContainers } = (trial.body.spec ?? {}) as { readonly initContainers?: unknown };
      return initContainers !== undefined && (await api.create(inShop)).body;
    });
  const pod = await create('cart-0', 'cart');
  const sibling = await create('cart-1', 'cart');
  const other = await create('web-0', 'web');

  const spaces = new Namespaces(t, [HOST, POD, STRANGER, SIBLING]);
  ok('ip', 'link', 'add', 'or-p', 'netns', POD, 'type', 'veth', 'peer', 'name', 'or-n', 'netns', HOST);
  for (const [namespace, device, address] of [
    [POD, 'or-p', ADDRESS],
    [HOST, 'or-n', '10.78.1.1'],
  ] as const) {
    ok('ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', device);
    ok('ip', '-n', namespace, 'link', 'set', device, 'up');
  }
  const inside = (namespace: string, ...command: readonly string[]) =>
    run('nsenter', `--net=/run/netns/${namespace}`, ...command);
  const socket = path.join(spaces.dir, 'control-plane.sock');
  const relay = spaces.file('relay.mjs', RELAY);
  const port = String(mesh.grpcPort);
  await spaces.startProgram(/up/, NODE, relay, socket, port);
  for (const namespace of [POD, STRANGER, SIBLING]) await spaces.start(namespace, /up/, NODE, relay, port, socket);

  const { initContainers } = pod.spec as { readonly initContainers: readonly RunnableContainer[] };
  /** A container of the pod, with the folders and the token of that or of another pod. */
  const runnable = async (name: string, of: KubernetesObject) => {
    const own = path.join(spaces.dir, of.metadata.name!);
    mkdirSync(own, { recursive: true });
    chmodSync(own, 0o777);
    writeFileSync(path.join(own, 'token'), await tokenOf(cluster, 'shop', accountOf(of), 'outrider', of));
    const text = JSON.stringify(initContainers.find((each) => each.name === name));
    const found = JSON.parse(
      text.replaceAll(STATE_DIRECTORY, own).replaceAll(TOKEN_DIRECTORY, own),
    ) as RunnableContainer;
    const fields = { 'metadata.name': 'cart-0', 'metadata.namespace': 'shop', 'status.podIP': ADDRESS };
    const { args, env } = asKubelet(found, fields);
    return { args, env: Object.entries(env).map(([name, value]) => `${name}=${value}`), container: found };
  };
  const bundle = builtBundle();
  const startSidecar = async (namespace: string, of: KubernetesObject) => {
    const { args, env, container } = await runnable('outrider-proxy', of);
    await spaces.start(namespace, /proxy is up/, ...AS_PROXY, 'env', ...env, NODE, bundle, ...args);
    return container;
  };
  /** A request from a namespace. */
  const ask = (from: string, url: string, method = 'GET') => {
    const { stdout, stderr } = inside(from, NODE, '-e', HTTP, method, url);
    return JSON.parse(stdout === '' ? JSON.stringify({ status: 0, body: stderr }) : stdout) as {
      status: number;
      body: string;
    };
  };
  const asKubeletOf = (page: string) => ask(HOST, `http://${ADDRESS}:15020${page}`);

  const rules = await runnable('outrider-intercept', pod);
  const set = inside(POD, NODE, OUTRIDER, ...rules.args);
  t.equal(set.status, 0, set.stderr);
  const sidecar = await startSidecar(POD, pod);
  await until('a sidecar that is ready', () => asKubeletOf('/ready').status === 200, 60_000).catch((error) => {
    throw new Error(`${error}\n${spaces.output}\n${mesh.output()}`);
  });
  t.match(
    asKubeletOf('/probe?name=web-liveness'),
    { status: 503, body: /ECONNREFUSED/ },
    'before the application starts',
  );
  const ill = path.join(spaces.dir, 'ill');
  await spaces.start(POD, /up/, NODE, spaces.file('application.mjs', APPLICATION), ill);
  await until('a healthy instance', () => mesh.instance('cart')?.health === 'healthy', 60_000);
  t.match(mesh.instance('cart'), { id: 'cart/cart-0.shop', address: ADDRESS, port: 15_006, state: 'live' });

  t.match(asKubeletOf('/probe?name=web-liveness'), { status: 200, body: 'OK\n' });
  writeFileSync(ill, '');
  t.match(asKubeletOf('/probe?name=web-readiness'), { status: 503, body: /\/live answered 500\n$/ });
  rmSync(ill);
  t.match(asKubeletOf('/probe?name=db-liveness'), { status: 503, body: /9090.*ECONNREFUSED/ }, 'nobody listens there');
  t.equal(
    inside(HOST, NODE, '--input-type=module', '-e', TCP, ADDRESS, '9090').stdout,
    'accepted\n',
    'the kubelet would not know',
  );
  t.match(asKubeletOf('/stats/prometheus'), { status: 200, body: /envoy_server_live/ });
  for (const page of ['/config_dump', '/leave', '/quitquitquit'])
    t.equal(asKubeletOf(page).status, 404, `${page}: nothing else of the admin port`);
  t.equal(ask(HOST, `http://${ADDRESS}:15020/leave`, 'POST').status, 404);
  const stranger = ask(HOST, `http://${ADDRESS}:8080/`);
  t.match(stranger, { status: 200, body: /"x-forwarded-for":"10\.78\.1\.1"/ }, 'strangers come through the sidecar');

  await startSidecar(STRANGER, other);
  await until('a refusal', () => /bound to workload \\?"web\\?"/.test(mesh.output()));
  const waits = ask(STRANGER, 'http://127.0.0.1:15020/ready');
  t.match(waits, { status: 503, body: /waiting for/ }, 'another ServiceAccount does not become cart');
  await startSidecar(SIBLING, sibling);
  await until('another refusal', () => /cannot be node .*: it is cart\/cart-1\.shop's/.test(mesh.output()));

  const [, ...command] = sidecar.lifecycle!.preStop.exec.command;
  const left = inside(POD, ...AS_PROXY, NODE, ...command);
  t.equal(left.status, 0, left.stderr);
  t.not(mesh.instance('cart')?.state, 'live', 'the control plane has taken it out');
  t.equal(asKubeletOf('/ready').status, 503);
  t.match(asKubeletOf('/probe?name=web-liveness'), { status: 200 }, 'the application still runs');
  const audit = readFileSync(path.join(mesh.directory, 'state', 'audit.log'), 'utf8');
  t.match(audit, /"service account"/, 'who was refused is written down');
});
