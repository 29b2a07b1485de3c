/** Listeners for DNS in Envoy's words ("DNS filter statistics"), and what Envoy does not count. */
import type { ForwardTotals } from '../../kernel/dns/forwarder.ts';
import type { DnsTotals } from '../../kernel/dns/totals.ts';
import type { DnsFilterStats } from '../dns/dns-stats.ts';
import { counter, emitTable, resetTable, type StatRow } from './stat-table.ts';
import { dnsScope, type EmitStatistic, type Scope, type StatsSource, statName, variantName } from './statistic.ts';

/** One listener, as far as it is counted. */
export interface CountedDnsListener {
  readonly config: { readonly dns: { readonly statPrefix: string } };
  readonly stats: DnsFilterStats;
  readonly server: { readonly totals: DnsTotals };
  readonly forwarder: { readonly totals: ForwardTotals; readonly inFlight: number } | null;
}

const NAME_STATS: readonly StatRow<DnsFilterStats>[] = [
  counter('aQueries', 'a_record_queries', 'Questions for IPv4 addresses'),
  counter('aaaaQueries', 'aaaa_record_queries', 'Questions for IPv6 addresses'),
  counter('srvQueries', 'srv_record_queries', 'Questions for services'),
  counter('otherQueries', 'unsupported_queries', 'Questions for other types'),
  counter('knownDomainQueries', 'known_domain_queries', 'Questions about names of the table or of a known suffix'),
  counter('searchListAnswers', 'search_list_answers', 'Of those, about what a search list made of such a name'),
  counter('localA', 'local_a_record_answers', 'IPv4 addresses of the table that were answered'),
  counter('localAaaa', 'local_aaaa_record_answers', 'IPv6 addresses of the table that were answered'),
  counter('localSrv', 'local_srv_record_answers', 'Services of the table that were answered'),
  counter('clusterA', 'cluster_a_record_answers', 'IPv4 addresses of endpoints that were answered'),
  counter('clusterAaaa', 'cluster_aaaa_record_answers', 'IPv6 addresses of endpoints that were answered'),
  counter('clusterSrv', 'cluster_srv_record_answers', 'Services at endpoints that were answered'),
  counter('externalA', 'external_a_record_queries', 'Questions of others for IPv4 addresses'),
  counter('externalAaaa', 'external_aaaa_record_queries', 'Questions of others for IPv6 addresses'),
  counter('externalOther', 'external_unsupported_queries', 'Questions of others for other types'),
  counter('refused', 'external_refused', 'Questions about names of others that nobody was asked for'),
];

const MESSAGE_STATS: readonly StatRow<DnsTotals>[] = [
  counter('dropped', 'downstream_rx_invalid_queries', 'Messages that were no questions'),
  counter('truncated', 'truncated', 'Answers that were cut: the client asks again over TCP'),
  counter('limited', 'limited', 'Questions above the limit of their source'),
  counter('refusedConnections', 'connections_refused', 'Connections that were refused'),
];

const FORWARD_STATS: readonly StatRow<ForwardTotals>[] = [
  counter('forwarded', 'external_asked', 'Questions that other servers were asked'),
  counter('shared', 'external_shared', 'Questions that were being asked already, for somebody else'),
  counter('failed', 'external_failed', 'Questions that no other server answered in time'),
  counter('overflow', 'external_overflow', 'Questions that nobody was asked: too many wait already'),
  counter('mismatched', 'external_mismatched', 'Answers of other servers that did not fit their question'),
];

/** The statistics of all of them, `dns_filter.<stat_prefix>.`. */
export function dnsStatsSource(listeners: () => readonly CountedDnsListener[]): StatsSource {
  return {
    collect(emit) {
      for (const each of listeners()) collectOne(each, emit);
    },
    reset() {
      for (const { stats, server, forwarder } of listeners()) {
        resetTable(NAME_STATS, stats);
        resetTable(MESSAGE_STATS, server.totals);
        if (forwarder !== null) resetTable(FORWARD_STATS, forwarder.totals);
        for (const counts of [server.totals.queries, server.totals.rcodes] as Record<string, number>[])
          for (const key of Object.keys(counts)) counts[key] = 0;
      }
    },
  };
}

function collectOne({ config, stats, server: { totals }, forwarder }: CountedDnsListener, emit: EmitStatistic): void {
  const scope = dnsScope(config.dns.statPrefix);
  emitTable(NAME_STATS, stats, scope, emit);
  emitTable(MESSAGE_STATS, totals, scope, emit);
  for (const [transport, value] of Object.entries(totals.queries))
    emitVariant(scope, 'downstream_rx_queries', 'transport', transport, 'Questions, by transport', value, emit);
  for (const [rcode, value] of Object.entries(totals.rcodes))
    emitVariant(scope, 'downstream_tx_responses', 'rcode', rcode, 'Answers, by code', value, emit);
  if (forwarder === null) return;
  emitTable(FORWARD_STATS, forwarder.totals, scope, emit);
  const pending = statName(scope, 'external_pending', 'Questions that other servers are being asked');
  emit({ kind: 'gauge', ...pending, value: forwarder.inFlight });
}

function emitVariant(
  scope: Scope,
  metric: string,
  label: string,
  value: string,
  help: string,
  count: number,
  emit: EmitStatistic,
): void {
  const variant = {
    stat: `${metric}.${value.toLowerCase()}`,
    metric,
    label: `envoy_${label}`,
    value: value.toLowerCase(),
  };
  emit({ kind: 'counter', ...variantName(scope, variant, help), value: count });
}
