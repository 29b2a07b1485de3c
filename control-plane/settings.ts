/**
 * The settings of a control plane, and how a command line says them.
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hostPortText, parseHostPort } from '../kernel/host-port.ts';
import type { LogLevel } from '../kernel/log.ts';
import { DNS_OPTIONS, DNS_USAGE, type DnsSettings, type DnsValues, readDns } from './dns/settings.ts';
import { GIVEN_VARIABLE } from './given-services.ts';
import { optionMistake } from './option-mistake.ts';
import type { SecuritySettings } from './security/security.ts';
import { exposureProblem, readSecurity, SECURITY_OPTIONS, SECURITY_USAGE } from './security/settings.ts';
import { readStoreSettings, STORE_OPTIONS, STORE_USAGE, type StoreSettings } from './store/settings.ts';

/** An address to listen on. Port 0: the one used last on the same state directory, else a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** See the head of this file. */
export interface ControlPlaneSettings {
  readonly security: SecuritySettings;
  readonly store: StoreSettings;
  /** Where everything that must survive is kept, absolute. */
  readonly stateDir: string;
  readonly http: ListenAddress;
  /** xDS and agents. */
  readonly grpc: ListenAddress;
  /** Null: there is no DNS server. */
  readonly dns: DnsSettings | null;
  /** Whether SIGTERM stops the workloads too; by default they run on. */
  readonly stopWorkloadsOnExit: boolean;
  readonly logLevel: LogLevel;
  /** Starts a sidecar when `-c FILE --hot-restart-directory DIR` is put after it. */
  readonly sidecarCommand: readonly string[];
  /** An application is started when its sidecar is ready, or after so long. */
  readonly sidecarReadyTimeoutMs: number;
  /** Where sidecars that others start get their tokens, absolute; null: nowhere. */
  readonly sidecarTokensDir: string | null;
  /** What is applied at the start; empty for nothing. */
  readonly given: string;
}

/** DEFAULT ports: next to Istio's, and free on most machines. */
export const DEFAULT_HTTP = '127.0.0.1:15080';
/** See DEFAULT_HTTP. */
export const DEFAULT_GRPC = '127.0.0.1:15010';
/** DEFAULT: under the working directory. */
export const DEFAULT_STATE_DIR = '.outrider';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];
const OPTIONS = {
  state: { type: 'string' },
  http: { type: 'string' },
  grpc: { type: 'string' },
  'stop-workloads-on-exit': { type: 'boolean' },
  'log-level': { type: 'string' },
  'sidecar-tokens': { type: 'string' },
  ...DNS_OPTIONS,
  ...STORE_OPTIONS,
  ...SECURITY_OPTIONS,
  help: { type: 'boolean', short: 'h' },
} as const;

/** What `--help` prints. */
export const USAGE = `outrider control-plane [options]

  --state DIR                where everything is kept (default ${DEFAULT_STATE_DIR})
  --http HOST:PORT           REST API (default ${DEFAULT_HTTP}); port 0 chooses one
  --grpc HOST:PORT           xDS and agents (default ${DEFAULT_GRPC}); port 0 chooses one
  --stop-workloads-on-exit   on SIGTERM stop the workloads too, instead of letting them run on
  --sidecar-tokens DIR       a token for the sidecar of each workload that has a folder in it, in DIR/WORKLOAD/token
  --log-level LEVEL          ${LEVELS.join(', ')} (default info)
${DNS_USAGE}${STORE_USAGE}${SECURITY_USAGE}
What the variable ${GIVEN_VARIABLE} holds is applied at the start, as "outrider apply -f" would.
`;

/** A command line that cannot be followed; the message says what is wrong and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What surrounds a command line. */
export interface SettingsContext {
  /** Relative paths start here. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Null when it cannot be read. */
  readonly readFile: (absolutePath: string) => Buffer | null;
  readonly sidecarCommand: readonly string[];
}

/** Reads a command line (without node and script); `help` when that is what is asked for. Throws UsageError. */
export function parseSettings(argv: readonly string[], context: SettingsContext): ControlPlaneSettings | 'help' {
  const values = parseOptions(argv);
  if (values.help === true) return 'help';
  const state = values.state ?? DEFAULT_STATE_DIR;
  const stateDir = resolve(context.cwd, state);
  const tokens = values['sidecar-tokens'];
  const http = parseAddress('--http', values.http ?? DEFAULT_HTTP);
  const grpc = parseAddress('--grpc', values.grpc ?? DEFAULT_GRPC);
  const security = readSecurity(values, stateDir, context.cwd, context.environment);
  if (!security.ok) throw new UsageError(security.error);
  const addresses = { http: hostPortText(http), grpc: hostPortText(grpc) };
  const store = readStoreSettings(values, { ...context, ...addresses });
  if (!store.ok) throw new UsageError(store.error);
  if (values.insecure !== true) refuseExposure({ http, grpc }, security.value);
  return {
    stateDir,
    http,
    grpc,
    dns: dnsOf(values),
    security: security.value,
    store: store.value,
    stopWorkloadsOnExit: values['stop-workloads-on-exit'] ?? false,
    logLevel: parseLevel(values['log-level'] ?? 'info'),
    sidecarCommand: context.sidecarCommand,
    sidecarReadyTimeoutMs: 10_000,
    sidecarTokensDir: tokens === undefined ? null : resolve(context.cwd, tokens),
    given: context.environment[GIVEN_VARIABLE] ?? '',
  };
}

function refuseExposure(addresses: Record<'http' | 'grpc', ListenAddress>, security: SecuritySettings): void {
  for (const [name, { host }] of Object.entries(addresses)) {
    const problem = exposureProblem(`--${name}`, host, security);
    if (problem !== undefined) throw new UsageError(problem);
  }
}

function dnsOf(values: DnsValues): DnsSettings | null {
  const dns = readDns(values);
  if (!dns.ok) throw new UsageError(dns.error);
  return dns.value;
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS }).values;
  } catch (cause) {
    throw new UsageError(optionMistake(cause, argv, Object.keys(OPTIONS)), { cause });
  }
}

function parseAddress(option: string, text: string): ListenAddress {
  const parsed = parseHostPort(text);
  if (parsed === null) throw new UsageError(`${option} is "${text}": it must be HOST:PORT, such as ${DEFAULT_HTTP}`);
  return parsed;
}

function parseLevel(text: string): LogLevel {
  const level = LEVELS.find((each) => each === text);
  if (level === undefined) throw new UsageError(`--log-level is "${text}": it must be one of ${LEVELS.join(', ')}`);
  return level;
}
