/**
 * Where etcd is and who we are there, as a command line says it. PURE apart from the files that are read through `readFile`.
 */
import { err, ok, type Result } from '../../../kernel/result.ts';

/** See the head of this file. */
export interface EtcdSettings {
  /** `host:port` each, at least one. */
  readonly endpoints: readonly string[];
  /** Every key starts with it; ends in a slash. */
  readonly prefix: string;
  /** Null: no authentication. */
  readonly user: { readonly name: string; readonly password: string } | null;
  /** Null: plaintext. */
  readonly tls: EtcdTls | null;
}

/** PEM. */
export interface EtcdTls {
  /** Null: the authorities that Node trusts. */
  readonly authorities: Buffer | null;
  /** Ours, with its key; null: none is shown. */
  readonly client: { readonly certificate: Buffer; readonly key: Buffer } | null;
}

/** What the command line and the environment say. */
export interface EtcdOptions {
  /** Separated by commas. */
  readonly endpoints?: string | undefined;
  readonly prefix?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Paths, absolute. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** DEFAULT: where etcd listens on the same machine. */
export const DEFAULT_ETCD_ENDPOINT = '127.0.0.1:2379';
/** DEFAULT. One mesh, one prefix. */
export const DEFAULT_ETCD_PREFIX = '/outrider/';

const ENDPOINT = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[^\s/:[\]]+):(\d{1,5})\/?$/;

/** Reads and checks all of it; the error names the option, its value and what is allowed. `readFile`: null when it cannot. */
export function readEtcdSettings(
  options: EtcdOptions,
  readFile: (absolutePath: string) => Buffer | null,
): Result<EtcdSettings, string> {
  const endpoints = readEndpoints(options);
  if (!endpoints.ok) return endpoints;
  const { prefix = DEFAULT_ETCD_PREFIX, user, password } = options;
  if (!/^[!-~]+$/.test(prefix)) {
    return err(
      `--etcd-prefix is "${prefix}": it must be printable ASCII without spaces, such as ${DEFAULT_ETCD_PREFIX}`,
    );
  }
  if ((user === undefined) !== (password === undefined)) {
    return err(
      '--etcd-user and the password belong together: set both, or neither (OUTRIDER_ETCD_PASSWORD, or --etcd-password-file)',
    );
  }
  const tls = endpoints.value.secure ? readTls(options, readFile) : ok(null);
  if (!tls.ok) return tls;
  return ok({
    endpoints: endpoints.value.addresses,
    prefix: prefix.endsWith('/') ? prefix : `${prefix}/`,
    user: user === undefined ? null : { name: user, password: password! },
    tls: tls.value,
  });
}

function readEndpoints({
  endpoints = DEFAULT_ETCD_ENDPOINT,
  ca,
  cert,
  key,
}: EtcdOptions): Result<{ readonly addresses: readonly string[]; readonly secure: boolean }, string> {
  const files = [ca, cert, key].some((each) => each !== undefined);
  const addresses: string[] = [];
  const secure = new Set<boolean>();
  for (const text of endpoints.split(',').map((each) => each.trim())) {
    const match = ENDPOINT.exec(text);
    if (match === null || Number(match[3]) > 65_535) {
      return err(`--etcd-endpoints has "${text}": each must be HOST:PORT or https://HOST:PORT, separated by commas`);
    }
    addresses.push(`${match[2]}:${match[3]}`);
    secure.add(match[1] === undefined ? files : match[1] === 'https');
  }
  if (secure.size > 1) return err('--etcd-endpoints mixes http and https: all members are spoken to in the same way');
  if (files && !secure.has(true))
    return err('--etcd-ca, --etcd-cert and --etcd-key are for https: an endpoint says http');
  return ok({ addresses, secure: secure.has(true) });
}

function readTls(
  { ca, cert, key }: EtcdOptions,
  readFile: (absolutePath: string) => Buffer | null,
): Result<EtcdTls, string> {
  if ((cert === undefined) !== (key === undefined)) return err('--etcd-cert and --etcd-key belong together: give both');
  const files = new Map<string, Buffer>();
  for (const [option, path] of [
    ['--etcd-ca', ca],
    ['--etcd-cert', cert],
    ['--etcd-key', key],
  ] as const) {
    if (path === undefined) continue;
    const content = readFile(path);
    if (content === null) return err(`${option} is ${path}: it cannot be read`);
    if (!content.includes('-----BEGIN ')) return err(`${option} is ${path}: it must be a PEM file`);
    files.set(option, content);
  }
  const certificate = files.get('--etcd-cert');
  return ok({
    authorities: files.get('--etcd-ca') ?? null,
    client: certificate === undefined ? null : { certificate, key: files.get('--etcd-key')! },
  });
}
