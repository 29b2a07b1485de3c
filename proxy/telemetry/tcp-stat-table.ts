/** TCP proxies in Envoy's words ("TCP proxy statistics"). */
import type { TcpStats } from '../tcp/tcp-stats.ts';
import { counter, emitTable, gauge, resetTable, type StatRow } from './stat-table.ts';
import { type StatsSource, tcpScope } from './statistic.ts';

/** Fields of TcpStats by Envoy's names. */
export const TCP_STATS: readonly StatRow<TcpStats>[] = [
  counter('cxTotal', 'downstream_cx_total', 'Connections of clients'),
  gauge('cxActive', 'downstream_cx_active', 'Connections of clients that are open'),
  counter('cxNoRoute', 'downstream_cx_no_route', 'Connections whose cluster does not exist'),
  counter('cxRxBytes', 'downstream_cx_rx_bytes_total', 'Bytes received from clients'),
  counter('cxTxBytes', 'downstream_cx_tx_bytes_total', 'Bytes sent to clients'),
  counter('pausedReading', 'downstream_flow_control_paused_reading_total', 'Times a peer had to wait for the other'),
  counter('resumedReading', 'downstream_flow_control_resumed_reading_total', 'Times such a wait ended'),
  counter('idleTimeout', 'idle_timeout', 'Connections closed because nothing passed'),
  counter('maxDurationReached', 'max_downstream_connection_duration', 'Connections closed because of their age'),
];

/** The statistics of all TCP proxies, one per `stat_prefix`. */
export function tcpStatsSource(proxies: () => readonly TcpStats[]): StatsSource {
  return {
    collect(emit) {
      for (const stats of proxies()) emitTable(TCP_STATS, stats, tcpScope(stats.prefix), emit);
    },
    reset() {
      for (const stats of proxies()) resetTable(TCP_STATS, stats);
    },
  };
}
