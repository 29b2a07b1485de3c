/**
 * The command line of `outrider sidecar`. PURE.
 */
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import type { HealthCheck } from '../../control-plane/state/model.ts';
import type { ServerAddress } from '../../control-plane/translate/control-plane-cluster.ts';
import { nearest } from '../../kernel/edit-distance.ts';
import { parseHostPort } from '../../kernel/host-port.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { optionProblem } from '../../kernel/unknown-option.ts';
import { APPLICATION_PROTOCOLS, type ApplicationProtocol } from '../../protos/contract/application-protocols.ts';

/** What stands beside an application that knows nothing of it. */
export interface SidecarOptions {
  /** At least one; several lead in turn. */
  readonly controlPlanes: readonly ServerAddress[];
  readonly workload: string;
  /** The workload itself first. */
  readonly services: readonly string[];
  readonly version: string;
  readonly protocol: ApplicationProtocol;
  /** Where the application listens; null: nowhere. */
  readonly port: number | null;
  /** Null: by a connection to its port. */
  readonly health: HealthCheck | null;
  /** Where other sidecars reach this one; null: the address by which it reaches the control plane. */
  readonly address: string | null;
  readonly egress: 'allow' | 'deny';
  readonly ipv6: boolean;
  /** Where it keeps what it knows, as given. */
  readonly stateDir: string;
  readonly tokenFile: string | null;
  readonly ca: string | null;
  /** Whole seconds. */
  readonly drainTimeoutS: number;
  readonly logLevel: string;
}

const EGRESS = ['allow', 'deny'] as const;
const SECONDS_MAX = 86_400;
const RETRIES_MAX = 100;

const OPTIONS = {
  'control-plane': { type: 'string' },
  workload: { type: 'string' },
  service: { type: 'string', multiple: true },
  'workload-version': { type: 'string', default: 'v1' },
  protocol: { type: 'string', default: 'auto' },
  port: { type: 'string', short: 'p' },
  'health-path': { type: 'string' },
  'health-grpc': { type: 'string' },
  'health-interval': { type: 'string', default: '1' },
  'health-timeout': { type: 'string', default: '1' },
  'health-retries': { type: 'string', default: '2' },
  'health-start-period': { type: 'string', default: '0' },
  address: { type: 'string' },
  egress: { type: 'string', default: 'allow' },
  ipv6: { type: 'boolean', default: false },
  state: { type: 'string', default: '/var/lib/outrider' },
  'token-file': { type: 'string' },
  ca: { type: 'string' },
  'drain-timeout': { type: 'string', default: '30' },
  'log-level': { type: 'string', short: 'l', default: 'warning' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const SIDECAR_USAGE = `Usage: outrider sidecar --control-plane HOST:PORT --workload NAME [options]

Runs the sidecar of an application whose connections "outrider intercept" hands to it, in the same container or pod network.
Its ports: inbound 15006, and on loopback outbound 15001, DNS 15053, admin 15000 and the application's settings 15009.

      --control-plane HOST:PORT
                             its gRPC port (15010); of several, all, separated by commas
      --workload NAME        who the application is
      --service NAME         a service that it answers for besides; may be repeated
      --workload-version V   default v1
  -p, --port PORT            where it listens (default: nowhere, nobody calls it)
      --protocol P           ${APPLICATION_PROTOCOLS.join(', ')} (default auto)
      --health-path PATH     asked by HTTP whether it is well (default: it accepts connections)
      --health-grpc NAME     asked by grpc.health.v1 for this service; empty for the server as a whole
      --health-interval S, --health-timeout S, --health-retries N, --health-start-period S
                             default 1, 1, 2 and 0
      --address IP           where other sidecars reach this one (default: that which leads to the control plane)
      --egress allow|deny    whether it may leave the mesh (default allow)
      --ipv6                 there is IPv6 here
      --state DIR            what it keeps over restarts: its id, its last configuration (default /var/lib/outrider)
      --token-file FILE      proves who it is; waited for
      --ca FILE              whom to trust for the control plane's certificate (default: it speaks plaintext)
      --drain-timeout S      whole seconds that requests in flight may take at the end (default 30)
  -l, --log-level LEVEL      default warning
  -h, --help
`;

type Values = ReturnType<typeof parse>;

/** Parses the words behind `outrider sidecar`. The error is one sentence. */
export function parseSidecarOptions(argv: readonly string[]): Result<SidecarOptions | 'help', string> {
  let values: Values;
  try {
    values = parse(argv);
  } catch (error) {
    return err(optionProblem(error, (name) => nearest(name, Object.keys(OPTIONS))));
  }
  if (values.help === true) return ok('help');
  const problem = problemOf(values);
  if (problem !== undefined) return err(problem);
  const { workload = '', port } = values;
  return ok({
    controlPlanes: addresses(values).map((each) => parseHostPort(each)!),
    workload,
    services: [...new Set([workload, ...(values.service ?? [])])],
    version: values['workload-version'],
    protocol: values.protocol as SidecarOptions['protocol'],
    port: port === undefined ? null : Number(port),
    health: healthOf(values),
    address: values.address ?? null,
    egress: values.egress as SidecarOptions['egress'],
    ipv6: values.ipv6,
    stateDir: values.state,
    tokenFile: values['token-file'] ?? null,
    ca: values.ca ?? null,
    drainTimeoutS: Number(values['drain-timeout']),
    logLevel: values['log-level'],
  });
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values;
}

function addresses(values: Values): string[] {
  return (values['control-plane'] ?? '').split(',').map((each) => each.trim());
}

/** The first thing that is wrong, as a sentence. */
function problemOf(values: Values): string | undefined {
  const { workload, protocol, port, egress, address } = values;
  if (values['control-plane'] === undefined) return 'no --control-plane: where is its gRPC port, such as mesh:15010?';
  const bad = addresses(values).find((each) => (parseHostPort(each)?.port ?? 0) === 0);
  if (bad !== undefined) return `--control-plane: "${bad}" is not HOST:PORT, such as 127.0.0.1:15010`;
  if (workload === undefined) return 'no --workload: who is the application?';
  if (!APPLICATION_PROTOCOLS.some((each) => each === protocol))
    return `--protocol: "${protocol}" is not one of ${APPLICATION_PROTOCOLS.join(', ')}`;
  if (!EGRESS.some((each) => each === egress)) return `--egress: "${egress}" is not one of ${EGRESS.join(', ')}`;
  if (port !== undefined && !isWhole(port, 1, 65_535)) return `--port: "${port}" is no port; 1 to 65535 are`;
  if (address !== undefined && isIP(address) === 0) return `--address: "${address}" is no IP address`;
  const path = values['health-path'];
  if (path !== undefined && !path.startsWith('/')) return `--health-path: "${path}" must start with /`;
  if (path !== undefined && values['health-grpc'] !== undefined)
    return 'both --health-path and --health-grpc: one of them can be asked';
  if (!isWhole(values['health-retries'], 1, RETRIES_MAX))
    return `--health-retries: "${values['health-retries']}" is no number from 1 to ${RETRIES_MAX}`;
  if (!isWhole(values['drain-timeout'], 0, SECONDS_MAX))
    return `--drain-timeout: "${values['drain-timeout']}" is no whole number of seconds of at most ${SECONDS_MAX}`;
  const times = ['health-interval', 'health-timeout', 'health-start-period'] as const;
  const wrong = times.find((name) => !/^\d+(\.\d+)?$/.test(values[name]) || Number(values[name]) > SECONDS_MAX);
  return wrong && `--${wrong}: "${values[wrong]}" is not a number of seconds of at most ${SECONDS_MAX}`;
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max;
}

function healthOf(values: Values): HealthCheck | null {
  const path = values['health-path'];
  const service = values['health-grpc'];
  if (path === undefined && service === undefined) return null;
  const ms = (name: 'health-interval' | 'health-timeout' | 'health-start-period') => Number(values[name]) * 1000;
  return {
    probe: path === undefined ? { kind: 'grpc', service: service! } : { kind: 'http', path },
    intervalMs: ms('health-interval'),
    timeoutMs: ms('health-timeout'),
    retries: Number(values['health-retries']),
    startPeriodMs: ms('health-start-period'),
    startIntervalMs: null,
  };
}
