/**
 * `outrider run` on machines that are not the control plane's, in network namespaces: TLS and a token for each workload,
 * callers that come over the network, and an application that knows nothing of the mesh and has no privilege whatsoever,
 * which finds services by name at addresses of its own.
 */
import path from 'node:path';
import t from 'tap';
import { SIDECAR_UID } from '../../protos/contract/sidecar-place.ts';
import { OUTRIDER } from '../integration/running-up.ts';
import { until } from '../until.ts';
import { AS_PROXY, builtBundle, Namespaces, namespacesMissing, ok, run } from './namespaces.ts';

const NODE = process.execPath;
const HUB = `or-hub-${process.pid}`;
const PLACES = [
  { workload: 'web', namespace: `or-web-${process.pid}`, host: '10.78.2.1' },
  { workload: 'catalog', namespace: `or-cat-${process.pid}`, host: '10.78.2.2' },
  { workload: 'db', namespace: `or-db-${process.pid}`, host: '10.78.2.4' },
] as const;
const [WEB, CATALOG, DB] = PLACES;
const CONTROL = '10.78.2.3';
const MESH = `services:
  web: { command: "true", deploy: { replicas: 0 } }
  catalog: { command: "true", deploy: { replicas: 0 }, x-outrider: { port: 8080 } }
  db: { command: "true", deploy: { replicas: 0 }, x-outrider: { port: 5432, protocol: tcp } }
`;
const HTTP_SERVER = `require('node:http').createServer((request, response) => response.end('catalog')).listen(process.env.PORT, '127.0.0.1')`;
const TCP_SERVER = `require('node:net').createServer((socket) => socket.on('error', () => {}).once('data', (data) => socket.end('db ' + data))).listen(process.env.PORT, '127.0.0.1')`;
/** Asks by every way that an application has; prints JSON, then lives on. */
const CLIENT = `
const dns = require('node:dns');
const net = require('node:net');
const tcp = (host, port) => new Promise((resolve) => {
  const socket = net.connect(port, host, () => socket.write('hello'));
  socket.on('data', (data) => resolve(String(data))).on('error', (error) => resolve(error.code));
});
(async () => {
  const looked = await dns.promises.lookup('catalog.mesh');
  const all = await dns.promises.lookup('catalog', { all: true });
  const out = {
    looked: looked.address,
    all,
    callback: await new Promise((resolve) => dns.lookup('db', 4, (error, address, family) => resolve({ address, family }))),
    resolved: await dns.promises.resolve4('catalog.mesh'),
    srv: await dns.promises.resolveSrv('_tcp._tcp.db.mesh'),
    localhost: (await dns.promises.lookup('localhost', 4)).address,
    literal: (await dns.promises.lookup('127.0.0.9')).address,
    missing: await dns.promises.lookup('nosuch.mesh').catch((error) => error.code),
    // Node's own fetch would go by HTTP_PROXY, which is the other way.
    direct: await new Promise((resolve) => require('node:http').get({ host: 'catalog', port: 8080, agent: new (require('node:http').Agent)({ proxyEnv: {} }) }, async (response) => {
      let body = ''; for await (const chunk of response) body += chunk; resolve(body);
    }).on('error', (error) => resolve(error.code))),
    proxied: await (await fetch('http://catalog/')).text(),
    db: await tcp('db', 5432),
    esm: (await import('node:dns')).lookup === dns.lookup,
    at: process.env.OUTRIDER_DNS,
  };
  console.log('client ' + JSON.stringify(out));
  setInterval(() => {}, 1000);
})().catch((error) => console.log('client ' + JSON.stringify({ error: String(error.cause ?? error) })));
`;

function missing(): string | false {
  if (run('openssl', 'version').status !== 0) return 'no openssl: .ci/run installs it';
  if (run('setpriv', '--version').status !== 0) return 'no setpriv (util-linux)';
  return namespacesMissing();
}

t.test('sidecars join a control plane over the network', { skip: missing(), timeout: 240_000 }, async (t) => {
  const spaces = new Namespaces(t, [HUB, ...PLACES.map(({ namespace }) => namespace)]);
  const { dir } = spaces;
  spaces.bridge({ namespace: HUB, host: CONTROL }, PLACES);
  const key = path.join(dir, 'server.key');
  const certificate = path.join(dir, 'server.pem');
  const self = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=hub',
  ];
  const names = `subjectAltName=IP:${CONTROL},IP:127.0.0.1`;
  ok('openssl', 'req', ...self, '-addext', names, '-keyout', key, '-out', certificate);

  const state = path.join(dir, 'state');
  const access = path.join(dir, 'access');
  const tokens = new Map<string, string>(
    PLACES.map(({ workload }) => {
      const asked = ['--role', 'workload', '--workload', workload, '--add', access];
      const token = ok(NODE, OUTRIDER, 'token', 'create', workload, ...asked);
      const file = spaces.file(`${workload}.token`, token);
      ok('chown', String(SIDECAR_UID), file);
      ok('chmod', '0600', file);
      return [workload, file];
    }),
  );
  const places = ['--state', state, '--grpc', `${CONTROL}:15010`, '--http', '127.0.0.1:15080', '--access', access];
  const tls = ['--tls-cert', certificate, '--tls-key', key];
  await spaces.start(HUB, /control plane serves/, NODE, OUTRIDER, 'control-plane', ...places, ...tls);
  const mesh = spaces.file('mesh.yaml', MESH);
  ok('nsenter', `--net=/run/netns/${HUB}`, NODE, OUTRIDER, 'apply', '--state', state, '-f', mesh);

  const bundle = builtBundle();
  // They end what they have started.
  t.teardown(() => spaces.stop(/ run --control-plane /, 'SIGTERM'));
  // What this test's runner does to every Node is not for them.
  const RUN = ['env', '-u', 'NODE_OPTIONS', NODE, bundle, 'run'];
  const join = (workload: string, ...more: readonly string[]) => {
    const who = ['--workload', workload, '--token-file', tokens.get(workload)!];
    return [...RUN, '--control-plane', `${CONTROL}:15010`, ...who, ...more];
  };
  const within = (namespace: string, ...command: readonly string[]) =>
    run('nsenter', `--net=/run/netns/${namespace}`, ...AS_PROXY, ...command);
  const plain = within(WEB.namespace, ...join('web', '--job'), '--', 'true');
  t.match(plain, { status: 2, stderr: /beyond this machine: say whom to trust/ });
  const trust = ['--ca', certificate];
  const stranger = within(WEB.namespace, ...join('web', '--job', '--tls', '--ready-timeout', '3'), '--', 'true');
  t.match(stranger, { status: 1, stderr: /the mesh is not ready after 3 s: waiting for/ });
  const wrong = ['--workload', 'web', '--token-file', tokens.get('db')!, ...trust, '--ready-timeout', '3', '--job'];
  const other = within(WEB.namespace, ...RUN, '--control-plane', `${CONTROL}:15010`, ...wrong, '--', 'true');
  t.match(other, { status: 1, stderr: /the mesh is not ready after 3 s/ }, 'another one’s token');

  const lowPort = ['--job', '--dns-port', '53', '--ready-timeout', '5'];
  const unbound = within(WEB.namespace, ...join('web', ...trust, ...lowPort), '--', 'true');
  t.match(unbound, { status: 1, stderr: /not ready after 5 s: waiting for DNS on port 53/ }, 'readiness names DNS');
  t.match(
    unbound.stderr,
    /DNS cannot bind 127\.0\.0\.1:53: this user may not listen at port 53/,
    'and the log says why',
  );

  const start = (namespace: string, printed: RegExp, ...command: readonly string[]) =>
    spaces.start(namespace, printed, ...AS_PROXY, ...command);
  await Promise.all([
    start(
      CATALOG.namespace,
      /mesh is ready/,
      ...join('catalog', ...trust, '-p', '8080'),
      '--',
      NODE,
      '-e',
      HTTP_SERVER,
    ),
    start(
      DB.namespace,
      /mesh is ready/,
      ...join('db', ...trust, '-p', '5432', '--protocol', 'tcp', '--inbound-port', '25432'),
      '--',
      NODE,
      '-e',
      TCP_SERVER,
    ),
  ]);
  const status = () => ok('nsenter', `--net=/run/netns/${HUB}`, NODE, OUTRIDER, 'instance', 'list', '--state', state);
  await until('both are there', () => [CATALOG.host, `${DB.host}:25432`].every((each) => status().includes(each)));

  const loopback = [...AS_PROXY, '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs'];
  const client = [
    'nsenter',
    `--net=/run/netns/${WEB.namespace}`,
    ...loopback,
    ...join('web', ...trust, '--job', '--loopback'),
  ];
  const printed = spaces.startProgram(/client \{/, ...client, '--', NODE, '-e', CLIENT);
  await printed;
  const found = JSON.parse(/client (\{.*\})/.exec(spaces.output)![1]!) as Record<string, unknown>;
  t.match(found, {
    looked: /^127\.77\./,
    all: [{ address: /^127\.77\./, family: 4 }],
    callback: { address: /^127\.77\./, family: 4 },
    resolved: [/^127\.77\./],
    srv: [{ name: 'db.mesh', port: 5432 }],
    localhost: '127.0.0.1',
    literal: '127.0.0.9',
    missing: /ENOTFOUND|EAI_AGAIN/,
    direct: 'catalog',
    proxied: 'catalog',
    db: 'db hello',
    esm: true,
    at: /^127\.0\.0\.1:\d+$/,
  });
  t.match(spaces.output, /ports below 1024 cannot be listened at here \(net\.ipv4\.ip_unprivileged_port_start\)/);
  // A second application on the same machine has addresses of its own.
  const second = within(
    WEB.namespace,
    ...join('web', ...trust, '--job', '--loopback'),
    '--',
    NODE,
    '-e',
    `require('node:dns').lookup('db', (error, address) => console.log('second ' + address))`,
  );
  t.match(second, { status: 0, stdout: /second 127\.78\./ });
  const dig = run(
    'nsenter',
    `--net=/run/netns/${WEB.namespace}`,
    'dig',
    '+short',
    '-p',
    String(found.at).split(':')[1]!,
    '@127.0.0.1',
    'catalog',
  );
  if (dig.error === undefined) t.match(dig.stdout, /^127\.77\./, 'any program that can be told a server');
});
