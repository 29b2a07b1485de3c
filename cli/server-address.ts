/**
 * Which control plane a command talks to.
 */
import path from 'node:path';
import type { AccessOptions } from './access.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';
import { DEFAULT_STATE_DIR, readControlPlaneRecord } from './state-dir.ts';

/** Where a control plane listens when nobody says otherwise. */
export const DEFAULT_SERVER = 'http://127.0.0.1:15080';

/** Options that name the control plane. */
export interface ServerOptions extends AccessOptions {
  readonly server?: string;
  /** Why something is changed, for the history. */
  readonly message?: string;
}

/**
 * The first of: --server, OUTRIDER_SERVER, the record in the state directory (--state, or .outrider under the working
 * directory), http://127.0.0.1:15080. A host and port without a scheme gets http://.
 */
export function serverAddress(options: ServerOptions, context: Pick<CliContext, 'env' | 'cwd'>): string {
  const named = options.server ?? context.env.OUTRIDER_SERVER;
  if (named) return checked(named);
  const record = readControlPlaneRecord(path.resolve(context.cwd, options.state ?? DEFAULT_STATE_DIR));
  return record?.http ?? DEFAULT_SERVER;
}

function checked(address: string): string {
  const url = URL.parse(/^https?:\/\//.test(address) ? address : `http://${address}`);
  if (url === null)
    throw new UsageError(`the control plane's address "${address}" is not a URL such as ${DEFAULT_SERVER}`);
  return url.origin;
}
