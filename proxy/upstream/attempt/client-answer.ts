/** What the client gets from the router besides the endpoint's own words: header fields, and answers made for a cluster. */
import type { Exchange } from '../../http/exchange.ts';
import type { Failure } from '../../http/failure.ts';
import type { ResponseHead } from '../../http/message.ts';
import type { Cluster } from '../cluster.ts';
import type { Attempt } from './attempt.ts';
import type { ForwardOptions } from './forward-options.ts';
import { ATTEMPT_COUNT } from './request-edits.ts';

/** Edits an endpoint's answer for the client. HOT. */
export function editAnswer(
  head: ResponseHead,
  { attempts }: Exchange,
  { serviceTimes }: Cluster,
  { envoyHeaders, countDownstream }: ForwardOptions,
  attempt: Attempt,
): void {
  if (envoyHeaders) head.append(serviceTimes.of(attempt.elapsedMs() | 0));
  if (!countDownstream) return;
  head.remove(ATTEMPT_COUNT);
  head.add(ATTEMPT_COUNT.name, String(attempts));
}

/** The lines of an answer that is made here for a cluster; it counts among the cluster's statuses, as in Envoy. */
export function localLines(
  { responseStarted, attempts }: Exchange,
  { stats }: Cluster,
  { envoyHeaders, countDownstream }: ForwardOptions,
  failure: Failure,
): string {
  if (responseStarted || failure.status === 0) return '';
  stats.byStatus[failure.status] = stats.byStatus[failure.status]! + 1;
  const overloaded = failure.flag === 'UO' && envoyHeaders ? 'x-envoy-overloaded: true\r\n' : '';
  return countDownstream ? `${overloaded}${ATTEMPT_COUNT.name}: ${attempts}\r\n` : overloaded;
}
