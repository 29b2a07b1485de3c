/**
 * What is answered instead of a failure (outrider.resilience.v1.Fallback), in the order of the route; the first that has an
 * answer wins. Failures are those of this proxy and 5xx answers, when nothing is tried again any more.
 *
 *   static      always
 *   last good   where one was kept, see last-good.ts
 *   cluster     one more forwarding there, where the request may be repeated and is at hand as a whole
 *
 * The failure stays in the exchange, for its log. gRPC calls have no answers in these words: only another cluster serves them.
 */
import { FALLBACK_HEADER } from '../../../protos/contract/hop-headers.ts';
import type { FallbackConfig, RoutePolicyConfig } from '../../config/model/policy.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Failure } from '../../http/failure.ts';
import type { ResponseHead } from '../../http/message.ts';
import { StoredHead } from '../../http/stored-head.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, type LastGoodLimits, Recording } from './last-good.ts';
import { SafeRetries } from './safe-retries.ts';

/** Where nothing else is said of what may be repeated. */
const SAFE: NonNullable<RoutePolicyConfig['safeRetries']> = {
  idempotencyHeaders: ['idempotency-key'],
  maxRetryAfterMs: 0,
  retryOn: [],
};

export class Fallbacks {
  readonly #steps: readonly FallbackConfig[];
  readonly #lastGood: LastGoodLimits | null;
  readonly #safe: SafeRetries;
  readonly #clusterOf: (name: string) => Cluster | undefined;

  constructor(
    steps: readonly FallbackConfig[],
    safe: SafeRetries | null,
    clusterOf: (name: string) => Cluster | undefined,
  ) {
    this.#steps = steps;
    this.#lastGood = steps.find((each) => each.kind === 'last-good') ?? null;
    this.#safe = safe ?? new SafeRetries(SAFE);
    this.#clusterOf = clusterOf;
  }

  /** Takes down an answer that goes to the client; null when there is no need. */
  record(exchange: Exchange, head: ResponseHead, { lastGood, loop }: Cluster): Recording | null {
    if (this.#lastGood === null) return null;
    return Recording.of(exchange, head, lastGood, this.#lastGood, loop.nowMs);
  }

  /**
   * Answers instead of a failure, or forwards by `forward` to another cluster, which gets the fallbacks behind that one.
   * False when no fallback has an answer. `unseen`: no endpoint has seen the request; `whole`: all of it is kept.
   */
  answer(
    exchange: Exchange,
    cluster: Cluster,
    unseen: boolean,
    whole: boolean,
    forward: (other: Cluster, rest: Fallbacks | null) => void,
  ): boolean {
    for (const [i, step] of this.#steps.entries()) {
      if (step.kind === 'cluster') {
        const other = this.#clusterOf(step.cluster);
        if (other === undefined || !whole || !this.#safe.allowsFailure(exchange, !unseen)) continue;
        cluster.stats.fallbackCluster++;
        exchange.note(`falls back to cluster ${step.cluster}`);
        const rest = this.#steps.slice(i + 1);
        forward(other, rest.length === 0 ? null : new Fallbacks(rest, this.#safe, this.#clusterOf));
        return true;
      }
      if (!exchange.grpc && this.#answerBy(step, exchange, cluster)) return true;
    }
    cluster.stats.fallbackNone++;
    return false;
  }

  #answerBy(step: Exclude<FallbackConfig, { kind: 'cluster' }>, exchange: Exchange, cluster: Cluster): boolean {
    if (step.kind === 'static') {
      cluster.stats.fallbackStatic++;
      const type = step.body === '' ? '' : `content-type: ${step.contentType}\r\n`;
      respond(exchange, step.kind, step.status, type, Buffer.from(step.body));
      return true;
    }
    const { nowMs } = cluster.loop;
    const key = exchange.sent === null ? null : keyOf(exchange.sent);
    const kept = key === null ? null : cluster.lastGood.get(key, nowMs, step.maxAgeMs);
    if (kept === null) return false;
    cluster.stats.fallbackLastGood++;
    // RFC 7234 section 5.5.2: it could not be asked whether the answer still holds. Newer caches read `age` alone.
    const age = `age: ${Math.floor((nowMs - kept.atMs) / 1000)}\r\nwarning: 111 - "Revalidation Failed"\r\n`;
    respond(exchange, step.kind, 200, kept.lines + age, kept.body);
    return true;
  }
}

/** An answer that is a failure, and is not passed on: what logs tell of it. */
export function answeredFailure(status: number): Failure {
  const said = { details: `via_upstream{${status}}`, sentence: `The endpoint answered ${status}.`, body: null };
  return { flag: '-', source: 'upstream', retry: 'never', status, ...said, grpcStatus: null, resetCode: 0 };
}

function respond(exchange: Exchange, kind: string, status: number, lines: string, body: Buffer): void {
  exchange.note(`falls back to the ${kind} answer`);
  const head = new StoredHead(status, `${lines}${FALLBACK_HEADER}: ${kind}\r\n`, body.length);
  exchange.respond(head, body, 0, exchange.isHead ? 0 : body.length, true);
}
