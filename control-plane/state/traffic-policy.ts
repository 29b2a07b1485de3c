/**
 * TrafficPolicy: how calls to one service are balanced, limited, tried again and cut off. Null and empty lists mean that
 * nothing was written: what the mesh does by itself stays. docs/policies.md has every field with its limits.
 */

import type { Resource } from './resource.ts';
import type { HttpRouteMatch, ValueMatch } from './routes.ts';

/** One per service. */
export interface TrafficPolicy extends Resource {
  readonly kind: 'trafficpolicy';
  /** The service whose callers, and whose own sidecars, it binds. */
  readonly service: string;
  readonly loadBalancing: LoadBalancing | null;
  readonly limits: ServiceLimits | null;
  readonly outlierDetection: OutlierDetection | null;
  /** Opens for the service as a whole. */
  readonly serviceBreaker: Breaker | null;
  /** Of one kind of request each; the first that fits a request counts. */
  readonly requestBreakers: readonly RequestBreaker[];
  readonly retries: Retries | null;
  readonly hedging: Hedging | null;
  readonly timeouts: Timeouts | null;
  /** What is answered instead of a failure, in this order. */
  readonly fallbacks: readonly Fallback[];
  readonly inbound: Inbound | null;
}

/** The balancers; RingHash and Maglev choose by the hash of something in the request. */
export const BALANCERS = ['PeakEwma', 'LeastRequest', 'RoundRobin', 'Random', 'RingHash', 'Maglev'] as const;
/** One of BALANCERS. */
export type Balancer = (typeof BALANCERS)[number];

/** Whether the balancer chooses by hash. */
export function isHashing(balancer: Balancer | null): boolean {
  return balancer === 'RingHash' || balancer === 'Maglev';
}

/** How an instance is chosen. */
export interface LoadBalancing {
  readonly policy: Balancer | null;
  /** Empty for balancers that do not hash. */
  readonly hash: readonly HashInput[];
  readonly slowStart: SlowStart | null;
  /** No instance has more than this share of the mean, in percent: at least 100. */
  readonly boundedLoadPercent: number | null;
  readonly subsets: readonly SubsetSelector[];
  readonly locality: LocalityChoice | null;
}

/** What is hashed. A terminal one ends the list when the request has it. */
export interface HashInput {
  readonly source:
    | { readonly kind: 'header'; readonly name: string }
    /** Set by the sidecar when it is missing and `ttlMs` is not null; 0: as long as the browser is open. */
    | { readonly kind: 'cookie'; readonly name: string; readonly ttlMs: number | null; readonly path: string | null }
    | { readonly kind: 'source-ip' }
    | { readonly kind: 'query'; readonly name: string };
  readonly terminal: boolean;
}

/** The share of a new instance grows. */
export interface SlowStart {
  /** 0: there is none. */
  readonly windowMs: number | null;
  readonly minWeightPercent: number | null;
  /** Ends it as well. */
  readonly successes: number | null;
}

/** What instances carry for subsets, beside `metadata.KEY`. */
export const SUBSET_KEYS = ['version', 'workload', 'zone'] as const;
const METADATA_KEY = /^metadata\.[\w./-]{1,200}$/;

/** Whether a subset may be made by this key. */
export function isSubsetKey(key: string): boolean {
  return SUBSET_KEYS.some((known) => known === key) || METADATA_KEY.test(key);
}

/** Instances that share the values of these keys can be asked for by a route. */
export interface SubsetSelector {
  readonly keys: readonly string[];
  /** When no instance has them. */
  readonly fallback: 'AnyEndpoint' | 'NoFallback';
}

/** Among zones by weight, or the own zone first. */
export type LocalityChoice =
  | { readonly kind: 'weighted' }
  | { readonly kind: 'zone-aware'; readonly minInstances: number | null; readonly percent: number | null };

/** For one caller. */
export interface ServiceLimits {
  readonly maxConnections: number | null;
  readonly maxRequests: number | null;
  readonly maxPending: number | null;
  readonly maxPendingWaitMs: number | null;
  readonly perInstance: {
    readonly maxConnections: number | null;
    readonly maxRequests: number | null;
    readonly maxPending: number | null;
  };
}

/** When an instance is taken out, and for how long. */
export interface OutlierDetection {
  readonly enabled: boolean;
  /** Gateway failures in a row. */
  readonly consecutiveErrors: number | null;
  readonly intervalMs: number | null;
  readonly baseEjectionMs: number | null;
  readonly maxEjectionMs: number | null;
  readonly maxPercent: number | null;
  /** The least share of good answers. */
  readonly minSuccessPercent: number | null;
  readonly minRequests: number | null;
  readonly minInstances: number | null;
  readonly keepLast: boolean | null;
  readonly exponential: boolean | null;
  readonly probe: boolean | null;
}

/** outrider.resilience.v1.Breaker. */
export interface Breaker {
  readonly minimumRequests: number | null;
  readonly windowMs: number | null;
  readonly failurePercent: number | null;
  readonly slowAfterMs: number | null;
  readonly slowPercent: number | null;
  readonly consecutiveFailures: number | null;
  readonly openMs: number | null;
  readonly probes: number | null;
  readonly successesToClose: number | null;
}

/** A breaker of the requests that fit a template, or that one route takes. */
export interface RequestBreaker {
  readonly target:
    | {
        readonly kind: 'template';
        /** As written: `GET /products/{id}`. */
        readonly text: string;
        /** Null: any. */
        readonly method: string | null;
        /** For the whole path, without its query. */
        readonly pathRegex: string;
      }
    | { readonly kind: 'route'; readonly name: string };
  readonly breaker: Breaker;
  readonly shared: boolean;
}

/** When and how often a request is tried again. */
export interface Retries {
  /** Tries after the first. */
  readonly attempts: number | null;
  /** Envoy's words; null: the mesh's default. */
  readonly on: readonly string[] | null;
  /** Statuses that are tried again. */
  readonly codes: readonly number[];
  readonly perTryTimeoutMs: number | null;
  readonly backoff: { readonly baseMs: number | null; readonly maxMs: number | null } | null;
  readonly budget: {
    readonly percent: number | null;
    readonly minPerSecond: number | null;
    readonly windowMs: number | null;
  } | null;
  /** Requests with one of these may be repeated whatever their method; null: nothing was written. */
  readonly idempotencyHeaders: readonly string[] | null;
  readonly maxRetryAfterMs: number | null;
}

/** A second attempt beside a slow one. */
export interface Hedging {
  readonly percentile: number | null;
  readonly maxExtraPercent: number | null;
  readonly minDelayMs: number | null;
}

/** 0 is none, but for `connectMs`. */
export interface Timeouts {
  readonly connectMs: number | null;
  readonly requestMs: number | null;
  readonly idleMs: number | null;
  /** Endpoints are told until when an answer is worth having. */
  readonly propagateDeadline: boolean | null;
  /** The request timeout does not end event streams and gRPC streams. */
  readonly spareStreams: boolean | null;
}

/** One answer instead of a failure. */
export type Fallback =
  | { readonly kind: 'static'; readonly status: number; readonly contentType: string | null; readonly body: string }
  | {
      readonly kind: 'last-good';
      readonly maxAgeMs: number | null;
      readonly maxBytes: number | null;
      readonly maxEntries: number | null;
    }
  | { readonly kind: 'service'; readonly service: string };

/** What the sidecars of the service itself do with requests. */
export interface Inbound {
  readonly adaptiveLimit: AdaptiveLimit | null;
  /** False: callers' deadlines do not count here. */
  readonly deadline: boolean;
  readonly quotas: readonly Quota[];
  readonly rateLimit: RateLimit | null;
}

/** outrider.filters.http.v1.AdaptiveLimit. */
export interface AdaptiveLimit {
  readonly initial: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly tolerance: number | null;
  readonly maxQueue: number | null;
  readonly maxWaitMs: number | null;
  readonly priorityHeader: string | null;
}

/** A rate of the service as a whole; each replica takes its share. */
export interface Quota {
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly burst: number | null;
  readonly match: RequestMatch;
  readonly perHeader: string | null;
  readonly maxValues: number | null;
}

/** Which requests are meant; nulls and empty lists fit any. */
export interface RequestMatch {
  readonly method: string | null;
  readonly path: HttpRouteMatch['path'] | null;
  readonly headers: readonly ValueMatch[];
}

/** A rate of each replica by itself. */
export interface RateLimit {
  readonly requestsPerSecond: number;
  readonly burst: number | null;
}
