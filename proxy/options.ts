/** The command line of `outrider proxy`: Envoy's option names where we have the same thing. PURE. */
import { parseArgs } from 'node:util';
import { nearest } from '../kernel/edit-distance.ts';
import type { LogLevel } from '../kernel/log.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { optionProblem } from '../kernel/unknown-option.ts';
import { parseLogLevel } from './log-level.ts';

/** What a proxy is started with. */
export interface ProxyOptions {
  /** Path of an Envoy v3 bootstrap, YAML or JSON. Null when the text is given inline. */
  readonly configPath: string | null;
  /** --config-yaml: the bootstrap's text. */
  readonly configYaml: string | null;
  readonly logLevel: LogLevel;
  readonly validateOnly: boolean;
  readonly serviceNode: string | null;
  readonly serviceCluster: string | null;
  /** How long requests in flight may take after SIGTERM, in milliseconds; default 30,000. */
  readonly drainMs: number;
  /** How long inbound ports stay open after SIGTERM for callers that no control plane tells, in milliseconds; default 0. */
  readonly lingerMs: number;
  /** How long a successor may take until it is ready, in milliseconds; default 30,000. Null: there is none. */
  readonly hotRestartMs: number | null;
  /** Where this process and its supervisor tell each other of successors; null: there is no supervisor who asks. */
  readonly hotRestartDirectory: string | null;
  /** How long a process that was replaced finishes what it has, in milliseconds; as drainMs by default. */
  readonly parentShutdownMs: number;
}

/** `help` and `version` are asked for instead of a run. */
export type ParsedOptions = ProxyOptions | 'help' | 'version';

const OPTIONS = {
  'config-path': { type: 'string', short: 'c' },
  'config-yaml': { type: 'string' },
  concurrency: { type: 'string' },
  'log-level': { type: 'string', short: 'l' },
  mode: { type: 'string' },
  'service-node': { type: 'string' },
  'service-cluster': { type: 'string' },
  'drain-time-s': { type: 'string' },
  'drain-linger-s': { type: 'string' },
  'hot-restart-timeout-s': { type: 'string' },
  'hot-restart-directory': { type: 'string' },
  'parent-shutdown-time-s': { type: 'string' },
  'base-id': { type: 'string' },
  'use-dynamic-base-id': { type: 'boolean' },
  'disable-hot-restart': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

export const PROXY_USAGE = `Usage: outrider proxy -c FILE [options]

Starts one sidecar from an Envoy v3 bootstrap (YAML or JSON).

  -c, --config-path FILE     the bootstrap
      --config-yaml TEXT     the bootstrap itself, instead of a file
      --mode serve|validate  validate: check the bootstrap and end (default serve)
  -l, --log-level LEVEL      trace, debug, info, warning, error, critical or off (default info)
      --concurrency N        event loops; this version runs one
      --service-node ID      overrides node.id
      --service-cluster NAME overrides node.cluster
      --drain-time-s N       seconds that requests in flight may take after SIGTERM (default 30)
      --drain-linger-s N     seconds that inbound ports stay open after SIGTERM, for callers that only /ready or the
                             health check filter tells (default 0)
      --hot-restart-timeout-s N
                             seconds until a new process has to be ready, which SIGUSR2 or POST /hot_restart puts
                             in the place of this one (default 30)
      --hot-restart-directory DIR
                             next.json there says what the new process is started with (command, cwd, env; else it is
                             started like this one), serving.json which process serves
      --parent-shutdown-time-s N
                             seconds that the old process may take for what it has then (default: as --drain-time-s)
      --disable-hot-restart  never does that
      --version, --help
Accepted for Envoy's sake, without effect: --base-id, --use-dynamic-base-id.
`;

/** Parses the words behind `outrider proxy`. The error is one sentence. */
export function parseProxyOptions(argv: readonly string[]): Result<ParsedOptions, string> {
  let values: ReturnType<typeof parse>['values'];
  try {
    values = parse(argv).values;
  } catch (error) {
    return err(optionProblem(error, nearestOption));
  }
  if (values.help === true) return ok('help');
  if (values.version === true) return ok('version');
  const configPath = values['config-path'] ?? null;
  const configYaml = values['config-yaml'] ?? null;
  if (configPath === null && configYaml === null) return err('no configuration: give a bootstrap file with -c FILE');
  if (configPath !== null && configYaml !== null) return err('give either --config-path or --config-yaml, not both');
  const logLevel = parseLogLevel(values['log-level'] ?? 'info');
  if (!logLevel.ok) return err(`--log-level: ${logLevel.error}`);
  const mode = values.mode ?? 'serve';
  if (mode !== 'serve' && mode !== 'validate') return err(`--mode: "${mode}" is neither serve nor validate`);
  const concurrency = wholeNumber('concurrency', values.concurrency ?? '1', 1);
  if (!concurrency.ok) return concurrency;
  const drainSeconds = wholeNumber('drain-time-s', values['drain-time-s'] ?? '30', 3_600);
  if (!drainSeconds.ok) return drainSeconds;
  const lingerSeconds = wholeNumber('drain-linger-s', values['drain-linger-s'] ?? '0', 3_600);
  if (!lingerSeconds.ok) return lingerSeconds;
  const restartSeconds = wholeNumber('hot-restart-timeout-s', values['hot-restart-timeout-s'] ?? '30', 3_600);
  if (!restartSeconds.ok) return restartSeconds;
  const shutdownText = values['parent-shutdown-time-s'] ?? `${drainSeconds.value}`;
  const shutdownSeconds = wholeNumber('parent-shutdown-time-s', shutdownText, 86_400);
  if (!shutdownSeconds.ok) return shutdownSeconds;
  return ok({
    configPath,
    configYaml,
    logLevel: logLevel.value,
    validateOnly: mode === 'validate',
    serviceNode: values['service-node'] ?? null,
    serviceCluster: values['service-cluster'] ?? null,
    drainMs: drainSeconds.value * 1000,
    lingerMs: lingerSeconds.value * 1000,
    hotRestartMs: values['disable-hot-restart'] === true ? null : restartSeconds.value * 1000,
    hotRestartDirectory: values['hot-restart-directory'] ?? null,
    parentShutdownMs: shutdownSeconds.value * 1000,
  });
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: false });
}

function wholeNumber(name: string, text: string, max: number): Result<number, string> {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value > max) return err(`--${name}: "${text}" is not a whole number of at most ${max}`);
  return ok(value);
}

/** The option with the nearest name, or one whose first word is near: `confg` means `config-path`. */
function nearestOption(name: string): string | undefined {
  const names = Object.keys(OPTIONS);
  const whole = nearest(name, names);
  if (whole !== undefined) return whole;
  const word = nearest(
    name,
    names.map((each) => each.split('-')[0]!),
  );
  return names.find((each) => each.split('-')[0] === word);
}
