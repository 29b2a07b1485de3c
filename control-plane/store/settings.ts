/**
 * The options of a control plane's command line that say where its state is kept, and how several of them share it.
 */
import { isAbsolute, resolve } from 'node:path';
import { err, ok, type Result } from '../../kernel/result.ts';
import { DEFAULT_ETCD_ENDPOINT, DEFAULT_ETCD_PREFIX, type EtcdSettings, readEtcdSettings } from './etcd/settings.ts';

/** `sqlite`: a file, and one control plane. `etcd`: several, of which one leads. */
export type StoreSettings =
  | { readonly kind: 'sqlite' }
  | {
      readonly kind: 'etcd';
      readonly etcd: EtcdSettings;
      /** Where others reach this control plane, `HOST:PORT`. */
      readonly advertisedHttp: string;
      readonly advertisedGrpc: string;
      /** Every gRPC address that sidecars are told, besides those of the control planes that live when they start. */
      readonly controlPlaneAddresses: readonly string[];
    };

/** For parseArgs. */
export const STORE_OPTIONS = {
  store: { type: 'string' },
  'etcd-endpoints': { type: 'string' },
  'etcd-prefix': { type: 'string' },
  'etcd-user': { type: 'string' },
  'etcd-password-file': { type: 'string' },
  'etcd-ca': { type: 'string' },
  'etcd-cert': { type: 'string' },
  'etcd-key': { type: 'string' },
  'advertise-http': { type: 'string' },
  'advertise-grpc': { type: 'string' },
  'control-plane-address': { type: 'string' },
} as const;

/** What `--help` prints of them. */
export const STORE_USAGE = `  --store sqlite|etcd        a file in --state, or etcd for several control planes of which one leads (default sqlite)
  --etcd-endpoints LIST      HOST:PORT or https://HOST:PORT, separated by commas (default ${DEFAULT_ETCD_ENDPOINT})
  --etcd-prefix PREFIX       every key of this mesh starts with it (default ${DEFAULT_ETCD_PREFIX})
  --etcd-user NAME           with the password in OUTRIDER_ETCD_PASSWORD or --etcd-password-file
  --etcd-password-file FILE  the password, and nothing else
  --etcd-ca FILE             who vouches for etcd's certificates, PEM (default: the system)
  --etcd-cert FILE           our own certificate for etcd, PEM
  --etcd-key FILE            its key
  --advertise-http HOST:PORT where other control planes and clients reach --http (default: --http)
  --advertise-grpc HOST:PORT where sidecars reach --grpc (default: --grpc)
  --control-plane-address LIST  gRPC addresses of all control planes, for sidecars (default: those that live)
                             each of the above but --store can be set in the environment, as OUTRIDER_ETCD_ENDPOINTS is
`;

/** What parseArgs makes of them. */
export type StoreValues = { readonly [name in keyof typeof STORE_OPTIONS]?: string };

/** What surrounds a command line. */
export interface StoreContext {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (absolutePath: string) => Buffer | null;
  /** Where this control plane listens, `HOST:PORT`. */
  readonly http: string;
  readonly grpc: string;
}

const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):([1-9]\d{0,4})$/;
const EVERYWHERE = /^(0\.0\.0\.0|\[::\]|\[0*(:0*)+\]):/;

/** Reads and checks all of it; the error names the option, its value and what is allowed. */
export function readStoreSettings(values: StoreValues, context: StoreContext): Result<StoreSettings, string> {
  const kind = values.store ?? context.environment.OUTRIDER_STORE ?? 'sqlite';
  if (kind === 'sqlite') return withoutEtcd(values);
  if (kind !== 'etcd') return err(`--store is "${kind}": it must be sqlite or etcd`);
  const said = (name: keyof typeof STORE_OPTIONS) =>
    values[name] ?? context.environment[`OUTRIDER_${name.toUpperCase().replaceAll('-', '_')}`];
  const password = passwordOf(said('etcd-password-file'), context);
  if (!password.ok) return password;
  const file = (name: 'etcd-ca' | 'etcd-cert' | 'etcd-key') => absolute(said(name), context.cwd);
  const etcd = readEtcdSettings(
    {
      endpoints: said('etcd-endpoints'),
      prefix: said('etcd-prefix'),
      user: said('etcd-user'),
      password: password.value,
      ca: file('etcd-ca'),
      cert: file('etcd-cert'),
      key: file('etcd-key'),
    },
    context.readFile,
  );
  if (!etcd.ok) return etcd;
  const addresses = (said('control-plane-address') ?? '').split(',').map((each) => each.trim());
  const controlPlaneAddresses = addresses.filter((each) => each !== '');
  const advertisedHttp = said('advertise-http') ?? context.http;
  const advertisedGrpc = said('advertise-grpc') ?? context.grpc;
  const problem =
    addressProblem('--advertise-http', advertisedHttp) ??
    addressProblem('--advertise-grpc', advertisedGrpc) ??
    controlPlaneAddresses
      .map((each) => addressProblem('--control-plane-address', each))
      .find((each) => each !== undefined);
  if (problem !== undefined) return err(problem);
  return ok({ kind, etcd: etcd.value, advertisedHttp, advertisedGrpc, controlPlaneAddresses });
}

function withoutEtcd(values: StoreValues): Result<StoreSettings, string> {
  const given = Object.keys(STORE_OPTIONS).find((name) => name !== 'store' && name in values);
  return given === undefined ? ok({ kind: 'sqlite' }) : err(`--${given} is for --store etcd, and the store is sqlite`);
}

function passwordOf(file: string | undefined, context: StoreContext): Result<string | undefined, string> {
  if (file === undefined) return ok(context.environment.OUTRIDER_ETCD_PASSWORD);
  const content = context.readFile(absolute(file, context.cwd)!);
  return content === null ? err(`--etcd-password-file is ${file}: it cannot be read`) : ok(content.toString().trim());
}

/** Others are told this address: it has to be one that they can reach. */
function addressProblem(option: string, text: string): string | undefined {
  const match = ADDRESS.exec(text);
  if (match === null || Number(match[2]) > 65_535)
    return `${option} is "${text}": with --store etcd it must be HOST:PORT with a fixed port, because others are told of it`;
  if (EVERYWHERE.test(text))
    return `${option} is "${text}": others cannot reach that; say where they do, with ${option}`;
  return undefined;
}

function absolute(path: string | undefined, cwd: string): string | undefined {
  return path === undefined || isAbsolute(path) ? path : resolve(cwd, path);
}
