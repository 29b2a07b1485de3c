/** `outrider proxy`: the process around a sidecar. The only file of the proxy that touches `process`. */

import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { SystemClock } from '../kernel/clock.ts';
import { hostPortText } from '../kernel/host-port.ts';
import { openLogger } from '../kernel/log.ts';
import { identify } from '../kernel/process-identity.ts';
import { SeededRandom, systemSeed } from '../kernel/random.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { SystemTimers } from '../kernel/timers.ts';
import { INHERITANCE_VARIABLE } from '../protos/contract/handover.ts';
import { Sidecar } from './app.ts';
import { loadBootstrap, localSources } from './bootstrap/load-bootstrap.ts';
import {
  type BootstrapResult,
  formatBootstrapError,
  type LoadedBootstrap,
  readBootstrap,
} from './bootstrap/read-bootstrap.ts';
import type { SocketAddress } from './config/model/common.ts';
import { FORMAT_COMMANDS } from './http/format.ts';
import { readNextProcess, writeServingProcess } from './lifecycle/handover-folder.ts';
import { HotRestart, type SuccessorMessage, type TakeOver } from './lifecycle/hot-restart.ts';
import { LINK_VARIABLE, readInheritance, spawnSuccessor } from './lifecycle/next-process.ts';
import { type PredecessorLink, standBy } from './lifecycle/standby.ts';
import { SupervisorLink, type SupervisorWord } from './lifecycle/supervisor-link.ts';
import { InheritedSockets } from './net/inherited-sockets.ts';
import { PROXY_USAGE, type ProxyOptions, parseProxyOptions } from './options.ts';
import { PROXY_VERSION } from './version.ts';

const RESOLV_CONF = '/etc/resolv.conf';

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
  const end = (work: Promise<unknown>) => {
    work.then(
      () => ended.resolve(0),
      (error: unknown) => ended.reject(error),
    );
  };
  const { drainMs: deadlineMs, lingerMs, hotRestartMs, hotRestartDirectory, parentShutdownMs } = options;
  const inheritance = readInheritance(process.env[INHERITANCE_VARIABLE]);
  const linkFd = inheritance === null ? numberOf(process.env[LINK_VARIABLE]) : inheritance.link;
  const epoch = inheritance?.epoch ?? 0;
  const line: { link: SupervisorLink | null } = { link: null };
  let stopping = false;
  const stop = () => {
    // The second request means "now".
    if (stopping) return ended.resolve(0);
    stopping = true;
    end(proxy.drain({ deadlineMs, lingerMs }));
  };
  const { execPath, execArgv, argv, env } = process;
  const origin = { execPath, execArgv, argv: argv.slice(1), env, epoch, link: linkFd };
  const restart = new HotRestart({
    clock,
    timers,
    log,
    spawn: (sockets) => {
      const next = hotRestartDirectory === null ? ok(null) : readNextProcess(hotRestartDirectory, process.getuid?.());
      return next.ok ? ok(spawnSuccessor(origin, next.value, sockets)) : next;
    },
    handed: () => proxy.handed,
    leaseId: () => proxy.leaseId,
    readyMs: hotRestartMs ?? 0,
    yielded: () => {
      stopping = true;
      line.link?.handOver();
      end(proxy.yield({ deadlineMs: parentShutdownMs, askMs: deadlineMs }));
    },
  });
  const hotRestart = async (): Promise<Result<number, string>> => {
    if (hotRestartMs === null) return err('--disable-hot-restart: this process may not be replaced while it runs');
    if (stopping || !proxy.standing().ready)
      return err('this process does not serve now: there is nothing to hand over');
    return restart.run();
  };
  const proxy = new Sidecar(bootstrap, {
    clock,
    timers,
    random: new SeededRandom(systemSeed()),
    log,
    lookup: async (host, family) =>
      (await lookup(host, { all: true, family, order: 'verbatim' })).map((each) => each.address),
    resolvConf: () => {
      try {
        return readFileSync(RESOLV_CONF, 'utf8');
      } catch {
        return '';
      }
    },
    sources: localSources(FORMAT_COMMANDS, process.env),
    configPath: options.configPath ?? '',
    pid: process.pid,
    memory: () => {
      const { heapUsed, external, heapTotal, rss } = process.memoryUsage();
      return { allocatedBytes: heapUsed + external, heapBytes: heapTotal, residentBytes: rss };
    },
    quit: stop,
    leave: () => proxy.leave({ deadlineMs, lingerMs }),
    hotRestart,
    epoch,
    inherited: inheritance === null ? null : new InheritedSockets(inheritance.sockets),
  });
  // What Node warns of belongs into our log; that node:ffi is experimental is known.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') log.warn({ warning: warning.name }, warning.message);
  });
  const onWord = (word: SupervisorWord) => {
    if (word.kind === 'end') {
      stopping = true;
      end(proxy.drain(word));
    } else void proxy.leave(word).then((cut) => line.link?.say({ kind: 'left', cut }));
  };
  const openLink = () => {
    if (linkFd === null) return;
    line.link = new SupervisorLink(linkFd, onWord, stop);
    line.link.say({ kind: 'serving', pid: process.pid });
  };
  const onServing = () => {
    if (hotRestartDirectory !== null) writeServingProcess(hotRestartDirectory, { ...identify(process.pid)!, epoch });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A reader of our output that goes away must not take the traffic with it.
  process.on('SIGPIPE', () => {});
  process.on('SIGHUP', () => {});
  // Log rotation: the file was renamed, a new one is begun.
  process.on('SIGUSR1', () => proxy.plane.logFiles.reopen());
  process.on('SIGUSR2', () => void hotRestart());
  try {
    if (inheritance === null) openLink();
    const { admin } = await proxy.start();
    // What starts a process runs once: bin/prepare.js keeps the optimizing compiler from it. From here on requests come.
    setFlagsFromString('--opt');
    if (inheritance === null) onServing();
    else {
      await standBy(proxy, predecessor(), { clock, timers, onServing });
      openLink();
    }
    const address = admin === null ? null : `${admin.host}:${admin.port}`;
    log.info({ pid: process.pid, epoch, admin: address }, 'proxy is up');
  } catch (error) {
    await proxy.close();
    return complain(`outrider proxy: ${error instanceof Error ? error.message : String(error)}\n`, 1);
  }
  await line.link?.untilReady(() => proxy.standing(), timers);
  line.link?.say({ kind: 'ready', outbound: reachable(proxy.outbound) });
  const code = await ended.promise;
  process.removeListener('SIGTERM', stop);
  process.removeListener('SIGINT', stop);
  // Whatever still holds the event loop (a half-closed socket, a late timer) has had its time.
  process.exit(code);
}

/** The channel to the process whose place this one takes. It is closed when that has happened, or the other ends it. */
function predecessor(): PredecessorLink {
  return {
    send: tell,
    onTakeOver: (listener) => {
      // Nobody hands over any more, and whoever served is gone.
      const orphaned = () => process.exit(1);
      process.once('disconnect', orphaned);
      process.once('message', (message) => {
        process.removeListener('disconnect', orphaned);
        listener(message as TakeOver);
      });
    },
  };
}

/** Says it to the predecessor; the last word closes the channel. */
function tell(message: SuccessorMessage): void {
  const isLast = message.kind === 'serving' || message.kind === 'failed';
  process.send?.(message, undefined, undefined, () => isLast && leaveChannel());
}

function leaveChannel(): void {
  if (process.connected) process.disconnect?.();
}

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

/** How a client on this machine writes it. */
function reachable(address: SocketAddress | null): string | null {
  if (address === null) return null;
  const { host, port } = address;
  const own = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return hostPortText({ host: own, port });
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(text: string, code: number): number {
  process.stderr.write(text);
  // Who waits for this process to take over hears why it does not.
  if (process.env[INHERITANCE_VARIABLE] !== undefined) tell({ kind: 'failed', why: text.trim() });
  return code;
}
