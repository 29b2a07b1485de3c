/**
 * xDS out of files (`path_config_source`): clusters, endpoints, listeners, routes and secrets, replaced as a whole under
 * load. `PROXY=envoy` judges a real Envoy where the files are such as it takes.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { CA_PEM, SECOND, SERVER, type TestIdentity } from '../../fakes/certificates.ts';
import { ask, endpoint, handshake, Load } from '../../peers/go-control-plane/fixture.ts';
import {
  certificateSecret,
  cluster,
  downstreamTls,
  edsCluster,
  endpoints,
  listener,
  routes,
} from '../../peers/go-control-plane/resources.ts';
import { chosenKind, missingProxy, RunningProxy } from '../../peers/http2/proxies.ts';
import { until } from '../../until.ts';

const KIND = chosenKind();
const skip = missingProxy(KIND);
const OUTRIDER = KIND === 'outrider';
const TYPES = {
  cds: 'envoy.config.cluster.v3.Cluster',
  eds: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  lds: 'envoy.config.listener.v3.Listener',
  rds: 'envoy.config.route.v3.RouteConfiguration',
  sds: 'envoy.extensions.transport_sockets.tls.v3.Secret',
} as const;

type Kind = keyof typeof TYPES;

/** Files that are replaced by a rename, as editors and Kubernetes do. */
class Files {
  readonly #folder: string;
  #count = 0;

  constructor(t: Test) {
    this.#folder = mkdtempSync(path.join(tmpdir(), 'outrider-files-'));
    t.teardown(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  path(name: string): string {
    return path.join(this.#folder, name);
  }

  source(kind: Kind) {
    return { resource_api_version: 'V3', path_config_source: { path: this.path(`${kind}.yaml`) } };
  }

  replace(name: string, text: string): void {
    const made = this.path(`${name}.${++this.#count}`);
    writeFileSync(made, text);
    renameSync(made, this.path(name));
  }

  /** A DiscoveryResponse: JSON is YAML. */
  write(kind: Kind, version: string, resources: readonly object[]): void {
    const typed = resources.map((each) => ({ '@type': `type.googleapis.com/${TYPES[kind]}`, ...each }));
    this.replace(`${kind}.yaml`, JSON.stringify({ version_info: version, resources: typed }, null, 2));
  }
}

function address(port: number) {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

async function start(t: Test, dynamic: object | undefined, statics: (port: number) => object = () => ({})) {
  let port = 0;
  const proxy = await RunningProxy.start(KIND, {
    make: (own, adminPort) => {
      port = own;
      return {
        node: { id: 'alone', cluster: 'shop' },
        admin: { address: address(adminPort) },
        ...(dynamic && { dynamic_resources: dynamic }),
        static_resources: statics(own),
      };
    },
    logLevel: 'debug',
  });
  t.teardown(() => proxy.stop());
  return { proxy, port };
}

// Envoy wants a file of its own for the endpoints of each cluster.
const skipMixed = skip || (OUTRIDER ? false : 'ours alone');

t.test('everything out of files, each replaced under load without a failed request', { skip: skipMixed }, async (t) => {
  const files = new Files(t);
  const [a, b] = await Promise.all([endpoint(t, 'a', { delayMs: 1 }), endpoint(t, 'b', { delayMs: 1 })]);
  const eds = (name: string) => edsCluster(name, { eds_cluster_config: { eds_config: files.source('eds') } });
  files.write('cds', '1', [eds('a')]);
  files.write('eds', '1', [endpoints('a', [a.port])]);
  files.write('rds', '1', [routes('r', 'a')]);
  files.write('lds', '0', []);
  const { proxy, port } = await start(t, { cds_config: files.source('cds'), lds_config: files.source('lds') });
  const main = JSON.parse(
    JSON.stringify(listener('main', port, 'r')).replace(
      '{"ads":{},"resource_api_version":"V3"}',
      JSON.stringify(files.source('rds')),
    ),
  );
  files.write('lds', '1', [main]);
  await until('the first answer', async () => (await ask(port)) === '200 a');
  const load = new Load(port);
  await load.more(20, '200 a');
  files.write('eds', '2', [endpoints('a', [b.port])]);
  await load.more(20, '200 b');
  files.write('eds', '3', [endpoints('a', [b.port]), endpoints('next', [a.port])]);
  files.write('cds', '2', [eds('a'), eds('next')]);
  await until('the cluster', async () => (await page(proxy, 'clusters')).includes('next::'));
  files.write('rds', '2', [routes('r', 'next')]);
  await load.more(20, '200 a');

  files.replace(
    'rds.yaml',
    'resources: [{"@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration, nam: r}]\n',
  );
  files.replace('cds.yaml', 'version_info: "3"\nresources: [');
  if (OUTRIDER) {
    await until(
      'the reasons',
      () => /file refused/.test(proxy.output) && /has no field nam; did you mean name\?/.test(proxy.output),
    );
    await until('counts', async () => /^cluster_manager.cds.update_rejected: 1$/m.test(await page(proxy, 'stats')));
  }
  await load.more(20, '200 a');
  files.write('rds', '4', [routes('r', 'a')]);
  await load.more(20, '200 b');
  t.same(await load.stop('200 a', '200 b'), {});
  t.match(await page(proxy, 'config_dump'), /"version_info": "4"/);
  t.equal((await fetch(`http://127.0.0.1:${proxy.adminPort}/ready`)).status, 200);
});

t.test('secrets out of files, and out of the files that they name, without a control plane', { skip }, async (t) => {
  const files = new Files(t);
  const a = await endpoint(t, 'a');
  const pems = ({ chainPem, keyPem }: TestIdentity) => {
    files.replace('own.pem', chainPem);
    files.replace('own.key', keyPem);
  };
  files.write('sds', '1', [certificateSecret('server', SERVER)]);
  const tls = downstreamTls({
    tls_certificate_sds_secret_configs: [{ name: 'server', sds_config: files.source('sds') }],
  });
  const { port } = await start(t, undefined, (own) => {
    const [chain] = (listener('main', own, 'r', tls) as { filter_chains: { filters: { typed_config: object }[] }[] })
      .filter_chains;
    const { rds: _, ...manager } = chain!.filters[0]!.typed_config as { rds: unknown };
    const filters = [{ ...chain!.filters[0], typed_config: { ...manager, route_config: routes('r', 'a') } }];
    return {
      clusters: [cluster('a', [a.port])],
      listeners: [{ name: 'main', address: address(own), filter_chains: [{ ...chain, filters }] }],
    };
  });
  const name = async () => {
    const { name, socket } = await handshake(port, { ca: CA_PEM });
    socket.destroy();
    return name;
  };
  await until('the first certificate', async () => (await name()) === 'shop.test');
  files.write('sds', '2', [certificateSecret('server', SECOND)]);
  await until('the second one', async () => (await name()) === 'second.test');

  pems(SERVER);
  const named = {
    certificate_chain: { filename: files.path('own.pem') },
    private_key: { filename: files.path('own.key') },
  };
  files.write('sds', '3', [{ name: 'server', tls_certificate: named }]);
  await until('that of the files', async () => (await name()) === 'shop.test');
  if (!OUTRIDER) return;
  // Between the two renames key and certificate do not belong together: what is in use goes on.
  pems(SECOND);
  await until('that of the new files', async () => (await name()) === 'second.test');
});

t.test('a directory whose link is swapped, as Kubernetes mounts it, is read again', { skip }, async (t) => {
  const files = new Files(t);
  const [a, b] = await Promise.all([endpoint(t, 'a'), endpoint(t, 'b')]);
  const mount = (version: string, port: number) => {
    mkdirSync(files.path(version));
    const resource = { '@type': `type.googleapis.com/${TYPES.eds}`, ...endpoints('a', [port]) };
    writeFileSync(files.path(`${version}/eds.yaml`), JSON.stringify({ version_info: version, resources: [resource] }));
    symlinkSync(version, files.path('..data.next'));
    renameSync(files.path('..data.next'), files.path('..data'));
  };
  mount('1', a.port);
  symlinkSync('..data/eds.yaml', files.path('eds.yaml'));
  const source = { path_config_source: { path: files.path('eds.yaml'), watched_directory: { path: files.path('.') } } };
  files.write('lds', '1', []);
  const { port } = await start(t, { lds_config: files.source('lds') }, () => ({
    clusters: [edsCluster('a', { eds_cluster_config: { eds_config: { ...source, resource_api_version: 'V3' } } })],
  }));
  files.write('rds', '1', [routes('r', 'a')]);
  const main = JSON.stringify(listener('main', port, 'r')).replace(
    '{"ads":{},"resource_api_version":"V3"}',
    JSON.stringify(files.source('rds')),
  );
  files.write('lds', '2', [JSON.parse(main)]);
  await until('the first answer', async () => (await ask(port)) === '200 a');
  mount('2', b.port);
  await until('the other one', async () => (await ask(port)) === '200 b');
});

async function page({ adminPort }: RunningProxy, name: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${adminPort}/${name}`)).text();
}
