/** Listeners and connection managers in Envoy's words ("Listener statistics", "HTTP connection manager statistics"). */
import { hostPortText } from '../../kernel/host-port.ts';
import type { SocketAddress } from '../config/model/common.ts';
import type { ManagerStats } from '../http/manager-stats.ts';
import type { ListenerStats } from '../listener/listener-stats.ts';
import { HTTP2_STATS } from './http2-stat-table.ts';
import { REQUEST_LIMIT_STATS } from './limit-stat-table.ts';
import { counter, emitTable, gauge, resetTable, type StatRow } from './stat-table.ts';
import {
  type EmitStatistic,
  fixedScope,
  httpScope,
  listenerScope,
  type StatsSource,
  statName,
  variantName,
} from './statistic.ts';
import { SERVER_SECRET_STATS, TLS_STATS } from './tls-stat-table.ts';

/** What is told of one listener. The proxy's listeners are such. */
export interface CountedListener {
  readonly config: { readonly name: string; readonly statPrefix: string };
  readonly stats: ListenerStats;
  /** As bound; null when it is not. */
  readonly address: SocketAddress | null;
}

/** Listeners and how often their set has changed. The proxy's listener set is such. */
export interface CountedListeners {
  all(): readonly CountedListener[];
  readonly drainingCount: number;
  added: number;
  modified: number;
  removed: number;
  createFailure: number;
}

/** Fields of ListenerStats by Envoy's names. */
export const LISTENER_STATS: readonly StatRow<ListenerStats>[] = [
  counter('cxTotal', 'downstream_cx_total', 'Connections accepted'),
  gauge('cxActive', 'downstream_cx_active', 'Connections open'),
  counter('cxDestroy', 'downstream_cx_destroy', 'Connections ended'),
  counter('cxOverflow', 'downstream_cx_overflow', 'Connections refused at the limit of the listener'),
  gauge('preCxActive', 'downstream_pre_cx_active', 'Connections whose first bytes are waited for'),
  counter('redirectLoop', 'downstream_cx_redirect_loop', 'Redirected connections to this proxy itself, refused'),
  counter('preCxTimeout', 'downstream_pre_cx_timeout', 'Connections whose first bytes did not come in time'),
  counter('noFilterChainMatch', 'no_filter_chain_match', 'Connections that fit no filter chain'),
  counter(
    'proxyProtocolError',
    'proxy_proto.downstream_cx_proxy_proto_error',
    'Connections without a valid PROXY header',
  ),
];

/** Fields of ManagerStats by Envoy's names. */
export const MANAGER_STATS: readonly StatRow<ManagerStats>[] = [
  counter('cxTotal', 'downstream_cx_total', 'Connections of clients'),
  gauge('cxActive', 'downstream_cx_active', 'Connections of clients that are open'),
  counter('cxDestroy', 'downstream_cx_destroy', 'Connections of clients that ended'),
  counter('cxProtocolError', 'downstream_cx_protocol_error', 'Connections ended by a protocol error'),
  counter('cxIdleTimeout', 'downstream_cx_idle_timeout', 'Connections closed because they were idle'),
  counter('cxMaxDurationReached', 'downstream_cx_max_duration_reached', 'Connections ended by max_connection_duration'),
  counter(
    'cxMaxRequestsReached',
    'downstream_cx_max_requests_reached',
    'Connections ended by their number of requests',
  ),
  counter('cxDelayedCloseTimeout', 'downstream_cx_delayed_close_timeout', 'Clients that did not close in time'),
  counter('cxRxBytes', 'downstream_cx_rx_bytes_total', 'Bytes received from clients'),
  counter('cxTxBytes', 'downstream_cx_tx_bytes_total', 'Bytes sent to clients'),
  counter('cxHttp1Total', 'downstream_cx_http1_total', 'Connections over HTTP/1'),
  gauge('cxHttp1Active', 'downstream_cx_http1_active', 'Such connections that are open'),
  counter('cxHttp2Total', 'downstream_cx_http2_total', 'Connections over HTTP/2'),
  gauge('cxHttp2Active', 'downstream_cx_http2_active', 'Such connections that are open'),
  counter('cxUpgradesTotal', 'downstream_cx_upgrades_total', 'Connections that went on with another protocol'),
  gauge('cxUpgradesActive', 'downstream_cx_upgrades_active', 'Such connections that are open'),
  counter('rqTotal', 'downstream_rq_total', 'Requests'),
  counter('rqHttp1Total', 'downstream_rq_http1_total', 'Requests over HTTP/1'),
  counter('rqHttp2Total', 'downstream_rq_http2_total', 'Requests over HTTP/2'),
  gauge('rqActive', 'downstream_rq_active', 'Requests in flight'),
  counter('rqResetByClient', 'downstream_rq_rx_reset', 'Requests reset by the client'),
  counter('rqTimeout', 'downstream_rq_timeout', 'Requests not received within request_timeout'),
  counter('rqHeaderTimeout', 'downstream_rq_header_timeout', 'Request heads not received in time'),
  counter('rqIdleTimeout', 'downstream_rq_idle_timeout', 'Requests ended by the stream idle timeout'),
  counter('rqMaxDurationReached', 'downstream_rq_max_duration_reached', 'Requests ended by max_stream_duration'),
  counter('rqTooLarge', 'downstream_rq_too_large', 'Requests refused because of their size'),
  counter('rqCompleted', 'downstream_rq_completed', 'Requests answered'),
  counter('noRoute', 'no_route', 'Requests for which no route was found'),
  counter('noCluster', 'no_cluster', 'Requests whose cluster does not exist'),
  counter('directResponse', 'rq_direct_response', 'Requests answered by the route itself'),
  counter('redirect', 'rq_redirect', 'Requests redirected'),
];

const MANAGER_SCOPE = fixedScope('listener_manager');

type ListenerSetCounters = Pick<CountedListeners, 'added' | 'modified' | 'removed' | 'createFailure'>;

const LISTENER_SET_STATS: readonly StatRow<ListenerSetCounters>[] = [
  counter('added', 'listener_added', 'Listeners added'),
  counter('modified', 'listener_modified', 'Listeners changed'),
  counter('removed', 'listener_removed', 'Listeners removed'),
  counter('createFailure', 'listener_create_failure', 'Listeners that could not be opened'),
];

/** The statistics of all listeners and of their manager. */
export function listenerStatsSource(listeners: CountedListeners): StatsSource {
  return {
    collect(emit) {
      const all = listeners.all();
      for (const { config, stats, address } of all) {
        const name =
          config.statPrefix === '' ? hostPortText(address ?? { host: config.name, port: 0 }) : config.statPrefix;
        emitTable(LISTENER_STATS, stats, listenerScope(name), emit);
        emitTable(TLS_STATS, stats.tls, listenerScope(name), emit);
        emitTable(SERVER_SECRET_STATS, stats.tls, listenerScope(name), emit);
      }
      emitTable(LISTENER_SET_STATS, listeners as ListenerSetCounters, MANAGER_SCOPE, emit);
      const active = statName(MANAGER_SCOPE, 'total_listeners_active', 'Listeners in use');
      emit({ kind: 'gauge', ...active, value: all.length });
      const draining = statName(MANAGER_SCOPE, 'total_listeners_draining', 'Listeners whose last connections end');
      emit({ kind: 'gauge', ...draining, value: listeners.drainingCount });
    },
    reset() {
      for (const { stats } of listeners.all()) {
        resetTable(LISTENER_STATS, stats);
        resetTable(TLS_STATS, stats.tls);
        resetTable(SERVER_SECRET_STATS, stats.tls);
      }
      resetTable(LISTENER_SET_STATS, listeners as ListenerSetCounters);
    },
  };
}

/** The statistics of all connection managers, one per `stat_prefix`. */
export function managerStatsSource(managers: () => readonly ManagerStats[]): StatsSource {
  return {
    collect(emit) {
      for (const stats of managers()) emitManager(stats, emit);
    },
    reset() {
      for (const stats of managers()) {
        resetTable(MANAGER_STATS, stats);
        resetTable(REQUEST_LIMIT_STATS, stats.limits);
        resetTable(HTTP2_STATS, stats.http2);
        stats.byClass.fill(0);
      }
    },
  };
}

function emitManager(stats: ManagerStats, emit: EmitStatistic): void {
  const scope = httpScope(stats.prefix);
  emitTable(MANAGER_STATS, stats, scope, emit);
  emitTable(REQUEST_LIMIT_STATS, stats.limits, scope, emit);
  if (stats.cxHttp2Total > 0) emitTable(HTTP2_STATS, stats.http2, scope, emit);
  for (let statusClass = 1; statusClass <= 5; statusClass++) {
    const variant = {
      stat: `downstream_rq_${statusClass}xx`,
      metric: 'downstream_rq_xx',
      label: 'envoy_response_code_class',
      value: `${statusClass}`,
    };
    const name = variantName(scope, variant, 'Requests answered, by class of status');
    emit({ kind: 'counter', ...name, value: stats.byClass[statusClass] ?? 0 });
  }
  const time = statName(scope, 'downstream_rq_time', 'Time from request to complete answer, in milliseconds');
  emit({ kind: 'histogram', ...time, histogram: stats.timeMs });
}
