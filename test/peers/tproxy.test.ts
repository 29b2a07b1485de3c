/**
 * Interception that keeps the client's address (TPROXY), in network namespaces of this test: an application with its proxy in
 * one, clients with two addresses of each family in another. HTTP/1.1, HTTP/2 and plain TCP; nftables and iptables.
 */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { CLIENT_ADDRESS_MARK } from '../../protos/contract/sidecar-place.ts';
import { ENVOY } from '../envoy-cases/suite.ts';
import { SERVER as SERVER_IDENTITY } from '../fakes/certificates.ts';
import { OUTRIDER } from '../integration/running-up.ts';
import {
  AS_PROXY,
  AS_TRANSPARENT_PROXY,
  builtBundle,
  Namespaces,
  namespacesMissing,
  ok,
  proxyCounter,
  run,
} from './namespaces.ts';

const APP = { namespace: `or-tapp-${process.pid}`, host: '10.77.3.1' };
const CLIENTS = { namespace: `or-tcli-${process.pid}`, host: '10.77.3.2' };
const NODE = process.execPath;
const ADDRESSES = {
  IPv4: { app: '10.77.3.1', one: '10.77.3.2', two: '10.77.3.3' },
  IPv6: { app: 'fd73::1', one: 'fd73::2', two: 'fd73::3' },
};
const PORTS = { any: 8080, tcp: 9090, loopback: 8082, tls: 8083, noTls: 8084, direct: 22 };

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const listenerFilter = (name: string, type: string, more: object = {}) => ({
  name: `envoy.filters.listener.${name}`,
  typed_config: { '@type': `${TYPE}.listener.${name}.v3.${type}`, ...more },
});
const manager = (cluster: string) => ({
  name: 'http',
  typed_config: {
    '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    route_config: {
      name: 'in',
      virtual_hosts: [{ name: 'any', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster } }] }],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } }],
  },
});
const HTTP = ['http/1.1', 'h2c'];
const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const BOTH = {
  typed_extension_protocol_options: {
    [OPTIONS]: {
      '@type': `type.googleapis.com/${OPTIONS}`,
      use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
    },
  },
};
const TLS = {
  transport_socket: {
    name: 'tls',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext' },
  },
};
const loopback = (name: string, address: string, port_value = PORTS.loopback, more: object = {}) => ({
  name,
  type: 'STATIC',
  connect_timeout: '2s',
  ...more,
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value } } } }] }],
  },
});

/** What the kernel hands it goes on to where it was going, from the client's address; one port leads to loopback. */
const BOOTSTRAP = {
  node: { id: 'sidecar', cluster: 'test' },
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: 15000 } } },
  static_resources: {
    listeners: [
      {
        name: 'inbound',
        address: { socket_address: { address: '::', port_value: 15006, ipv4_compat: true } },
        transparent: true,
        listener_filters: [
          listenerFilter('original_dst', 'OriginalDst'),
          listenerFilter('original_src', 'OriginalSrc', { mark: CLIENT_ADDRESS_MARK }),
          listenerFilter('http_inspector', 'HttpInspector'),
        ],
        listener_filters_timeout: '1s',
        continue_on_listener_filters_timeout: true,
        filter_chains: [
          ...(['::', '0.0.0.0'] as const).map((address_prefix) => ({
            filter_chain_match: {
              destination_port: PORTS.loopback,
              prefix_ranges: [{ address_prefix, prefix_len: 0 }],
            },
            filters: [manager(address_prefix === '::' ? 'loopback6' : 'loopback4')],
          })),
          { filter_chain_match: { destination_port: PORTS.tls }, filters: [manager('tls')] },
          { filter_chain_match: { destination_port: PORTS.noTls }, filters: [manager('no-tls')] },
          { filter_chain_match: { application_protocols: HTTP }, filters: [manager('there')] },
        ],
        default_filter_chain: {
          filters: [
            {
              name: 'tcp',
              typed_config: { '@type': `${TYPE}.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: 'there' },
            },
          ],
        },
      },
      {
        name: 'plain',
        address: { socket_address: { address: '127.0.0.1', port_value: 15101 } },
        filter_chains: [{ filters: [manager('loopback4')] }],
      },
    ],
    clusters: [
      { name: 'there', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '2s', ...BOTH },
      loopback('loopback4', '127.0.0.1'),
      loopback('loopback6', '::1'),
      loopback('tls', '127.0.0.1', PORTS.tls, TLS),
      loopback('no-tls', '127.0.0.1', 7, TLS),
    ],
  },
};

/** Tells the peer that each connection has, and its port: HTTP/1.1 and HTTP/2 on one port, bytes on others. */
const SERVER = `
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import http2 from 'node:http2';
import net from 'node:net';
const peer = (socket) => ({ from: socket.remoteAddress.replace('::ffff:', ''), port: socket.remotePort });
const one = createServer((request, response) => response.end(JSON.stringify({ http: '1.1', ...peer(request.socket) })));
const two = http2.createServer((request, response) => response.end(JSON.stringify({ http: '2', ...peer(request.stream.session.socket) })));
net.createServer((socket) => socket.once('data', (data) => {
  socket.pause();
  (data.subarray(0, 3).toString() === 'PRI' ? two : one).emit('connection', socket);
  socket.unshift(data);
  socket.resume();
}).on('error', () => {})).listen(${PORTS.any}, '::');
for (const host of ['127.0.0.1', '::1']) createServer((request, response) => response.end(JSON.stringify({ http: '1.1', ...peer(request.socket) }))).listen(${PORTS.loopback}, host);
createSecureServer({ key: ${JSON.stringify(SERVER_IDENTITY.keyPem)}, cert: ${JSON.stringify(SERVER_IDENTITY.chainPem)} }, (request, response) => response.end(JSON.stringify({ http: '1.1', ...peer(request.socket) }))).listen(${PORTS.tls}, '127.0.0.1');
for (const port of [${PORTS.tcp}, ${PORTS.direct}]) net.createServer((socket) => socket.once('data', (data) => socket.end(JSON.stringify({ bytes: data.length, ...peer(socket) }))).on('error', () => {})).listen(port, '::', () => console.log('up'));
`;

/** Asks once for each address that it is given, one after the other, each over a connection of its own; prints all answers. */
const CLIENT = `
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
const [kind, host, port, ...from] = process.argv.slice(2);
const ask = {
  http1: (localAddress, done) => http.get({ host, port, localAddress, agent: false }, async (response) => {
    let body = '';
    for await (const chunk of response) body += chunk;
    done(response.statusCode === 200 ? JSON.parse(body) : { status: response.statusCode });
  }).on('error', (error) => done({ error: error.code })),
  http2: (localAddress, done) => {
    const session = http2.connect('http://x', { createConnection: () => net.connect({ host, port, localAddress }) });
    session.on('error', (error) => done({ error: error.code }));
    const stream = session.request({ ':path': '/' });
    let body = '', status;
    stream.setEncoding('utf8').on('response', (head) => { status = head[':status']; }).on('data', (chunk) => { body += chunk; });
    stream.on('end', () => { session.destroy(); done(status === 200 ? JSON.parse(body) : { status }); }).on('error', (error) => done({ error: error.code }));
  },
  tcp: (localAddress, done) => net.connect({ host, port, localAddress }, function () { this.write('\\0hello'); })
    .on('data', (data) => done(JSON.parse(String(data)))).on('error', (error) => done({ error: error.code })).on('close', () => done({ error: 'closed' })),
}[kind];
const answers = [];
for (const each of from) answers.push(await new Promise((resolve) => { setTimeout(() => resolve({ error: 'timeout' }), 6000).unref(); ask(each, resolve); }));
console.log(JSON.stringify(answers));
process.exit(0);
`;

interface Answer {
  readonly from?: string;
  readonly port?: number;
  readonly [more: string]: unknown;
}

const inside = (namespace: string, ...command: readonly string[]) =>
  run('nsenter', `--net=/run/netns/${namespace}`, ...command);

const commandMissing = (command: string) =>
  run(command, '--version').status === 0 ? false : `no ${command}: .ci/run installs it`;

function missing(): string | false {
  return namespacesMissing() || commandMissing('nft');
}

/** By backend: a program that fails with these arguments, and what is said then. */
const FAILURES: Readonly<Record<string, readonly (readonly [program: string, fails: string, says: RegExp])[]>> = {
  nft: [
    ['ip', '-V', /^error: --mode tproxy needs ip, which is not on this machine: install the package iproute2\n$/],
    ['nft', '-f', /^error: nft refused the rules, and nothing was changed: no such .*kernel modules nft_tproxy/],
  ],
  iptables: [
    ['ip', '-6 rule', /^error: ip -6 rule add .* refused the rules, and nothing was changed: no such thing here/],
    ['ip6tables-restore', 'noflush', /^error: ip6tables-restore refused the rules.*kernel modules xt_TPROXY/],
  ],
};

t.test('an application behind a proxy sees its clients', { skip: missing(), timeout: 240_000 }, async (t) => {
  const spaces = new Namespaces(t, [APP.namespace, CLIENTS.namespace]);
  spaces.bridge(CLIENTS, [APP]);
  const addresses = [
    [APP.namespace, 'or-e', ['fd73::1/64']],
    [CLIENTS.namespace, 'or-br', ['10.77.3.3/24', 'fd73::2/64', 'fd73::3/64']],
  ] as const;
  for (const [namespace, link, more] of addresses)
    for (const address of more)
      ok('ip', '-n', namespace, 'addr', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : []));
  await spaces.start(APP.namespace, /up\n?up/, NODE, spaces.file('server.mjs', SERVER));
  const bootstrap = spaces.file('proxy.json', JSON.stringify(BOOTSTRAP));
  const bundle = builtBundle();
  const client = spaces.file('client.mjs', CLIENT);
  const ask = (kind: 'http1' | 'http2' | 'tcp', host: string, port: number, ...from: readonly string[]): Answer[] =>
    JSON.parse(inside(CLIENTS.namespace, NODE, client, kind, host, String(port), ...from).stdout) as Answer[];
  const intercept = (...args: readonly string[]) => inside(APP.namespace, NODE, OUTRIDER, 'intercept', ...args);
  /** All that rules and routes there are. */
  const traces = () =>
    [
      ['nft', 'list', 'ruleset'],
      ['ip', 'rule'],
      ['ip', '-6', 'rule'],
      ['ip', 'route', 'show', 'table', 'all'],
      ['ip', '-6', 'route', 'show', 'table', 'all'],
    ]
      .map(([program, ...args]) => inside(APP.namespace, program!, ...args).stdout)
      .join('\n')
      .replaceAll(/packets \d+ bytes \d+/g, '');
  const counter = (name: string) => proxyCounter((...command) => inside(APP.namespace, ...command), name);

  const untouched = traces();
  const unprivileged = inside(APP.namespace, ...AS_PROXY, NODE, OUTRIDER, 'intercept', '--mode', 'tproxy');
  t.equal(unprivileged.status, 1);
  t.match(unprivileged.stderr, /^error: interception needs the privilege NET_ADMIN: run it as root/);
  t.equal(traces(), untouched, 'and nothing was changed');

  await t.test('without the privilege the listener is not opened, and says so', async (t) => {
    const command = ['timeout', '20', ...AS_PROXY, NODE, bundle, 'proxy', '-c', bootstrap];
    const { status, stdout, stderr } = inside(APP.namespace, ...command);
    t.comment(status, stdout, stderr);
    t.match(stdout + stderr, /listener inbound: .*needs the privilege NET_ADMIN/);
  });

  await spaces.start(APP.namespace, /proxy is up/, ...AS_TRANSPARENT_PROXY, NODE, bundle, 'proxy', '-c', bootstrap);

  for (const backend of ['nft', 'iptables'])
    await t.test(backend, { skip: commandMissing(backend) }, async (t) => {
      // The first look of iptables makes its tables, which are empty and stay.
      for (const command of backend === 'nft' ? [] : ['iptables', 'ip6tables'])
        for (const table of ['nat', 'mangle'])
          for (const chain of ['OUTPUT', 'PREROUTING'])
            for (const what of ['-A', '-D']) inside(APP.namespace, command, '-t', table, what, chain, '-j', 'RETURN');
      const bare = traces();
      t.equal(intercept('--backend', backend, '--no-dns').status, 0, 'redirection first');
      const before = traces();
      for (const round of ['in place of redirection', 'in place of itself']) {
        const { status, stderr } = intercept(
          '--mode',
          'tproxy',
          '--backend',
          backend,
          '--no-dns',
          '--exclude-inbound-ports',
          '22',
        );
        t.equal(status, 0, `${round}: ${stderr}`);
      }
      for (const [family, { app, one, two }] of Object.entries(ADDRESSES)) {
        const turns = [one, two, one, two];
        for (const kind of ['http1', 'http2'] as const) {
          const answers = ask(kind, app, PORTS.any, ...turns);
          t.match(
            answers,
            turns.map((from) => ({ from, http: kind === 'http1' ? '1.1' : '2' })),
            `${family}, ${kind}`,
          );
          const ports = answers.map(({ from, port }) => `${from} ${port}`);
          t.equal(new Set(ports).size, 2, 'each client has a connection of its own, and keeps it');
        }
        t.match(
          ask('tcp', app, PORTS.tcp, ...turns),
          turns.map((from) => ({ from, bytes: 6 })),
          `${family}, bytes`,
        );
        t.match(
          ask('http1', app, PORTS.loopback, ...turns),
          turns.map((from) => ({ from })),
          `${family}, on loopback`,
        );
        t.match(ask('http1', app, 7, one), [{ status: 503 }], 'nobody listens there: the proxy says so');
        const total = counter('cluster.there.upstream_cx_total');
        t.match(ask('tcp', app, PORTS.direct, one), [{ from: one }], `${family}, an excluded port`);
        t.match(ask('http1', app, 15006, one), [{ status: 503 }], 'straight to the proxy: that was going nowhere else');
        t.match(ask('tcp', app, 15006, one), [{ error: /closed|ECONNRESET/ }]);
        t.equal(counter('cluster.there.upstream_cx_total'), total, 'and nothing went round in circles');
      }
      t.equal(counter('cluster.there.bind_errors'), 0);
      const { app, one, two } = ADDRESSES.IPv4;
      t.match(ask('http1', app, PORTS.tls, one, two, one), [{ from: one }, { from: two }, { from: one }], 'over TLS');
      t.match(ask('http1', app, PORTS.noTls, one), [{ status: 503 }], 'TLS to where nobody listens');
      t.match(ask('http1', ADDRESSES.IPv6.app, PORTS.tls, ADDRESSES.IPv6.one), [{ status: 503 }], 'families differ');
      t.ok(counter('cluster.tls.bind_errors') > 0, 'and that is counted');
      t.equal(intercept('--backend', backend, '--no-dns').status, 0, 'redirection again');
      t.equal(traces(), before, 'has no trace of it');
      t.equal(intercept('--mode', 'tproxy', '--backend', backend).status, 0);
      t.equal(intercept('--remove').status, 0);
      t.equal(traces(), bare, 'no trace is left');
      t.equal(intercept('--remove').status, 0, 'there is nothing to take away, and that is no error');

      for (const [program, fails, says] of FAILURES[backend]!) {
        const dir = path.join(spaces.dir, `${backend}-${program}`);
        mkdirSync(dir);
        const real = ok('which', program).trim();
        const script = `#!/bin/sh\ncase "$*" in *'${fails}'*) echo 'no such thing here' >&2; exit 1;; esac\nexec ${real} "$@"\n`;
        chmodSync(spaces.file(`${backend}-${program}/${program}`, script), 0o755);
        const where = `PATH=${dir}:${process.env.PATH}`;
        const args = ['intercept', '--mode', 'tproxy', '--backend', backend, '--no-dns'];
        const { status, stderr } = inside(APP.namespace, 'env', where, NODE, OUTRIDER, ...args);
        t.equal(status, 1, `${program} ${fails} fails`);
        t.match(stderr, says);
        t.equal(traces(), bare, 'and nothing is left half installed');
      }
    });

  await spaces.stop(/ proxy -c /);
  for (const backend of ['nft', 'iptables'])
    await t.test(`${backend}, without the proxy`, { skip: commandMissing(backend) }, async (t) => {
      t.equal(intercept('--mode', 'tproxy', '--backend', backend, '--no-dns').status, 0);
      const { app, one } = ADDRESSES.IPv4;
      t.match(ask('tcp', app, PORTS.tcp, one), [{ error: /timeout|ECONNREFUSED/ }], 'nobody comes in past it');
      t.equal(intercept('--remove').status, 0);
    });

  await t.test(
    'a real Envoy runs the same',
    { skip: existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it' },
    async (t) => {
      const options = ['--use-dynamic-base-id', '--concurrency', '1'];
      await spaces.start(
        APP.namespace,
        /starting workers/,
        ...AS_TRANSPARENT_PROXY,
        ENVOY,
        '-c',
        bootstrap,
        ...options,
      );
      t.equal(intercept('--mode', 'tproxy', '--no-dns').status, 0);
      for (const { app, one, two } of Object.values(ADDRESSES)) {
        const turns = [one, two, one, two];
        const seen = turns.map((from) => ({ from }));
        for (const kind of ['http1', 'http2', 'tcp'] as const)
          t.match(ask(kind, app, kind === 'tcp' ? PORTS.tcp : PORTS.any, ...turns), seen, kind);
        t.match(ask('http1', app, PORTS.loopback, ...turns), seen, 'on loopback');
      }
      t.equal(intercept('--remove').status, 0);
    },
  );
});
