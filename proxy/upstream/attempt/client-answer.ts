/** What the client gets from the router besides the endpoint's own words: header fields, and answers made for a cluster. */
import { ATTEMPTS_HEADER, FALLBACK_HEADER } from '../../../protos/contract/hop-headers.ts';
import type { Exchange } from '../../http/exchange.ts';
import {
  DURATION_EXCEEDED,
  DURATION_EXCEEDED_UPSTREAM,
  type Failure,
  PER_TRY_IDLE_TIMEOUT,
  PER_TRY_TIMEOUT,
  STREAM_IDLE,
  STREAM_IDLE_UPSTREAM,
} from '../../http/failure.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { ResponseHead } from '../../http/message.ts';
import type { Cluster } from '../cluster.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Attempt } from './attempt.ts';
import type { ForwardOptions } from './forward-options.ts';
import { ATTEMPT_COUNT } from './request-edits.ts';
import type { Grant } from './retries.ts';
import { RETRIED } from './safe-retries.ts';
import type { StreamLimit } from './stream-deadlines.ts';

const ATTEMPTS = new HeaderName(ATTEMPTS_HEADER);
const GRPC_STATUS = new HeaderName('grpc-status');

/** Why no further attempt was made, though one was wanted; null when none was. */
export type Refusal = Exclude<Grant, 'granted'> | null;

/** What became of the retries of a request; null where none was wanted. */
export interface Retried {
  readonly refusal: Refusal;
}

/** Edits an endpoint's answer for the client. HOT. */
export function editAnswer(
  head: ResponseHead,
  exchange: Exchange,
  cluster: Cluster,
  { envoyHeaders, countDownstream, safe, standsIn }: ForwardOptions,
  attempt: Attempt,
  retries: Retried | null,
): void {
  const refusal = retries === null ? null : retries.refusal;
  if (envoyHeaders) head.append(cluster.serviceTimes.of(attempt.elapsedMs() | 0));
  if (countDownstream) {
    head.remove(ATTEMPT_COUNT);
    head.add(ATTEMPT_COUNT.name, String(exchange.attempts));
  }
  if (standsIn) head.add(FALLBACK_HEADER, 'cluster');
  if (safe !== null && exchange.attempts > 1) {
    head.remove(ATTEMPTS);
    head.add(ATTEMPTS.name, String(exchange.attempts));
  }
  if (head.status >= 500 || refusal !== null || (exchange.grpc && failedCall(head)))
    markFailure(head, exchange, cluster, safe !== null, refusal);
}

/** A call whose whole answer is an error. */
function failedCall(head: ResponseHead): boolean {
  const status = head.first(GRPC_STATUS);
  return status !== null && status !== '0';
}

/** Tells the layers above that a failure is not to be tried again. */
function markFailure(
  head: ResponseHead,
  { attempts, startedMs }: Exchange,
  { retriedMarks, loop }: Cluster,
  safe: boolean,
  refusal: Refusal,
): void {
  const marked = head.first(RETRIED) !== null;
  if (!safe) {
    if (!marked && retriedMarks.explain(startedMs)) head.add(RETRIED.name, 'below');
    return;
  }
  const mark = markOf(attempts, refusal);
  if (!marked && mark !== '') head.add(RETRIED.name, mark);
  if (marked || mark !== '') retriedMarks.add(loop.nowMs);
}

function markOf(attempts: number, refusal: Refusal): string {
  if (refusal === 'budget' || refusal === 'overflow') return 'budget';
  return attempts > 1 ? 'attempts' : '';
}

/** The lines of an answer that is made here for a cluster; it counts among the cluster's statuses, as in Envoy. */
export function localLines(
  { responseStarted, attempts, startedMs }: Exchange,
  { stats, retriedMarks, loop }: Cluster,
  { envoyHeaders, countDownstream, safe }: ForwardOptions,
  failure: Failure,
  retries: Retried | null,
): string {
  if (responseStarted || failure.status === 0) return '';
  stats.byStatus[failure.status] = stats.byStatus[failure.status]! + 1;
  let lines = '';
  if (failure.flag === 'UO' && envoyHeaders) lines += 'x-envoy-overloaded: true\r\n';
  if (countDownstream) lines += `${ATTEMPT_COUNT.name}: ${attempts}\r\n`;
  if (safe === null) {
    if (retriedMarks.explain(startedMs)) lines += `${RETRIED.name}: below\r\n`;
    return lines;
  }
  if (attempts > 1) lines += `${ATTEMPTS.name}: ${attempts}\r\n`;
  const mark = markOf(attempts, retries?.refusal ?? null);
  if (mark === '') return lines;
  retriedMarks.add(loop.nowMs);
  return `${lines}${RETRIED.name}: ${mark}\r\n`;
}

/** What a time limit of the route that is over means; it is counted. */
export function limitFailure(limit: StreamLimit, { manager, requestDone }: Exchange, stats: ClusterStats): Failure {
  switch (limit) {
    case 'per-try':
      stats.rqPerTryTimeout++;
      return PER_TRY_TIMEOUT;
    case 'per-try-idle':
      stats.rqPerTryIdleTimeout++;
      return PER_TRY_IDLE_TIMEOUT;
    case 'idle':
      manager.stats.rqIdleTimeout++;
      return requestDone ? STREAM_IDLE_UPSTREAM : STREAM_IDLE;
    case 'duration':
      manager.stats.rqMaxDurationReached++;
      return requestDone ? DURATION_EXCEEDED_UPSTREAM : DURATION_EXCEEDED;
  }
}
