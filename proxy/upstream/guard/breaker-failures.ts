/** The entries of the failure table that circuit breakers make: each names its breaker, its limit and the value. PURE. */
import type { BreakerConfig } from '../../config/model/policy.ts';
import { type Failure, failure } from '../../http/failure.ts';

/** What a breaker guards: the word for logs and headers, and the words for people. */
export interface BreakerSubject {
  /** `service_breaker`, or `request_breaker[name]`. */
  readonly word: string;
  /** `service breaker of cluster catalog`. */
  readonly words: string;
}

/** Outcomes in the window. */
export interface Tally {
  readonly total: number;
  readonly failed: number;
  readonly slow: number;
}

/** Why a breaker opens. */
export type Cause = 'failures' | 'slow' | 'consecutive' | 'probe';

/** The breaker of a whole cluster. */
export function serviceSubject(cluster: string): BreakerSubject {
  return { word: 'service_breaker', words: `service breaker of cluster ${cluster}` };
}

/** The breaker of a route template. */
export function requestSubject(name: string): BreakerSubject {
  // It is one field of a log line, and of a header.
  return { word: `request_breaker[${name.replace(/[^\x21-\x7e]/g, '_')}]`, words: `request breaker of ${name}` };
}

/** It is open. */
export function breakerOpen(subject: BreakerSubject, cause: Cause, tally: Tally, config: BreakerConfig): Failure {
  const { openMs, probes } = config;
  const then = `After ${openMs} ms it lets ${probes === 1 ? 'one request' : `${probes} requests at once`} through to see.`;
  const { why, limit } = reasonOf(cause, tally, config);
  return refusal(`${subject.word}_open{${limit}}`, `The ${subject.words} is open: ${why}. ${then}`);
}

/** It is half open, and all probes are under way. */
export function breakerProbing({ word, words }: BreakerSubject, { probes, successesToClose }: BreakerConfig): Failure {
  return refusal(
    `${word}_half_open{probes=${probes}}`,
    `The ${words} is half open: ${probes} at once (probes: ${probes}) are let through to see, and that many are under way. ` +
      `It closes after ${successesToClose} good ones in a row.`,
  );
}

/** The mesh holds it open. */
export function breakerShared({ word, words }: BreakerSubject, open: number, callers: number, ttlMs: number): Failure {
  return refusal(
    `${word}_shared_open{open=${open},callers=${callers}}`,
    `The ${words} is held open by the mesh, for at most ${ttlMs} ms from when it was told: ` +
      `${open} of ${callers} callers have opened theirs, and half of them is enough.`,
  );
}

function reasonOf(cause: Cause, tally: Tally, config: BreakerConfig): { readonly why: string; readonly limit: string } {
  const { total, failed, slow } = tally;
  switch (cause) {
    case 'failures': {
      const share = percent(failed, total);
      return {
        why: `${failed} of ${total} requests in ${config.windowMs} ms failed, ${share} % (failure_percent: ${config.failurePercent})`,
        limit: `failures=${share}%,failure_percent=${config.failurePercent}`,
      };
    }
    case 'slow': {
      const share = percent(slow, total);
      return {
        why:
          `${slow} of ${total} requests in ${config.windowMs} ms took longer than ${config.slowAfterMs} ms, ` +
          `${share} % (slow_percent: ${config.slowPercent})`,
        limit: `slow=${share}%,slow_percent=${config.slowPercent}`,
      };
    }
    case 'consecutive':
      return {
        why: `${config.consecutiveFailures} requests in a row failed (consecutive_failures: ${config.consecutiveFailures})`,
        limit: `consecutive_failures=${config.consecutiveFailures}`,
      };
    case 'probe':
      return { why: 'a request that was let through to see failed', limit: 'probe=failed' };
  }
}

function percent(part: number, total: number): number {
  return Math.round((part / total) * 100);
}

function refusal(details: string, sentence: string): Failure {
  return failure('UO', 'local', 'if-unsent', 503, details, sentence);
}
