/**
 * Compose services into workloads (compose-spec.io), with `x-outrider` where Compose has no word.
 */
import { resolve } from 'node:path/posix';
import { APPLICATION_PROTOCOLS } from '../../protos/contract/application-protocols.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import type { ResourceDraft } from '../state/command.ts';
import {
  DEFAULT_UPDATE,
  type HealthCheck,
  type HealthProbe,
  type PublishedPort,
  type ResourceLimits,
  type UpdateOrder,
} from '../state/model.ts';
import {
  COMPOSE,
  DEPLOY,
  HEALTHCHECK,
  LIMITS,
  OUTRIDER,
  OUTRIDER_GRPC_HEALTH,
  OUTRIDER_HEALTH,
  PORT,
  RESOURCES,
  SERVICE,
  UPDATE,
} from './compose-fields.ts';
import type { Cursor } from './cursor.ts';
import { parseBytes, parseDurationMs, parseEnvLine, splitCommandLine, unescapeDollars } from './values.ts';

/** What surrounds a Compose file. */
export interface ComposeContext {
  /** The folder that relative paths in the file mean, absolute. */
  readonly dir: string;
  /** The text of a file, or null when it cannot be read: for `env_file`. */
  readonly readFile: (absolutePath: string) => string | null;
}

/** A workload as parsed, and where it stood. */
export interface ParsedResource {
  readonly draft: ResourceDraft;
  readonly cursor: Cursor;
}

type WorkloadDraft = Extract<ResourceDraft, { kind: 'workload' }>;
type Fields = Map<string, Cursor>;

const PORT_RANGE = { min: 1, max: 65_535 };
const REPLICAS_RANGE = { min: 0, max: 1000 };
const PARALLELISM_RANGE = { min: 1, max: 1000 };
const DEFAULT_STOP_GRACE_MS = 10_000;
const DEFAULT_HEALTH = { intervalMs: 2000, timeoutMs: 1000 };
const RETRIES = 2;
/** Of `healthcheck`, as the Compose specification has it. */
const COMPOSE_RETRIES = 3;

/** Parses the whole file. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseCompose(root: Cursor, context: ComposeContext): ParsedResource[] {
  const services = root.object(COMPOSE).get('services')?.entries() ?? new Map<string, Cursor>();
  return [...services].map(([name, cursor]) => ({ draft: parseService(name, cursor, context), cursor }));
}

/** Parses one service. */
export function parseService(name: string, cursor: Cursor, context: ComposeContext): WorkloadDraft {
  checkName(name, cursor);
  const fields = cursor.object(SERVICE);
  const outrider = fields.get('x-outrider')?.object(OUTRIDER) ?? new Map<string, Cursor>();
  const deploy = fields.get('deploy')?.object(DEPLOY) ?? new Map<string, Cursor>();
  deploy.get('mode')?.oneOf(['replicated']);
  const group = outrider.get('service')?.label('service');
  fields.get('image')?.string();
  const workload: WorkloadDraft = {
    kind: 'workload',
    name,
    services: group === undefined || group === name ? [name] : [name, group],
    version: outrider.get('version')?.text() ?? 'v1',
    command: parseCommand(fields),
    environment: { ...parseEnvFiles(fields.get('env_file'), context), ...parsePairs(fields.get('environment')) },
    workingDir: resolve(context.dir, fields.get('working_dir')?.string() ?? '.'),
    port: parsePort(fields, outrider),
    protocol: outrider.get('protocol')?.oneOf(APPLICATION_PROTOCOLS) ?? 'auto',
    health: parseHealth(fields.get('healthcheck'), outrider.get('health')),
    ...parseSubscription(outrider.get('subscription')),
    replicas: deploy.get('replicas')?.integer(REPLICAS_RANGE) ?? 1,
    update: parseUpdate(deploy.get('update_config')),
    published: fields.get('ports')?.list().flatMap(parsePublished) ?? [],
    dependsOn: parseDependsOn(fields.get('depends_on')),
    limits: parseLimits(deploy.get('resources')),
    stopGraceMs:
      fields.get('stop_grace_period')?.parsed(parseDurationMs, 'a duration such as 10s') ?? DEFAULT_STOP_GRACE_MS,
    labels: parsePairs(fields.get('labels')),
    config: parsePairs(outrider.get('config')),
    manifest: cursor.json(),
  };
  // A command line that cannot be split has been reported already.
  const isWritten = fields.get('command')?.isString === true;
  // Without replicas it is a service whose instances register themselves.
  if (workload.command.length === 0 && !isWritten && workload.replicas > 0)
    cursor.report(
      'has no command: the process driver needs one; with deploy.replicas 0 its instances register themselves',
    );
  return workload;
}

/** `all` is what is done without it. */
function parseSubscription(cursor: Cursor | undefined): Pick<WorkloadDraft, 'subscription'> {
  return cursor?.oneOf(['all', 'on-demand']) === 'on-demand' ? { subscription: 'on-demand' } : {};
}

/** `failure_action: pause` is what is always done: nothing more is replaced until somebody decides. */
function parseUpdate(cursor: Cursor | undefined): UpdateOrder {
  const fields = cursor?.object(UPDATE) ?? new Map<string, Cursor>();
  fields.get('failure_action')?.oneOf(['pause']);
  return {
    parallelism: fields.get('parallelism')?.integer(PARALLELISM_RANGE) ?? DEFAULT_UPDATE.parallelism,
    order: fields.get('order')?.oneOf(['start-first', 'stop-first']) ?? DEFAULT_UPDATE.order,
  };
}

function checkName(name: string, cursor: Cursor): void {
  const problem = labelProblem('workload', name);
  if (problem !== undefined) cursor.report(problem);
}

function parseCommand(fields: Fields): string[] {
  return [...parseWords(fields.get('entrypoint')), ...parseWords(fields.get('command'))];
}

function parseWords(cursor: Cursor | undefined): string[] {
  if (cursor === undefined || cursor.isNull) return [];
  if (cursor.isList) return cursor.list().map((item) => dollarsOf(item));
  return (
    cursor.parsed(splitCommandLine, 'a command line: a quote is left open')?.map((word) => dollars(cursor, word)) ?? []
  );
}

/** A map of strings, or a list of `KEY=value`. */
function parsePairs(cursor: Cursor | undefined): Record<string, string> {
  const pairs: Record<string, string> = {};
  if (cursor === undefined || cursor.isNull) return pairs;
  if (cursor.isList) {
    for (const item of cursor.list()) {
      const text = dollarsOf(item);
      const equals = text.indexOf('=');
      if (equals < 1) item.report(`"${text}" has no value: write KEY=value, nothing is taken from the shell`);
      else pairs[text.slice(0, equals)] = text.slice(equals + 1);
    }
    return pairs;
  }
  for (const [key, value] of cursor.entries() ?? []) {
    if (value.isNull) value.report(`"${key}" has no value: nothing is taken from the shell`);
    else pairs[key] = dollarsOf(value);
  }
  return pairs;
}

function dollarsOf(cursor: Cursor): string {
  return dollars(cursor, cursor.text() ?? '');
}

function dollars(cursor: Cursor, text: string): string {
  const unescaped = unescapeDollars(text);
  if (unescaped === null)
    cursor.report(`"${text}": variables are not filled in: write the value, or $$ for a dollar sign`);
  return unescaped ?? text;
}

function parseEnvFiles(cursor: Cursor | undefined, context: ComposeContext): Record<string, string> {
  const environment: Record<string, string> = {};
  if (cursor === undefined) return environment;
  for (const item of cursor.isList ? cursor.list() : [cursor]) {
    const path = item.string();
    if (path === undefined) continue;
    const text = context.readFile(resolve(context.dir, path));
    if (text === null) item.report(`the file "${path}" cannot be read in ${context.dir}`);
    for (const [i, line] of (text ?? '').split('\n').entries()) {
      const entry = parseEnvLine(line);
      if (entry === null) item.report(`line ${i + 1} of "${path}" is not KEY=value`);
      else if (entry !== 'blank') environment[entry.key] = entry.value;
    }
  }
  return environment;
}

/** x-outrider says it, else what is exposed first, else what is published first. */
function parsePort(fields: Fields, outrider: Fields): number | null {
  const own = outrider.get('port')?.integer(PORT_RANGE);
  const exposed =
    fields
      .get('expose')
      ?.list()
      .map((item) => item.integer(PORT_RANGE)) ?? [];
  return own ?? exposed[0] ?? null;
}

/** `[[host ip:]host port:]container port[/tcp]`, or the long form; only a container's port opens nothing here. */
function parsePublished(cursor: Cursor): PublishedPort[] {
  if (cursor.isMap) return parseLongPort(cursor);
  const text = cursor.text();
  const match = /^(?:(?:(\[[^\]]+\]|[^:[\]]+):)?(\d+):)?(\d+)(?:\/(tcp|udp))?$/.exec(text ?? '');
  if (match === null) return cursor.report(`"${text}" is not HOST:CONTAINER: ranges are not supported`) ?? [];
  const [, ip, host, container, protocol] = match;
  if (protocol === 'udp') return cursor.report('udp is not supported: only tcp is') ?? [];
  for (const port of [host, container]) {
    if (port !== undefined && !isPort(Number(port))) return cursor.report(`${port} is not a port: 1 to 65535`) ?? [];
  }
  return host === undefined ? [] : [{ hostIp: hostIpOf(ip), hostPort: Number(host) }];
}

function parseLongPort(cursor: Cursor): PublishedPort[] {
  const fields = cursor.object(PORT);
  fields.get('target')?.integer(PORT_RANGE);
  fields.get('protocol')?.oneOf(['tcp']);
  fields.get('mode')?.oneOf(['host', 'ingress']);
  const hostPort = fields.get('published')?.integer(PORT_RANGE);
  return hostPort === undefined ? [] : [{ hostIp: hostIpOf(fields.get('host_ip')?.string()), hostPort }];
}

function hostIpOf(written: string | undefined): string {
  return written?.replace(/^\[|\]$/g, '') ?? '127.0.0.1';
}

function isPort(port: number): boolean {
  return port >= PORT_RANGE.min && port <= PORT_RANGE.max;
}

/** A list of names, or a map whose conditions say no more than the order does. */
function parseDependsOn(cursor: Cursor | undefined): string[] {
  if (cursor === undefined) return [];
  if (cursor.isList) return cursor.list().flatMap((item) => item.string() ?? []);
  const entries = cursor.entries() ?? new Map<string, Cursor>();
  for (const dependency of entries.values()) {
    const fields = dependency.object({ condition: true, required: true, restart: true });
    fields.get('condition')?.oneOf(['service_started', 'service_healthy']);
  }
  return [...entries.keys()];
}

function parseLimits(cursor: Cursor | undefined): ResourceLimits {
  const limits = cursor?.object(RESOURCES).get('limits')?.object(LIMITS);
  return {
    cpus: limits?.get('cpus')?.number({ min: 0.01, max: 1024 }) ?? null,
    memoryBytes: limits?.get('memory')?.parsed(parseBytes, 'a size such as 256M') ?? null,
  };
}

/** `x-outrider.health` wins over Compose's healthcheck. */
function parseHealth(compose: Cursor | undefined, outrider: Cursor | undefined): HealthCheck | null {
  const fromCompose = compose === undefined ? null : parseComposeHealth(compose);
  if (outrider === undefined) return fromCompose;
  const fields = outrider.object(OUTRIDER_HEALTH);
  return { probe: parseProbe(outrider, fields), ...parseTimes(fields, RETRIES) };
}

function parseProbe(health: Cursor, fields: Fields): HealthProbe {
  const grpc = fields.get('grpc');
  const path = fields
    .get('path')
    ?.parsed((text) => (text.startsWith('/') ? text : null), 'a path: it must begin with /');
  if (grpc === undefined) return { kind: 'http', path: path ?? '/' };
  if (fields.has('path')) health.report('has both path and grpc: one of them can be asked');
  return { kind: 'grpc', service: grpc.object(OUTRIDER_GRPC_HEALTH).get('service')?.string() ?? '' };
}

/** `test` as Compose has it: words to run, or a text or CMD-SHELL for the shell, or NONE. */
function parseComposeHealth(cursor: Cursor): HealthCheck | null {
  const fields = cursor.object(HEALTHCHECK);
  if (fields.get('disable')?.boolean() === true) return null;
  const test = fields.get('test');
  const times = parseTimes(fields, COMPOSE_RETRIES);
  if (test === undefined) {
    cursor.report('has no test: say what is to be run, or use x-outrider.health');
    return null;
  }
  const words = test.isList ? test.list().map(dollarsOf) : ['CMD-SHELL', dollarsOf(test)];
  const [form, ...command] = words;
  if (form === 'NONE' && command.length === 0) return null;
  if ((form !== 'CMD' && form !== 'CMD-SHELL') || command.every((word) => word === '')) {
    test.report('must be ["CMD", PROGRAM, ...], ["CMD-SHELL", LINE], ["NONE"], or a line for the shell');
    return null;
  }
  if (form === 'CMD-SHELL' && command.length > 1) {
    test.report('CMD-SHELL takes one line: the shell takes it apart');
    return null;
  }
  const probe: HealthProbe =
    asHttpProbe(command.join(' ')) ??
    (form === 'CMD' ? { kind: 'command', command } : { kind: 'command', command: ['/bin/sh', '-c', command[0]!] });
  return { probe, ...times };
}

/**
 * A request of curl or wget to the application itself is made by the sidecar: that needs no process, and finds the port
 * on which the application really listens.
 */
function asHttpProbe(line: string): HealthProbe | null {
  const url = /^(?:curl|wget)\s.*?https?:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?(\/[^\s'"|;&]*)?/.exec(line);
  return url === null ? null : { kind: 'http', path: url[1] ?? '/' };
}

function parseTimes(fields: Fields, retries: number): Omit<HealthCheck, 'probe'> {
  const duration = (name: string) => fields.get(name)?.parsed(parseDurationMs, 'a duration such as 5s');
  return {
    intervalMs: duration('interval') ?? DEFAULT_HEALTH.intervalMs,
    timeoutMs: duration('timeout') ?? DEFAULT_HEALTH.timeoutMs,
    retries: fields.get('retries')?.integer({ min: 1, max: 100 }) ?? retries,
    startPeriodMs: duration('start_period') ?? 0,
    startIntervalMs: duration('start_interval') ?? null,
  };
}
