/** The command line of `outrider run`. PURE. */

import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import type { ServerAddress } from '../../control-plane/translate/control-plane-cluster.ts';
import { nearest } from '../../kernel/edit-distance.ts';
import { hostPortText, isLoopbackHost, parseHostPort } from '../../kernel/host-port.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { optionProblem } from '../../kernel/unknown-option.ts';
import { APPLICATION_PROTOCOLS, type ApplicationProtocol } from '../../protos/contract/application-protocols.ts';

/** A sidecar that joins a control plane; the sidecar's other ports are free ones. */
export interface JoinOptions {
  readonly kind: 'join';
  /** At least one; several lead in turn. */
  readonly controlPlanes: readonly ServerAddress[];
  readonly workload: string;
  /** The workload itself first. */
  readonly services: readonly string[];
  readonly version: string;
  readonly protocol: ApplicationProtocol;
  /** Where the application listens; null: nowhere. */
  readonly port: number | null;
  /** Asked by HTTP whether it is well; null: by a connection. */
  readonly healthPath: string | null;
  readonly tokenFile: string | null;
  /** Whom to trust for the control plane's certificate: a file, or the system's authorities; null: it speaks plaintext. */
  readonly ca: string | { readonly kind: 'system' } | null;
  /** Files of what the sidecar shows; null: nothing. */
  readonly certificate: { readonly chain: string; readonly key: string } | null;
  /** Where callers reach this machine; null: as the control plane does. */
  readonly address: string | null;
  /** Where callers come in; null: at a free port. */
  readonly inboundPort: number | null;
  /** The sidecar answers DNS there; 0 at a free port; null: it does not. */
  readonly dnsPort: number | null;
  /** The sidecar listens at every service's address. */
  readonly loopback: boolean;
}

/** A sidecar from a bootstrap of its own. */
export interface BootstrapOptions {
  readonly kind: 'bootstrap';
  readonly configPath: string;
}

/** See the head of this file. */
export interface RunOptions {
  readonly sidecar: JoinOptions | BootstrapOptions;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** It ends by itself, and nobody calls it. */
  readonly job: boolean;
  readonly readyTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly lingerMs: number;
  readonly logLevel: string;
}

const OPTIONS = {
  'config-path': { type: 'string', short: 'c' },
  'control-plane': { type: 'string' },
  workload: { type: 'string' },
  service: { type: 'string', multiple: true },
  'workload-version': { type: 'string' },
  protocol: { type: 'string' },
  port: { type: 'string', short: 'p' },
  'health-path': { type: 'string' },
  'token-file': { type: 'string' },
  ca: { type: 'string' },
  tls: { type: 'boolean' },
  cert: { type: 'string' },
  key: { type: 'string' },
  insecure: { type: 'boolean' },
  address: { type: 'string' },
  'inbound-port': { type: 'string' },
  dns: { type: 'boolean' },
  'dns-port': { type: 'string' },
  loopback: { type: 'boolean' },
  job: { type: 'boolean' },
  'ready-timeout': { type: 'string' },
  'drain-timeout': { type: 'string' },
  'stop-timeout': { type: 'string' },
  linger: { type: 'string' },
  'log-level': { type: 'string', short: 'l' },
  help: { type: 'boolean', short: 'h' },
} as const;

const JOIN_ONLY = [
  'workload',
  'service',
  'workload-version',
  'protocol',
  'port',
  'health-path',
  'token-file',
  'ca',
  'tls',
  'cert',
  'key',
  'insecure',
  'address',
  'inbound-port',
  'dns',
  'dns-port',
  'loopback',
] as const;

const SECONDS_MAX = 86_400;

export const RUN_USAGE = `Usage: outrider run [options] -- COMMAND [ARGUMENTS...]

Starts a sidecar, the application beside it once the mesh is ready, and ends both without losing a request.

  -c, --config-path FILE     the sidecar's bootstrap; or, joining a control plane:
      --control-plane HOST:PORT
                             its gRPC port (15010); of several, all, separated by commas
      --workload NAME        who the application is
      --service NAME         a service that it answers for besides; may be repeated
      --workload-version V   default v1
  -p, --port PORT            where it listens, on 127.0.0.1; it gets it as PORT
      --protocol P           auto, http, http2, grpc or tcp (default auto)
      --health-path PATH     asked by HTTP whether it is well (default: it accepts connections)
      --token-file FILE      proves who the sidecar is
      --ca FILE              whom to trust for the control plane's certificate; --tls: the system's authorities
                             (default: it speaks plaintext, which beyond this machine --insecure has to allow)
      --cert FILE --key FILE what the sidecar shows
      --address IP           where callers reach this machine (default: from where it reaches the control plane)
      --inbound-port PORT    where callers come in (default: a free port)
      --dns                  the sidecar answers DNS; --dns-port PORT: at that port of 127.0.0.1 (default: a free one)
      --loopback             the sidecar listens at every service's own address, without privileges; implies --dns
      --job                  it ends by itself and nobody calls it: no --port, and nothing inbound is waited for
      --ready-timeout S      seconds until the mesh must be ready (default 30)
      --drain-timeout S      seconds that requests in flight may take at the end (default 30)
      --stop-timeout S       seconds from SIGTERM to SIGKILL for the application (default 10)
      --linger S             seconds that ports stay open at the end for callers that no control plane tells
                             (default 0 when joining a control plane, else 5)
  -l, --log-level LEVEL      of the sidecar (default warning)
  -h, --help
`;

type Values = ReturnType<typeof parse>['values'];

/** Parses the words behind `outrider run`. The error is one sentence. */
export function parseRunOptions(argv: readonly string[]): Result<RunOptions | 'help', string> {
  const split = argv.indexOf('--');
  const own = split < 0 ? argv : argv.slice(0, split);
  let values: Values;
  let rest: readonly string[];
  try {
    ({ values, positionals: rest } = parse(own));
  } catch (error) {
    return err(optionProblem(error, (name) => nearest(name, Object.keys(OPTIONS))));
  }
  if (values.help === true) return ok('help');
  if (rest.length > 0) return err(`"${rest[0]}" stands in front of --: put the application's command behind it`);
  const command = split < 0 ? [] : argv.slice(split + 1);
  if (command.length === 0)
    return err('no application: put its command behind --, as in outrider run -c FILE -- node app.js');
  const sidecar = sidecarOf(values);
  if (!sidecar.ok) return sidecar;
  const times = timesOf(values, sidecar.value.kind === 'join' ? '0' : '5');
  if (!times.ok) return times;
  return ok({
    sidecar: sidecar.value,
    command,
    job: values.job === true,
    logLevel: values['log-level'] ?? 'warning',
    ...times.value,
  });
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: true });
}

function sidecarOf(values: Values): Result<JoinOptions | BootstrapOptions, string> {
  const configPath = values['config-path'];
  if (configPath !== undefined) {
    const other =
      values['control-plane'] !== undefined ? 'control-plane' : JOIN_ONLY.find((each) => values[each] !== undefined);
    if (other !== undefined)
      return err(`--${other} stands in the bootstrap when there is one: give either it or --config-path`);
    return ok({ kind: 'bootstrap', configPath });
  }
  const servers = values['control-plane'];
  if (servers === undefined)
    return err('no sidecar: give its bootstrap with -c FILE, or a control plane with --control-plane');
  const controlPlanes: ServerAddress[] = [];
  for (const text of servers.split(',').map((each) => each.trim())) {
    const controlPlane = parseHostPort(text);
    if (controlPlane === null || controlPlane.port === 0)
      return err(`--control-plane: "${text}" is not HOST:PORT, such as 127.0.0.1:15010`);
    controlPlanes.push(controlPlane);
  }
  const { workload } = values;
  if (workload === undefined) return err('--control-plane needs --workload: who the application is');
  const appPort = portOf(values);
  if (!appPort.ok) return appPort;
  const protocol = APPLICATION_PROTOCOLS.find((each) => each === (values.protocol ?? 'auto'));
  if (protocol === undefined)
    return err(`--protocol: "${values.protocol}" is not one of ${APPLICATION_PROTOCOLS.join(', ')}`);
  const security = securityOf(values, controlPlanes);
  if (!security.ok) return security;
  const ports = { inboundPort: numbered('inbound-port', values), dnsPort: numbered('dns-port', values) };
  for (const each of Object.values(ports)) if (!each.ok) return each;
  const { address = null } = values;
  if (address !== null && isIP(address) === 0)
    return err(`--address: "${address}" is no IP address of this machine, such as 10.0.0.7`);
  const healthPath = values['health-path'] ?? null;
  if (healthPath !== null && !healthPath.startsWith('/'))
    return err(`--health-path: "${healthPath}" must start with /`);
  return ok({
    kind: 'join',
    controlPlanes,
    workload,
    services: [...new Set([workload, ...(values.service ?? [])])],
    version: values['workload-version'] ?? 'v1',
    protocol,
    port: appPort.value,
    healthPath,
    tokenFile: values['token-file'] ?? null,
    ...security.value,
    address,
    inboundPort: portIn(ports.inboundPort),
    dnsPort: portIn(ports.dnsPort) ?? (values.dns === true || values.loopback === true ? 0 : null),
    loopback: values.loopback === true,
  });
}

/** Over a network the token, and what comes down, are for nobody else's eyes and hands. */
function securityOf(
  { ca, tls, cert, key, insecure }: Values,
  controlPlanes: readonly ServerAddress[],
): Result<Pick<JoinOptions, 'ca' | 'certificate'>, string> {
  if (ca !== undefined && tls === true) return err('--ca and --tls both say whom to trust: give one of them');
  if ((cert === undefined) !== (key === undefined)) return err('--cert and --key belong together: give both');
  if (cert !== undefined && ca === undefined && tls !== true)
    return err('--cert needs TLS: say whom to trust with --ca FILE, or --tls');
  const trust = ca ?? (tls === true ? ({ kind: 'system' } as const) : null);
  const remote = controlPlanes.find(({ host }) => !isLoopbackHost(host));
  if (trust === null && remote !== undefined && insecure !== true)
    return err(
      `--control-plane ${hostPortText(remote)} is beyond this machine: say whom to trust for its certificate with --ca FILE or --tls; --insecure speaks plaintext, the token included`,
    );
  return ok({ ca: trust, certificate: cert === undefined ? null : { chain: cert, key: key! } });
}

function numbered(name: 'inbound-port' | 'dns-port', values: Values): Result<number | null, string> {
  const text = values[name];
  if (text === undefined) return ok(null);
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < 1 || value > 65_535)
    return err(`--${name}: "${text}" is no port; 1 to 65535 are`);
  return ok(value);
}

function portIn(result: Result<number | null, string>): number | null {
  return result.ok ? result.value : null;
}

function portOf({ port, job }: Values): Result<number | null, string> {
  if (port === undefined)
    return job === true ? ok(null) : err('no --port: where the application listens; or --job, when it does not');
  const value = Number(port);
  if (!/^\d{1,5}$/.test(port) || value < 1 || value > 65_535)
    return err(`--port: "${port}" is no port; 1 to 65535 are`);
  return ok(value);
}

type Times = Pick<RunOptions, 'readyTimeoutMs' | 'drainTimeoutMs' | 'stopTimeoutMs' | 'lingerMs'>;

function timesOf(values: Values, linger: string): Result<Times, string> {
  const ready = seconds('ready-timeout', values['ready-timeout'] ?? '30');
  const drain = seconds('drain-timeout', values['drain-timeout'] ?? '30');
  const stop = seconds('stop-timeout', values['stop-timeout'] ?? '10');
  const stay = seconds('linger', values.linger ?? linger);
  for (const each of [ready, drain, stop, stay]) if (!each.ok) return each;
  const ms = (each: Result<number, string>) => (each.ok ? each.value : 0);
  return ok({ readyTimeoutMs: ms(ready), drainTimeoutMs: ms(drain), stopTimeoutMs: ms(stop), lingerMs: ms(stay) });
}

function seconds(name: string, text: string): Result<number, string> {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > SECONDS_MAX)
    return err(`--${name}: "${text}" is not a number of seconds of at most ${SECONDS_MAX}`);
  return ok(value * 1000);
}
