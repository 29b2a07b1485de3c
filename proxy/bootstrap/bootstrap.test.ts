import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { TEST_CERTIFICATE_PEM, TEST_KEY_PEM } from '../config/decode/test-certificates.ts';
import { loadBootstrap } from './load-bootstrap.ts';
import { type BootstrapResult, formatBootstrapError, readBootstrap } from './read-bootstrap.ts';
import { SourceText } from './source-text.ts';

/** Commands that appear in the suite. */
const COMMANDS =
  'REQ PROTOCOL RESPONSE_CODE RESPONSE_FLAGS BYTES_RECEIVED BYTES_SENT UPSTREAM_HOST UPSTREAM_CLUSTER ROUTE_NAME ' +
  'UPSTREAM_REQUEST_ATTEMPT_COUNT DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT';

const SOURCES = {
  readFile: (path: string) =>
    path.includes('CERTS')
      ? ({ ok: true, text: path.endsWith('.key') ? TEST_KEY_PEM : TEST_CERTIFICATE_PEM } as const)
      : ({ ok: false, problem: `${path} cannot be read: ENOENT` } as const),
  readVariable: (name: string) => ({ ok: false, problem: `the environment variable ${name} is not set` }) as const,
  wallMs: () => 0,
  formatCommands: new Set(COMMANDS.split(' ')),
};

/** Areas whose cases the proxy does completely. */
const COMPLETE = ['routing', 'config'];

interface EnvoyCase {
  readonly id: string;
  readonly area: string;
  readonly bootstrap: unknown;
  readonly refused?: boolean;
}

function read(text: string): Promise<BootstrapResult> {
  return readBootstrap('mesh.yaml', text, SOURCES);
}

/** The errors as a person sees them. */
async function errors(text: string): Promise<string[]> {
  const result = await read(text);
  return result.ok ? [] : result.errors.map(formatBootstrapError);
}

async function accepted(text: string) {
  const result = await read(text);
  if (!result.ok) throw new Error(result.errors.map(formatBootstrapError).join('\n'));
  return result.bootstrap;
}

const CLUSTERS = `
static_resources:
  clusters:
  - name: control-plane
    load_assignment:
      cluster_name: control-plane
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 18000}}}}]}]
`;

const DYNAMIC = `
node: {id: cart-1, cluster: cart, locality: {zone: z1}, metadata: {team: shop}}
dynamic_resources:
  lds_config: {ads: {}, resource_api_version: V3}
  cds_config: {ads: {}}
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    grpc_services: [{envoy_grpc: {cluster_name: control-plane}}]
`;

t.test('the bootstraps of the Envoy suite are read, or refused with a place', async (t) => {
  const path = new URL('../../test/envoy-cases/cases.json', import.meta.url);
  const cases = JSON.parse(readFileSync(path, 'utf8')) as EnvoyCase[];
  for (const { id, area, bootstrap, refused } of cases) {
    const text = JSON.stringify(bootstrap, null, 2).replaceAll(/"\$\{(LISTEN|ADMIN|UP)\d?\}"/g, '10000');
    const result = await read(text);
    if (refused === true) t.notOk(result.ok, `${id} must be refused`);
    else if (COMPLETE.includes(area)) t.ok(result.ok, id);
    if (!result.ok && result.errors.some((error) => error.path === '' || error.line < 2))
      t.fail(`${id}: an error without a place`);
  }
});

t.test('a bootstrap says who the node is, where the control plane is, and what is static', async (t) => {
  const bootstrap = await accepted(
    `${DYNAMIC}${CLUSTERS}\nadmin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}\n`,
  );
  t.same(bootstrap.node, {
    id: 'cart-1',
    cluster: 'cart',
    region: '',
    zone: 'z1',
    subZone: '',
    metadata: { team: 'shop' },
  });
  t.same(bootstrap.admin, { host: '127.0.0.1', port: 9901 });
  t.same(bootstrap.ads, {
    delta: true,
    clusterName: 'control-plane',
    authority: 'control-plane',
    initialMetadata: [],
  });
  const source = { file: null, fetchTimeoutMs: 15_000 };
  t.same(bootstrap.dynamic, { clusters: source, listeners: source });
  t.same([...bootstrap.statics.clusters.keys()], ['control-plane']);
  t.equal(bootstrap.agent, null);
  t.throws(() => Object.assign(bootstrap.node, { id: 'x' }), 'it is frozen');
});

t.test('YAML and JSON of the same contents give the same bootstrap', async (t) => {
  const yaml = await accepted(`${DYNAMIC}${CLUSTERS}`);
  const json = JSON.stringify(new SourceText(`${DYNAMIC}${CLUSTERS}`).value(), null, '\t');
  t.same(await accepted(json), yaml);
  t.same(await accepted(JSON.stringify(JSON.parse(json))), yaml);
});

t.test('JSON names a member once, as YAML does, and its errors have a place', async (t) => {
  t.match(await errors('{"node": {"id": "a:b", "id": "c"}}'), [/^mesh\.yaml:1:24: Map keys must be unique/]);
  t.match(await errors('{\n  "node": {"id": "a\\":", "idd": "b"}\n}'), [
    /^mesh\.yaml:2:26: node\.idd: Node has no field/,
  ]);
  t.match(await errors('null'), [/^mesh\.yaml:1:1: the file is empty/]);
  t.match(await errors('[]'), [/an object is needed here, not a list/]);
});

t.test('an error names file, line, column, path, and the nearest valid name', async (t) => {
  const text =
    'node:\n  id: a\nstaticResources:\n  clusters:\n  - name: a\n    lb_polcy: RANDOM\n    connectTimeout: 5\n';
  t.same(await errors(text), [
    'mesh.yaml:6:5: static_resources.clusters[0].lb_polcy: Cluster has no field lb_polcy; did you mean lb_policy?',
    'mesh.yaml:7:5: static_resources.clusters[0].connect_timeout: a duration such as "1.5s" is needed here, not 5',
  ]);
  t.same(await errors('static_resources:\n  clusters:\n  - connectTimeout: 0s\n'), [
    'mesh.yaml:3:5: static_resources.clusters[0].name: must not be empty',
    'mesh.yaml:3:5: static_resources.clusters[0].connect_timeout: 0s must be above 0ms',
  ]);
});

t.test('an error of syntax has its place too', async (t) => {
  t.match(await errors('node: {id: a\nadmin: {}\n'), [/^mesh\.yaml:\d+:\d+: /]);
  t.match(await errors('node: {id: a}\nnode: {id: b}\n'), [/^mesh\.yaml:2:1: Map keys must be unique/]);
  t.match(await errors(''), [/^mesh\.yaml:1:1: the file is empty/]);
  t.match(await errors('- a\n'), [/an object is needed here, not a list/]);
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefg'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdef'[i]}, `.repeat(9)}]`),
  ];
  t.match(await errors(bomb.join('\n')), [/alias/i]);
});

t.test('the local cluster is a static one', async (t) => {
  const named = (name: string) =>
    `cluster_manager: {local_cluster_name: ${name}}\nstatic_resources: {clusters: [{name: peers}]}\n`;
  t.match(await errors(named('pears')), [/cluster_manager\.local_cluster_name: there is no static cluster pears/]);
  t.same(await errors(named('peers')), []);
  t.end();
});

t.test('the control plane must be a static cluster, and the node must have a name', async (t) => {
  t.match(await errors(`${DYNAMIC.replace('cluster_name: control-plane', 'cluster_name: controlplane')}${CLUSTERS}`), [
    /grpc_services\[0\]\.envoy_grpc\.cluster_name: there is no static cluster controlplane; did you mean control-plane\?/,
  ]);
  t.match(await errors(`${DYNAMIC.replace('id: cart-1, ', '')}${CLUSTERS}`), [
    /^mesh\.yaml:2:1: node: node\.id and node\.cluster are required/,
  ]);
  t.match(await errors(`${DYNAMIC.split('  ads_config:')[0]}${CLUSTERS}`), [
    /lds_config and cds_config need ads_config/,
  ]);
  t.match(await errors(`${DYNAMIC.replace('DELTA_GRPC', 'REST')}${CLUSTERS}`), [
    /api_type REST is not supported by Outrider, only GRPC, DELTA_GRPC/,
  ]);
});

t.test('runtime layers are flattened, and a later one wins', async (t) => {
  const layers =
    'layered_runtime: {layers: [{name: a, static_layer: {x: {y: 1, z: true}, f: {numerator: 5, denominator: MILLION}}}, {name: b, static_layer: {x.y: 2}}';
  const plain = await accepted(`${layers}]}`);
  t.same(
    [...plain.runtime],
    [
      ['x.y', '2'],
      ['x.z', 'true'],
      ['f', '0.0005'],
    ],
  );
  t.equal(plain.runtimeModifiable, false);
  t.equal((await accepted(`${layers}, {name: c, admin_layer: {}}]}`)).runtimeModifiable, true);
});

t.test('the agent’s settings come from a bootstrap extension', async (t) => {
  const agent = (more: string) => `
bootstrap_extensions:
- name: agent
  typed_config:
    "@type": type.googleapis.com/outrider.agent.v1.AgentConfig
    cluster_name: control-plane
    identity: {workload: cart, services: [cart, shop], address: 10.0.0.1, port: 15000, metadata: {a: b}}
    settings_port: 15005
    ${more}
${CLUSTERS}`;
  t.match((await accepted(agent('health_check: {http: {path: /healthz}, port: 8080}'))).agent, {
    workload: 'cart',
    services: ['cart', 'shop'],
    protocol: 'http',
    weight: 100,
    settingsPort: 15_005,
    settingsFile: null,
    check: { probe: { kind: 'http', path: '/healthz' }, port: 8080, intervalMs: 1_000, timeoutMs: 1_000 },
  });
  t.match((await accepted(agent('health_check: {tcp: {}, port: 8080}'))).agent?.check, { probe: { kind: 'tcp' } });
  t.match((await accepted(agent('health_check: {grpc: {service: a.B}, port: 8080}'))).agent?.check, {
    probe: { kind: 'grpc', service: 'a.B' },
  });
  const probes = 'probes: {web-liveness: {http: {path: /live, tls: true, headers: {A: b}}, port: 8443}}';
  const http = { kind: 'http', path: '/live', tls: true, headers: { A: 'b' } } as const;
  t.match((await accepted(agent(probes))).agent?.probes.get('web-liveness'), { probe: http, port: 8443 });
  t.match(await errors(agent('probes: {web-liveness: {port: 0}}')), [
    /probes\[?"?\.?web-liveness.*port: 0 is no port/,
    /web-liveness.*one of http, tcp, grpc, command is required/,
  ]);
  t.match(await errors(agent('health_check: {port: 0}')), [
    /health_check\.port: 0 is no port/,
    /health_check: one of http, tcp, grpc, command is required/,
  ]);
  t.match(await errors(agent('').replace('cluster_name: control-plane', 'cluster_name: nope')), [
    /there is no static cluster nope/,
  ]);
});

t.test('names of static resources are unique', async (t) => {
  t.match(await errors('static_resources: {clusters: [{name: a}, {name: a}]}'), [
    /clusters\[1\]\.name: the name a is taken already/,
  ]);
});

t.test('a place that is not in the file is the nearest one that is', async (t) => {
  const source = new SourceText('a: &x\n  bC:\n  - d: 1\nother: *x\n');
  t.same(source.locate(['a', 'b_c', 0, 'd']), { line: 3, column: 5 });
  t.same(source.locate(['a', 'b_c', 7, 'd']), { line: 2, column: 3 });
  t.same(source.locate(['other', 'b_c', 0, 'd']), { line: 3, column: 5 }, 'through an anchor');
  t.same(source.locate([]), { line: 1, column: 1 });
});

t.test('a bootstrap is loaded from disk, with the files that it names', async (t) => {
  const folder = t.testdir({ 'page.html': '<h1>shop</h1>' });
  const type = 'type.googleapis.com/envoy.extensions.filters';
  const listener = (file: string) => `
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": ${type}.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: test
          http_filters: [{name: router, typed_config: {"@type": ${type}.http.router.v3.Router}}]
          route_config:
            virtual_hosts:
            - name: all
              domains: ['*']
              routes: [{match: {prefix: /}, direct_response: {status: 200, body: {filename: ${join(folder, file)}}}}]
`;
  const load = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return loadBootstrap(join(folder, name), SOURCES.formatCommands, {});
  };
  const good = await load('good.yaml', listener('page.html'));
  t.ok(
    good.ok && good.bootstrap.statics.listeners.has('127.0.0.1:0'),
    'a listener without a name is named after its address',
  );
  t.match(await load('bad.yaml', listener('none.html')), {
    ok: false,
    errors: [{ line: 16, message: /none\.html cannot be read: ENOENT/ }],
  });
  const none = join(folder, 'none.yaml');
  t.match(await loadBootstrap(none, SOURCES.formatCommands, {}), {
    ok: false,
    errors: [{ message: `${none} cannot be read: ENOENT` }],
  });
});
