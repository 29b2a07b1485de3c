/**
 * What the DNS server has counted, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import type { MeshDns } from './mesh-dns.ts';

/** Reads the numbers at every scrape. */
export function dnsMetrics({ server, forwarder }: MeshDns): MetricSource {
  return (emit) => {
    const sample = (
      type: 'counter' | 'gauge',
      name: string,
      help: string,
      value: number,
      labels: Record<string, string> = {},
    ) => emit({ name: `outrider_control_plane_dns_${name}`, help, type, labels, value });
    const { queries, rcodes, truncated, dropped, limited, refusedConnections } = server.totals;
    for (const [transport, count] of Object.entries(queries))
      sample('counter', 'queries_total', 'Questions, by transport.', count, { transport });
    for (const [rcode, count] of Object.entries(rcodes))
      sample('counter', 'answers_total', 'Answers, by code.', count, { rcode });
    sample('counter', 'truncated_total', 'Answers that were cut: the client asks again over TCP.', truncated);
    sample('counter', 'dropped_total', 'Messages that were no questions.', dropped);
    sample('counter', 'limited_total', 'Questions above the limit of their source.', limited);
    sample('counter', 'connections_refused_total', 'Connections that were refused.', refusedConnections);
    if (forwarder === null) return;
    const { forwarded, failed, overflow, mismatched } = forwarder.totals;
    sample('counter', 'forwarded_total', 'Questions that others were asked.', forwarded);
    sample('counter', 'forward_failures_total', 'Of those, questions that nobody answered.', failed);
    sample('counter', 'forward_overflow_total', 'Questions that nobody was asked: too many wait already.', overflow);
    sample('counter', 'forward_mismatched_total', 'Answers of others that did not fit their question.', mismatched);
    sample('gauge', 'forward_in_flight', 'Questions that others are being asked.', forwarder.inFlight);
  };
}
