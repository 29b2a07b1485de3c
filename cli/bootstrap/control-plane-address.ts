/**
 * How xDS clients of other makes find and verify the control plane, and prove who they are.
 */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ControlPlaneEndpoint } from '../../control-plane/translate/control-plane-cluster.ts';
import { type HostPort, parseHostPort } from '../../kernel/host-port.ts';
import type { CliContext } from '../context.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';
import { DEFAULT_STATE_DIR, readControlPlaneRecord } from '../state-dir.ts';

/** The way to a control plane: a socket file that this user alone may open, or the network. */
export type ControlPlaneAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'network'; readonly endpoint: ControlPlaneEndpoint; readonly token: string | null };

/** Options that say so. Relative paths start from the working directory. */
export interface ControlPlaneOptions {
  readonly controlPlane?: string;
  readonly state?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where a control plane serves xDS when nobody says otherwise. */
export const DEFAULT_XDS = '127.0.0.1:15010';
const SOCKET_FILE = 'xds.sock';

/**
 * The first of: --control-plane, the socket in the state directory (--state, or .outrider under the working directory;
 * passed over when a credential is named), the address in that directory's record, 127.0.0.1:15010.
 */
export function controlPlaneAddress(
  options: ControlPlaneOptions,
  { cwd }: Pick<CliContext, 'cwd'>,
): ControlPlaneAddress {
  const { controlPlane, tokenFile, ca, cert, key } = options;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key belong together: give both');
  const stateDir = path.resolve(cwd, options.state ?? DEFAULT_STATE_DIR);
  const socket = path.join(stateDir, SOCKET_FILE);
  const named = [controlPlane, tokenFile, ca, cert].some((each) => each !== undefined);
  if (!named && existsSync(socket)) return { kind: 'socket', path: socket };
  const record = controlPlane === undefined ? readControlPlaneRecord(stateDir) : undefined;
  const { host, port } = hostPort('--control-plane', controlPlane ?? record?.grpc ?? DEFAULT_XDS);
  const file = (name: string) => path.resolve(cwd, name);
  const asked =
    ca === undefined && cert === undefined ? null : { authorities: ca ? file(ca) : null, name: nameOf(host) };
  return {
    kind: 'network',
    endpoint: {
      host,
      port,
      trust: asked ?? record?.trust ?? null,
      certificate: cert === undefined ? null : { chain: file(cert), key: file(key!) },
    },
    token: tokenFile === undefined ? null : tokenOf(file(tokenFile)),
  };
}

function nameOf(host: string): { readonly kind: 'dns' | 'ip'; readonly value: string } {
  return { kind: isAddress(host) ? 'ip' : 'dns', value: host };
}

function tokenOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliError(`--token-file ${file} cannot be read: ${messageOf(error)}`);
  }
}

/** `HOST:PORT` as its two parts; a UsageError that names `option` when it is anything else. */
export function hostPort(option: string, text: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed === null || parsed.port === 0)
    throw new UsageError(
      `${option} has "${text}": it must be HOST:PORT with a port from 1 to 65535, such as ${DEFAULT_XDS}`,
    );
  return parsed;
}

/** Whether it is an IP address, and not a name. */
export function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}
