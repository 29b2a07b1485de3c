/** The process in Envoy's words (envoyproxy.io, "Server statistics"). */
import { fixedScope, type StatsSource, statName } from './statistic.ts';

/** Whether this process takes traffic: Envoy's admin.v3.ServerInfo.State. */
export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

/** Memory of the process, in bytes. */
export interface MemoryUse {
  /** In use on the heap and beside it. */
  readonly allocatedBytes: number;
  /** Reserved for the heap. */
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** What is told of the process. */
export interface CountedServer {
  state(): ServerState;
  /** Since the start. */
  uptimeMs(): number;
  memory(): MemoryUse;
  /** Event loops that carry traffic. */
  readonly concurrency: number;
  /** Hot restarts before this process. */
  readonly epoch: number;
  /** Connections of clients that are open. */
  connectionCount(): number;
}

const STATE_NUMBERS: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3,
};

/** The statistics of the process; nothing to reset. */
export function serverStatsSource(server: CountedServer): StatsSource {
  const scope = fixedScope('server');
  return {
    collect(emit) {
      const state = server.state();
      const memory = server.memory();
      const gauge = (name: string, help: string, value: number) =>
        emit({ kind: 'gauge', ...statName(scope, name, help), value });
      gauge('live', '1 while traffic is taken, 0 before and while draining', state === 'LIVE' ? 1 : 0);
      gauge('state', '0 live, 1 draining, 2 before initialisation, 3 initialising', STATE_NUMBERS[state]);
      gauge('uptime', 'Seconds since the start', Math.floor(server.uptimeMs() / 1000));
      gauge('concurrency', 'Event loops that carry traffic', server.concurrency);
      gauge('memory_allocated', 'Bytes in use', memory.allocatedBytes);
      gauge('memory_heap_size', 'Bytes reserved for the heap', memory.heapBytes);
      gauge('memory_physical_size', 'Resident bytes', memory.residentBytes);
      gauge('total_connections', 'Connections of clients that are open', server.connectionCount());
      gauge('hot_restart_epoch', 'Restarts without loss of connections', server.epoch);
    },
    reset() {},
  };
}
