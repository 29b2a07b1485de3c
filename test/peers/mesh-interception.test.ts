/**
 * A mesh whose applications know nothing of it, in network namespaces of this test: a control plane and a server that is
 * no part of the mesh in one, a service and its sidecar in each of two others. Names are in a hosts file.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { bootstrapJson } from '../../control-plane/orchestrator/driver/process/bootstrap.ts';
import { virtualAddressesOf } from '../../control-plane/state/virtual-addresses.ts';
import { stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { OUTRIDER } from '../integration/running-up.ts';
import { AS_PROXY, builtBundle, Namespaces, namespacesMissing, ok, proxyCounter, run } from './namespaces.ts';

const NODE = process.execPath;
const HUB = `or-hub-${process.pid}`;
/** The sidecar of `web` lets its application out of the mesh, that of `catalog` does not. */
const PLACES = [
  { workload: 'web', namespace: `or-web-${process.pid}`, host: '10.77.2.1', egress: 'allow' },
  { workload: 'catalog', namespace: `or-cat-${process.pid}`, host: '10.77.2.2', egress: 'deny' },
] as const;
const [WEB, CATALOG] = PLACES;
const OUTSIDE = '10.77.2.3';
const PORTS = { app: 8080, inbound: 15006, outbound: 15001, admin: 15000, settings: 15009 };
const MESH = `services:
  web: { command: x, deploy: { replicas: 0 } }
  catalog: { command: x, deploy: { replicas: 0 } }
`;

function missing(): string | false {
  if (run('nft', '--version').status !== 0) return 'no nft: .ci/run installs it';
  if (run('unshare', '-m', 'true').status !== 0) return 'mount namespaces cannot be made here';
  return namespacesMissing();
}

/** HTTP and an echo on one port: what begins with a zero byte is no HTTP. Another port for the echo alone. */
const SERVER = `
import { createServer } from 'node:http';
import net from 'node:net';
const http = createServer(({ headers, socket }, response) => response.end(JSON.stringify({ name: process.argv[2], host: headers.host, from: headers['x-forwarded-for'], peer: socket.remoteAddress })));
const echo = (data, socket) => socket.end(process.argv[2] + ' echo ' + data.subarray(1));
net.createServer((socket) => socket.once('data', (data) => {
  if (data[0] === 0) return echo(data, socket);
  socket.pause();
  http.emit('connection', socket);
  socket.unshift(data);
  socket.resume();
}).on('error', () => {})).listen(8080, '0.0.0.0');
net.createServer((socket) => socket.once('data', (data) => echo(data, socket)).on('error', () => {})).listen(9090, '0.0.0.0', () => console.log('up'));
`;

const CLIENT = `
import http from 'node:http';
import net from 'node:net';
const [kind, host, port] = process.argv.slice(2);
const print = (value) => { console.log(JSON.stringify(value)); process.exit(0); };
const fail = (error) => print({ error: error.code ?? String(error) });
setTimeout(() => print({ error: 'timeout' }), 8000);
if (kind === 'http') http.get({ host, port, agent: false }, async (response) => {
  let body = '';
  for await (const chunk of response) body += chunk;
  print({ status: response.statusCode, body });
}).on('error', fail);
else net.connect(port, host, function () { this.write('\\0hello'); }).on('data', (data) => print({ body: String(data) })).on('close', () => print({ error: 'closed' })).on('error', fail);
`;
const PYTHON = `import urllib.request; print(urllib.request.urlopen('http://catalog/', timeout=8).read().decode())`;

t.test(
  'applications that know nothing of the mesh reach its services by name',
  { skip: missing(), timeout: 240_000 },
  async (t) => {
    const spaces = new Namespaces(t, [HUB, ...PLACES.map(({ namespace }) => namespace)]);
    const { dir } = spaces;
    ok('ip', '-n', HUB, 'link', 'add', 'or-br', 'type', 'bridge');
    ok('ip', '-n', HUB, 'addr', 'add', `${OUTSIDE}/24`, 'dev', 'or-br');
    ok('ip', '-n', HUB, 'link', 'set', 'or-br', 'up');
    for (const [i, { namespace, host }] of PLACES.entries()) {
      ok('ip', 'link', 'add', 'or-e', 'netns', namespace, 'type', 'veth', 'peer', 'name', `or-p${i}`, 'netns', HUB);
      ok('ip', '-n', HUB, 'link', 'set', `or-p${i}`, 'master', 'or-br', 'up');
      ok('ip', '-n', namespace, 'addr', 'add', `${host}/24`, 'dev', 'or-e');
      ok('ip', '-n', namespace, 'link', 'set', 'or-e', 'up');
    }
    const hosts = [...virtualAddressesOf(stateOf(MESH))].map(([name, address]) => `${address} ${name} ${name}.mesh\n`);
    spaces.file('hosts', `127.0.0.1 localhost\n${hosts.join('')}`);
    /** What a program in there prints, with the mesh's names in its hosts file. */
    const inside = (namespace: string, ...command: readonly string[]) =>
      run(
        'unshare',
        '-m',
        'sh',
        '-c',
        `mount --bind ${dir}/hosts /etc/hosts && exec nsenter --net=/run/netns/${namespace} "$@"`,
        '-',
        ...command,
      );
    const client = spaces.file('client.mjs', CLIENT);
    const ask = (kind: 'http' | 'tcp', host: string, port: number, namespace: string) => {
      const { stdout, stderr } = inside(namespace, NODE, client, kind, host, String(port));
      return JSON.parse(stdout === '' ? JSON.stringify({ error: stderr }) : stdout) as {
        status?: number;
        body?: string;
        error?: string;
      };
    };
    const counter = (namespace: string, name: string) =>
      proxyCounter((...command) => inside(namespace, ...command), name);

    const server = spaces.file('server.mjs', SERVER);
    await Promise.all([
      spaces.start(HUB, /up/, NODE, server, 'outside'),
      ...PLACES.map(({ namespace, workload }) => spaces.start(namespace, /up/, NODE, server, workload)),
    ]);
    const bundle = builtBundle();
    const state = path.join(dir, 'state');
    await spaces.start(
      HUB,
      /control plane serves/,
      NODE,
      OUTRIDER,
      'control-plane',
      '--state',
      state,
      '--grpc',
      `${OUTSIDE}:15010`,
      '--http',
      '127.0.0.1:15080',
      '--no-auth',
      '--insecure',
    );
    ok(
      'nsenter',
      `--net=/run/netns/${HUB}`,
      NODE,
      OUTRIDER,
      'apply',
      '-f',
      spaces.file('mesh.yaml', MESH),
      '--server',
      'http://127.0.0.1:15080',
    );
    for (const { workload, namespace, host, egress } of PLACES) {
      // Before the sidecar: connections from before the rules would be redirected in the middle.
      const { status, stderr } = inside(namespace, NODE, OUTRIDER, 'intercept', '--no-dns');
      t.equal(status, 0, stderr);
      const directory = path.join(dir, workload);
      mkdirSync(directory);
      chmodSync(directory, 0o777);
      const json = bootstrapJson({
        workload: stateOf(MESH).workloads.get(workload)!,
        index: 0,
        ports: PORTS,
        controlPlanes: [{ host: OUTSIDE, port: 15010 }],
        trust: null,
        tokenFile: null,
        directory,
        settingsFile: path.join(directory, 'settings.json'),
        environment: {},
      });
      const text = JSON.stringify(json)
        .replace('"outrider":{', `"outrider":{"interception":"redirect","egress":"${egress}",`)
        .replace(/("identity":\{[^}]*"address":)"127\.0\.0\.1"/, `$1"${host}"`);
      await spaces.start(
        namespace,
        /proxy is up/,
        ...AS_PROXY,
        NODE,
        bundle,
        'proxy',
        '-c',
        spaces.file(`${workload}.json`, text),
      );
    }

    for (let answer = ask('http', 'catalog', 80, WEB.namespace), left = 20; answer.status !== 200; left--) {
      if (left === 0) throw new Error(`catalog does not answer: ${JSON.stringify(answer)}\n${spaces.output}`);
      await sleep(500);
      answer = ask('http', 'catalog', 80, WEB.namespace);
    }
    const bodyOf = (...question: Parameters<typeof ask>) => JSON.parse(ask(...question).body ?? 'null') as unknown;

    const fromWeb = { name: 'catalog', from: WEB.host, peer: '127.0.0.1' };
    t.match(bodyOf('http', 'catalog', 80, WEB.namespace), { ...fromWeb, host: 'catalog' }, 'HTTP, and who calls');
    t.match(bodyOf('http', 'catalog.mesh', 1234, WEB.namespace), fromWeb, 'under any port');
    const address = virtualAddressesOf(stateOf(MESH)).get('catalog')!;
    t.match(bodyOf('http', address, 80, WEB.namespace), fromWeb, 'by its address');
    for (const [name, ...command] of [
      ['curl', '-sS', '--max-time', '8', 'http://catalog/'],
      ['python3', '-c', PYTHON],
    ] as const) {
      if (run(name, '--version').status !== 0) t.comment(`no ${name} here`);
      else t.match(inside(WEB.namespace, name, ...command).stdout, /"name":"catalog"/, name);
    }
    t.match(ask('tcp', 'catalog', 5432, WEB.namespace), { body: 'catalog echo hello' }, 'what is no HTTP');
    t.match(bodyOf('http', 'web', 80, CATALOG.namespace), { name: 'web', from: CATALOG.host }, 'and the other way');

    t.match(
      bodyOf('http', OUTSIDE, 8080, WEB.namespace),
      { name: 'outside', host: `${OUTSIDE}:8080` },
      'out of the mesh',
    );
    t.match(ask('tcp', OUTSIDE, 9090, WEB.namespace), { body: 'outside echo hello' });
    t.match(ask('http', OUTSIDE, 8080, CATALOG.namespace), { status: 502, body: /lets nothing out of the mesh/ });
    const refusals = () => counter(CATALOG.namespace, 'listener\\.127\\.0\\.0\\.1_15001\\.no_filter_chain_match');
    const before = refusals();
    t.match(ask('tcp', OUTSIDE, 9090, CATALOG.namespace), { error: /closed|ECONNRESET/ }, 'nothing leaves from here');
    t.equal(refusals(), before + 1, 'and it is counted');

    t.match(bodyOf('http', CATALOG.host, 8080, HUB), { name: 'catalog', from: OUTSIDE }, 'from outside, by the port');
    t.match(ask('tcp', CATALOG.host, 9090, HUB), { body: 'catalog echo hello' }, 'another port of the machine');
    for (const port of [15001, 15006])
      t.match(
        ask('http', '127.77.1.1', port, WEB.namespace),
        { error: /ECONNRESET|EPIPE/ },
        'nothing goes round in circles',
      );
  },
);
