/**
 * Interception by the kernel's own redirection, in two network namespaces of this test joined by a pair of interfaces: an
 * application with its proxy in one, a server in the other. IPv4 and IPv6, HTTP and plain TCP, nftables and iptables.
 */
import t from 'tap';
import { OUTRIDER } from '../integration/running-up.ts';
import { AS_PROXY, builtBundle, Namespaces, namespacesMissing, ok, proxyCounter, run } from './namespaces.ts';

const APP = `or-app-${process.pid}`;
const PEER = `or-peer-${process.pid}`;
const NODE = process.execPath;

const inside = (namespace: string, ...command: readonly string[]) =>
  run('nsenter', `--net=/run/netns/${namespace}`, ...command);

function backendMissing(backend: string): string | false {
  return run(backend, '--version').status === 0 ? false : `no ${backend}: .ci/run installs it`;
}

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const listenerFilter = (name: string, type: string) => ({
  name,
  typed_config: { '@type': `${TYPE}.listener.${name}.v3.${type}` },
});

/** Takes what the kernel hands it, and passes it on to where it was going. */
const BOOTSTRAP = {
  node: { id: 'sidecar', cluster: 'test' },
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: 15000 } } },
  static_resources: {
    listeners: [
      {
        name: 'outbound',
        address: { socket_address: { address: '::', port_value: 15001, ipv4_compat: true } },
        listener_filters: [
          listenerFilter('original_dst', 'OriginalDst'),
          listenerFilter('http_inspector', 'HttpInspector'),
        ],
        filter_chains: [
          {
            filter_chain_match: { application_protocols: ['http/1.1', 'h2c'] },
            filters: [
              {
                name: 'http',
                typed_config: {
                  '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
                  stat_prefix: 'out',
                  route_config: {
                    name: 'outbound',
                    response_headers_to_add: [{ header: { key: 'x-way', value: '%DOWNSTREAM_LOCAL_ADDRESS%' } }],
                    virtual_hosts: [
                      {
                        name: 'any',
                        domains: ['*'],
                        routes: [{ match: { prefix: '/' }, route: { cluster: 'there' } }],
                      },
                    ],
                  },
                  http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } }],
                },
              },
            ],
          },
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
    ],
    clusters: [{ name: 'there', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '2s' }],
  },
};

const SERVER = `
import { createServer } from 'node:http';
import net from 'node:net';
createServer((request, response) => response.end('served ' + request.headers.host)).listen(8080, '::');
net.createServer((socket) => socket.on('data', (data) => socket.end('echo ' + data))).listen(9090, '::', () => console.log('up'));
`;

/** One HTTP request, printed as JSON; or an echo over plain TCP. */
const CLIENT = `
import http from 'node:http';
import net from 'node:net';
const [kind, host, port] = process.argv.slice(2);
const fail = (error) => { console.log(JSON.stringify({ error: error.code ?? String(error) })); process.exit(0); };
if (kind === 'http') http.get({ host, port, agent: false }, async (response) => {
  let body = '';
  for await (const chunk of response) body += chunk;
  console.log(JSON.stringify({ status: response.statusCode, way: response.headers['x-way'], body }));
}).on('error', fail).setTimeout(5000, function () { this.destroy(new Error('timeout')); });
else net.connect(port, host, function () { this.write('\\0hello'); }).on('data', (data) => console.log(JSON.stringify({ body: String(data) }))).on('error', fail);
`;

const skip = namespacesMissing();

t.test(
  'what processes dial goes through the proxy, and on to where it was going',
  { skip, timeout: 90_000 },
  async (t) => {
    const spaces = new Namespaces(t, [APP, PEER]);
    ok('ip', 'link', 'add', 'or-a', 'netns', APP, 'type', 'veth', 'peer', 'name', 'or-b', 'netns', PEER);
    for (const [namespace, link, host] of [
      [APP, 'or-a', 1],
      [PEER, 'or-b', 2],
    ] as const) {
      ok('ip', '-n', namespace, 'link', 'set', link, 'up');
      ok('ip', '-n', namespace, 'addr', 'add', `10.77.1.${host}/24`, 'dev', link);
      ok('ip', '-n', namespace, 'addr', 'add', `fd77::${host}/64`, 'dev', link, 'nodad');
    }
    await spaces.start(PEER, /up/, NODE, spaces.file('server.mjs', SERVER));
    const bootstrap = spaces.file('proxy.json', JSON.stringify(BOOTSTRAP));
    await spaces.start(APP, /proxy is up/, ...AS_PROXY, NODE, builtBundle(), 'proxy', '-c', bootstrap);
    const client = spaces.file('client.mjs', CLIENT);
    const ask = (kind: 'http' | 'tcp', host: string, port: number, namespace = APP) =>
      JSON.parse(inside(namespace, NODE, client, kind, host, String(port)).stdout) as Record<string, unknown>;
    const intercept = (...args: readonly string[]) => inside(APP, NODE, OUTRIDER, 'intercept', ...args);
    const rules = () => inside(APP, 'nft', 'list', 'ruleset').stdout + inside(APP, 'iptables-save').stdout;
    const counter = (name: string) => proxyCounter((...command) => inside(APP, ...command), name);

    t.match(ask('http', '10.77.1.2', 8080), { status: 200, way: undefined }, 'directly, without rules');

    for (const backend of ['nft', 'iptables'])
      await t.test(backend, { skip: backendMissing(backend) }, async (t) => {
        for (const round of ['first run', 'second run']) {
          const { status, stderr } = intercept('--backend', backend, '--no-dns', '--exclude-outbound-ports', '9999');
          t.equal(status, 0, `${round}: ${stderr}`);
        }
        t.match(ask('http', '10.77.1.2', 8080), { status: 200, way: '10.77.1.2:8080', body: 'served 10.77.1.2:8080' });
        t.match(ask('http', 'fd77::2', 8080), { status: 200, way: '[fd77::2]:8080', body: 'served [fd77::2]:8080' });
        t.match(ask('tcp', '10.77.1.2', 9090), { body: 'echo \0hello' });
        t.match(ask('tcp', 'fd77::2', 9090), { body: 'echo \0hello' });
        t.match(
          ask('tcp', '10.77.1.2', 9999),
          { error: 'ECONNREFUSED' },
          'an excluded port: the refusal is the peer’s own',
        );
        t.match(ask('http', '10.77.1.2', 7), { status: 503 }, 'nobody listens there: the proxy says so');
        const before = counter('cluster.there.upstream_cx_total');
        t.match(
          ask('http', '127.77.1.1', 15001),
          { error: /ECONNRESET|EPIPE/ },
          'the way to the proxy itself is no way',
        );
        t.match(ask('http', '127.0.0.1', 15001), { status: 503 }, 'whoever dials it directly was going nowhere else');
        t.equal(counter('cluster.there.upstream_cx_total'), before, 'and nothing went round in circles');
        t.ok(counter('listener\\.\\[__\\]_15001\\.downstream_cx_redirect_loop') >= 1);
        t.equal(intercept('--remove').status, 0);
        t.notMatch(rules(), /outrider/i, 'no trace is left');
        t.match(ask('http', '10.77.1.2', 8080), { status: 200, way: undefined });
        t.equal(intercept('--remove').status, 0, 'there is nothing to take away, and that is no error');
      });

    const unprivileged = inside(APP, ...AS_PROXY, NODE, OUTRIDER, 'intercept');
    t.equal(unprivileged.status, 1);
    t.match(unprivileged.stderr, /^error: interception needs the privilege NET_ADMIN: run it as root/);
    t.notMatch(rules(), /outrider/i);
  },
);
