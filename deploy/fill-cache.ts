/**
 * `node deploy/fill-cache.ts DIST`: runs the bundle's commands once, so that their compiled code is in DIST/cache before the
 * first real start. Node keeps it per version, machine type and user; where it does not fit, code is compiled as usual.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** How long a command may take to say something, or to end. */
const LIMIT_MS = 10_000;

/** A sidecar of a mesh whose control plane is not there: it loads all that a sidecar ever does. */
const BOOTSTRAP = {
  node: { id: 'none', cluster: 'none' },
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
  static_resources: {
    clusters: [
      {
        name: 'none',
        load_assignment: {
          cluster_name: 'none',
          endpoints: [
            {
              lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 1 } } } }],
            },
          ],
        },
      },
    ],
  },
  dynamic_resources: {
    lds_config: { ads: {}, resource_api_version: 'V3' },
    cds_config: { ads: {}, resource_api_version: 'V3' },
    ads_config: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: 'none' } }],
    },
  },
};

const COMMANDS: readonly (readonly string[])[] = [
  ['--help'],
  ['control-plane', '--help'],
  ['proxy', '--config-yaml', JSON.stringify(BOOTSTRAP)],
];

/** See the head of this file. A command that fails leaves the cache as it is. */
export async function fillCache(dist: string): Promise<void> {
  await Promise.all(COMMANDS.map((args) => run(join(dist, 'outrider.cjs'), args)));
}

async function run(bundle: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [bundle, ...args], { stdio: ['ignore', 'ignore', 'pipe'], timeout: LIMIT_MS });
  // Code is kept when the process ends; one that stays says in its log that it is up.
  child.stderr.on('data', (text: Buffer) => text.includes('proxy is up') && child.kill('SIGTERM'));
  await once(child, 'close');
}

if (import.meta.main) await fillCache(process.argv[2] ?? 'dist');
