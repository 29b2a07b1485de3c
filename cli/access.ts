/**
 * How a command proves who runs it, and knows whom it talks to.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { Agent, type Dispatcher } from 'undici';
import type { CliContext } from './context.ts';
import { CliError, messageOf, UsageError } from './errors.ts';
import { type ControlPlaneRecord, DEFAULT_STATE_DIR, readControlPlaneRecord } from './state-dir.ts';

/** Options that prove and verify. Relative paths start from the working directory. */
export interface AccessOptions {
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly state?: string;
}

/** What a client of the control plane is made with. */
export interface Access {
  readonly dispatcher: Dispatcher;
  /** The bearer token for the next request; undefined: none. */
  readonly token: () => string | undefined;
}

/** The token of the directory's owner, which its control plane writes. */
const LOCAL_TOKEN_FILE = 'admin.token';
const CONNECT_TIMEOUT_MS = 2000;

/**
 * The token: the first of --token-file, OUTRIDER_TOKEN, and the state directory's own, which goes to no other control
 * plane than the one of that directory. The certificate's authority: --ca, that directory's, the system's.
 */
export function accessTo(
  address: string,
  options: AccessOptions,
  context: Pick<CliContext, 'env' | 'cwd' | 'dispatcher'>,
): Access {
  const stateDir = path.resolve(context.cwd, options.state ?? DEFAULT_STATE_DIR);
  const record = readControlPlaneRecord(stateDir);
  const own = record !== undefined && isSame(record.http, address) ? record : undefined;
  const local = own === undefined ? undefined : localAccess(stateDir);
  const named = namedToken(options, context);
  const connect = tlsOptions(options, context.cwd, own);
  return {
    dispatcher: context.dispatcher ?? new Agent({ connect }),
    token: named === undefined ? (local?.token ?? (() => undefined)) : () => named,
  };
}

/** Access to the control plane of a state directory, as its owner. Read anew for each request: it may be started again. */
export function localAccess(stateDir: string): Access {
  const record = readControlPlaneRecord(stateDir);
  return {
    dispatcher: new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS, ...trustOptions(record) } }),
    token: () => {
      const { pid } = readControlPlaneRecord(stateDir) ?? {};
      // Once it is dead its port may be somebody else's, who would like to have the token.
      return pid !== undefined && isOurs(pid) ? textOf(path.join(stateDir, LOCAL_TOKEN_FILE)) : undefined;
    },
  };
}

function namedToken({ tokenFile }: AccessOptions, { env, cwd }: Pick<CliContext, 'env' | 'cwd'>): string | undefined {
  if (tokenFile !== undefined) return needed('--token-file', tokenFile, cwd).trim();
  return env.OUTRIDER_TOKEN || undefined;
}

function tlsOptions({ ca, cert, key }: AccessOptions, cwd: string, own: ControlPlaneRecord | undefined) {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key belong together: give both');
  return {
    timeout: CONNECT_TIMEOUT_MS,
    ...(ca === undefined ? trustOptions(own) : { ca: needed('--ca', ca, cwd) }),
    ...(cert === undefined ? {} : { cert: needed('--cert', cert, cwd), key: needed('--key', key!, cwd) }),
  };
}

/** As the control plane's own record says. */
function trustOptions(record: ControlPlaneRecord | undefined) {
  const trust = record?.trust;
  if (trust === undefined || trust === null) return {};
  const { authorities, name } = trust;
  const ca = authorities === null ? undefined : textOf(authorities);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(name?.kind === 'dns' ? { servername: name.value } : {}),
    // The address of the record says where it listens, the certificate who it is.
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      name === null ? undefined : checkServerIdentity(name.value, certificate),
  };
}

function isSame(recorded: string, address: string): boolean {
  return URL.parse(recorded)?.origin === URL.parse(address)?.origin;
}

function isOurs(pid: number): boolean {
  try {
    // Signals reach nobody else's processes.
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function needed(option: string, file: string, cwd: string): string {
  try {
    return readFileSync(path.resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new CliError(`${option} ${file} cannot be read: ${messageOf(error)}`);
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
