/** `outrider proxy`: the process around a sidecar. The only file of the proxy that touches `process`. */
import { lookup } from 'node:dns/promises';
import { setFlagsFromString } from 'node:v8';
import { SystemClock } from '../kernel/clock.ts';
import { openLogger } from '../kernel/log.ts';
import { SeededRandom, systemSeed } from '../kernel/random.ts';
import { SystemTimers } from '../kernel/timers.ts';
import { Sidecar } from './app.ts';
import { loadBootstrap, localSources } from './bootstrap/load-bootstrap.ts';
import {
  type BootstrapResult,
  formatBootstrapError,
  type LoadedBootstrap,
  readBootstrap,
} from './bootstrap/read-bootstrap.ts';
import { FORMAT_COMMANDS } from './http/format.ts';
import { PROXY_USAGE, type ProxyOptions, parseProxyOptions } from './options.ts';
import { PROXY_VERSION } from './version.ts';

/** Runs one proxy to its end. Resolves with the exit code: 0 ended as asked, 1 failed, 2 wrong command line. */
export async function runProxy(argv: readonly string[]): Promise<number> {
  const parsed = parseProxyOptions(argv);
  if (!parsed.ok) return complain(`outrider proxy: ${parsed.error}\n\n${PROXY_USAGE}`, 2);
  if (parsed.value === 'help') return say(PROXY_USAGE);
  if (parsed.value === 'version') return say(`outrider ${PROXY_VERSION} (node ${process.version})\n`);
  const options = parsed.value;
  const read = await readOptions(options);
  if (!read.ok) return complain(read.errors.map((each) => `${formatBootstrapError(each)}\n`).join(''), 1);
  if (options.validateOnly) return say(`configuration '${options.configPath ?? 'given inline'}' OK\n`);
  return serve({ config: withIdentity(read.bootstrap, options), message: read.message }, options);
}

async function readOptions(options: ProxyOptions): Promise<BootstrapResult> {
  if (options.configPath !== null) return loadBootstrap(options.configPath, FORMAT_COMMANDS, process.env);
  return readBootstrap('--config-yaml', options.configYaml!, localSources(FORMAT_COMMANDS, process.env));
}

function withIdentity(
  config: LoadedBootstrap['config'],
  { serviceNode, serviceCluster }: ProxyOptions,
): LoadedBootstrap['config'] {
  const { node } = config;
  return { ...config, node: { ...node, id: serviceNode ?? node.id, cluster: serviceCluster ?? node.cluster } };
}

async function serve(bootstrap: LoadedBootstrap, options: ProxyOptions): Promise<number> {
  const clock = new SystemClock();
  const timers = new SystemTimers();
  const log = await openLogger({ level: options.logLevel, fields: { node: bootstrap.config.node.id } });
  const ended = Promise.withResolvers<number>();
  let stopping = false;
  const stop = () => {
    // The second request means "now".
    if (stopping) return ended.resolve(0);
    stopping = true;
    proxy.drain(options.drainMs).then(
      () => ended.resolve(0),
      (error: unknown) => ended.reject(error),
    );
  };
  const proxy = new Sidecar(bootstrap, {
    clock,
    timers,
    random: new SeededRandom(systemSeed()),
    log,
    lookup: async (host, family) =>
      (await lookup(host, { all: true, family, order: 'verbatim' })).map((each) => each.address),
    sources: localSources(FORMAT_COMMANDS, process.env),
    configPath: options.configPath ?? '',
    pid: process.pid,
    memory: () => {
      const { heapUsed, external, heapTotal, rss } = process.memoryUsage();
      return { allocatedBytes: heapUsed + external, heapBytes: heapTotal, residentBytes: rss };
    },
    quit: stop,
  });
  // What Node warns of belongs into our log; that node:ffi is experimental is known.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') log.warn({ warning: warning.name }, warning.message);
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A reader of our output that goes away must not take the traffic with it.
  process.on('SIGPIPE', () => {});
  process.on('SIGHUP', () => {});
  // Log rotation: the file was renamed, a new one is begun.
  process.on('SIGUSR1', () => proxy.plane.logFiles.reopen());
  try {
    const { admin } = await proxy.start();
    // What starts a process runs once: bin/prepare.js keeps the optimizing compiler from it. From here on requests come.
    setFlagsFromString('--opt');
    log.info({ pid: process.pid, admin: admin === null ? null : `${admin.host}:${admin.port}` }, 'proxy is up');
  } catch (error) {
    await proxy.close();
    return complain(`outrider proxy: ${error instanceof Error ? error.message : String(error)}\n`, 1);
  }
  const code = await ended.promise;
  process.removeListener('SIGTERM', stop);
  process.removeListener('SIGINT', stop);
  // Whatever still holds the event loop (a half-closed socket, a late timer) has had its time.
  process.exit(code);
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(text: string, code: number): number {
  process.stderr.write(text);
  return code;
}
