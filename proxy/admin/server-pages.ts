/** Pages about the process: readiness, information, memory, log level, and the ways to end or quieten it. */
import type { Logger } from '../../kernel/log.ts';
import { LOG_LEVELS } from '../log-level.ts';
import { type AdminEndpoint, type AdminReply, ALWAYS, jsonReply, textReply } from './admin-endpoint.ts';
import type { AdminViews, LastKnownGoodView, ServerView } from './views.ts';

/** Of what two processes say to each other at a hot restart. */
const HOT_RESTART_VERSION = '1';

/** The endpoints over this process. */
export function serverEndpoints(views: Pick<AdminViews, 'server' | 'actions'>, logger: Logger): AdminEndpoint[] {
  const { server, actions } = views;
  return [
    {
      path: '/ready',
      help: 'print server state, return 200 if LIVE, otherwise return 503',
      handle: () => readyPage(server),
    },
    {
      path: '/server_info',
      help: 'print server version/status information',
      handle: () => jsonReply(serverInfo(server, logger)),
    },
    { path: '/memory', help: 'print current allocation/heap usage', handle: () => jsonReply(memoryInfo(server)) },
    {
      path: '/hot_restart_version',
      help: 'print the hot restart compatibility version',
      handle: () => textReply(HOT_RESTART_VERSION),
    },
    {
      path: '/hot_restart',
      help: 'put a new process in the place of this one, which hands over its sockets',
      changes: ALWAYS,
      handle: async () => {
        const done = await actions.hotRestart();
        return done.ok ? jsonReply({ pid: done.value }) : textReply(`${done.error}\n`, 503);
      },
    },
    {
      path: '/logging',
      help: 'query/change logging levels',
      parameters: ['level=trace|debug|info|warning|error|critical|off'],
      changes: ALWAYS,
      handle: ({ query }) => loggingPage(query, logger),
    },
    change('/healthcheck/fail', 'cause the server to fail health checks', () => actions.failHealthChecks(true)),
    change('/healthcheck/ok', 'cause the server to pass health checks', () => actions.failHealthChecks(false)),
    {
      path: '/drain_listeners',
      help: 'drain listeners',
      parameters: ['graceful', 'inboundonly'],
      changes: ALWAYS,
      handle: ({ query }) => {
        actions.drainListeners({ graceful: query.has('graceful'), inboundOnly: query.has('inboundonly') });
        return textReply('OK\n');
      },
    },
    {
      path: '/leave',
      help: 'ask to be taken out of traffic and end what is inbound, while outbound goes on; answers when nobody comes any more',
      changes: ALWAYS,
      handle: async () => textReply(`connections that were cut: ${await actions.leave()}\n`),
    },
    {
      path: '/probe',
      help: 'check the application, as agreed under a name',
      parameters: ['name=NAME'],
      handle: async ({ query }) => {
        const name = query.get('name') ?? '';
        const looking = actions.probe(name);
        if (looking === undefined) return textReply(`there is no probe "${name.slice(0, 80)}" in the bootstrap\n`, 404);
        const problem = await looking;
        return problem === null ? textReply('OK\n') : textReply(`${problem}\n`, 503);
      },
    },
    {
      path: '/quitquitquit',
      help: 'exit the server',
      changes: ALWAYS,
      handle: () => ({ ...textReply('OK\n'), after: () => actions.quit() }),
    },
  ];
}

function change(path: string, help: string, run: () => void): AdminEndpoint {
  return {
    path,
    help,
    changes: ALWAYS,
    handle: () => {
      run();
      return textReply('OK\n');
    },
  };
}

function readyPage(server: ServerView): AdminReply {
  const state = server.state();
  if (state === 'LIVE') return textReply(`LIVE\n${stale(server)}`);
  const waits = server.waitingFor().map((each) => `waiting for ${each}\n`);
  return textReply(`${state}\n${waits.join('')}`, 503);
}

/** One more line while no control plane stands behind what is in use. */
function stale(server: ServerView): string {
  const kept = server.lastKnownGood();
  if (kept?.ageMs == null) return '';
  const seconds = Math.floor(kept.ageMs / 1000);
  return `with the last known good configuration, ${seconds} s old, ${kept.countSuspects()} endpoints unproven\n`;
}

function lastKnownGood(kept: LastKnownGoodView): unknown {
  const { ageMs } = kept;
  if (ageMs === null) return { in_use: false };
  return { in_use: true, age: `${Math.floor(ageMs / 1000)}s`, suspect_endpoints: kept.countSuspects() };
}

function serverInfo(server: ServerView, logger: Logger): unknown {
  const kept = server.lastKnownGood();
  const uptime = `${Math.floor(server.uptimeMs() / 1000)}s`;
  return {
    version: `outrider/${server.version}`,
    state: server.state(),
    hot_restart_version: HOT_RESTART_VERSION,
    command_line_options: {
      concurrency: server.concurrency,
      config_path: server.configPath,
      log_level: logger.level,
    },
    node: server.node,
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    ...(kept === null ? {} : { last_known_good: lastKnownGood(kept) }),
  };
}

function memoryInfo(server: ServerView): unknown {
  const { allocatedBytes, heapBytes, residentBytes } = server.memory();
  return {
    allocated: `${allocatedBytes}`,
    heap_size: `${heapBytes}`,
    total_physical_bytes: `${residentBytes}`,
  };
}

function loggingPage(query: URLSearchParams, logger: Logger): AdminReply {
  const name = query.get('level');
  if (name !== null) {
    const level = LOG_LEVELS.get(name);
    if (level === undefined)
      return textReply(`unknown level "${name}": use one of ${[...LOG_LEVELS.keys()].join(', ')}\n`, 400);
    logger.level = level;
  } else if (query.size > 0) {
    return textReply('there is one logger: use level=LEVEL\n', 400);
  }
  return textReply(`active loggers:\n  outrider: ${logger.level}\n`);
}
