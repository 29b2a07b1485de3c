/** Where the benches find and keep things. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '..');

/** What the setup built and fetched; not in version control. */
export const PEERS_FOLDER = join(import.meta.dirname, '.peers');

/** The C tools after the setup, by name. */
export function toolPath(name: 'load' | 'bulk' | 'floor'): string {
  return join(PEERS_FOLDER, name);
}

/** The first executable of that name in PATH, or in the folders where Debian keeps servers. */
export function findInPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The HTTP/2 load generator of nghttp2; undefined when it is not there. */
export function findH2load(): string | undefined {
  return findInPath('h2load');
}

/** Envoy's binary: OUTRIDER_BENCH_ENVOY, then what the setup fetched, then PATH. */
export function findEnvoy(): string | undefined {
  const named = process.env.OUTRIDER_BENCH_ENVOY;
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  const fetched = join(PEERS_FOLDER, 'envoy', 'envoy', '_bin', 'envoy');
  return isExecutable(fetched) ? fetched : findInPath('envoy');
}

/** nginx's stream module where it is a separate file; undefined when it is not there (or compiled in). */
export function findNginxStreamModule(): string | undefined {
  const places = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'];
  return places.map((folder) => join(folder, 'ngx_stream_module.so')).find((path) => existsSync(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
