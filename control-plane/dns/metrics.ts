/**
 * What the DNS server has counted, for /metrics.
 */
import type { MetricSource } from '../../kernel/metrics.ts';
import { sampler } from '../sampler.ts';
import type { MeshDns } from './mesh-dns.ts';

/** Reads the numbers at every scrape. */
export function dnsMetrics({ server, forwarder }: MeshDns): MetricSource {
  return (emit) => {
    const { gauge, counter } = sampler(emit, 'dns_');
    const { queries, rcodes, truncated, dropped, limited, refusedConnections } = server.totals;
    for (const [transport, count] of Object.entries(queries))
      counter('queries_total', 'Questions, by transport.', count, { transport });
    for (const [rcode, count] of Object.entries(rcodes))
      counter('answers_total', 'Answers, by code.', count, { rcode });
    counter('truncated_total', 'Answers that were cut: the client asks again over TCP.', truncated);
    counter('dropped_total', 'Messages that were no questions.', dropped);
    counter('limited_total', 'Questions above the limit of their source.', limited);
    counter('connections_refused_total', 'Connections that were refused.', refusedConnections);
    if (forwarder === null) return;
    const { forwarded, failed, overflow, mismatched } = forwarder.totals;
    counter('forwarded_total', 'Questions that others were asked.', forwarded);
    counter('forward_failures_total', 'Of those, questions that nobody answered.', failed);
    counter('forward_overflow_total', 'Questions that nobody was asked: too many wait already.', overflow);
    counter('forward_mismatched_total', 'Answers of others that did not fit their question.', mismatched);
    gauge('forward_in_flight', 'Questions that others are being asked.', forwarder.inFlight);
  };
}
