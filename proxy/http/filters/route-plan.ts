/** What a route means to the router, worked out when the route table is compiled, so that requests find it done. */
import type { Random } from '../../../kernel/random.ts';
import type { HeaderEdits } from '../../config/model/header-edits.ts';
import type { RouterFilterConfig } from '../../config/model/http-filter.ts';
import type { RoutePolicyConfig } from '../../config/model/policy.ts';
import type { ForwardAction, MaxStreamDuration, RetryPolicyConfig, WeightedCluster } from '../../config/model/route.ts';
import { compileRegex } from '../../routing/matchers.ts';
import type { Route } from '../../routing/route-table.ts';
import { drawFraction, type Runtime } from '../../routing/runtime.ts';
import { Fallbacks } from '../../upstream/attempt/fallbacks.ts';
import type { ForwardOptions } from '../../upstream/attempt/forward-options.ts';
import { Hedging } from '../../upstream/attempt/hedging.ts';
import type { Mirroring } from '../../upstream/attempt/mirror.ts';
import { RetryPolicy } from '../../upstream/attempt/retry-policy.ts';
import { SafeRetries } from '../../upstream/attempt/safe-retries.ts';
import type { StreamLimits } from '../../upstream/attempt/stream-deadlines.ts';
import type { ClusterManager } from '../../upstream/cluster-manager.ts';
import type { RequestBreakers } from '../../upstream/guard/request-breakers.ts';
import type { Exchange } from '../exchange.ts';
import { type Failure, NO_CLUSTER, REQUEST_TIMEOUT } from '../failure.ts';
import type { GrpcTimeoutLimits } from '../grpc-timeout.ts';
import { type CompiledEdits, compileEdits } from '../header-edits.ts';
import { HeaderName } from '../header-name.ts';
import { HashPolicy } from './hash-policy.ts';

/** What plans are made with: the router's surroundings. */
export interface PlanDeps {
  readonly clusters: ClusterManager;
  readonly requestBreakers: RequestBreakers;
  readonly random: Random;
  readonly runtime: Runtime;
  /** per_connection_buffer_limit_bytes of the listener. */
  readonly bufferLimitBytes: number;
  /** max_stream_duration of the connection manager; 0 for none. */
  readonly maxStreamDurationMs: number;
}

/** The plan of one route. */
export interface Plan {
  readonly requestEdits: readonly CompiledEdits[] | null;
  readonly responseEdits: readonly CompiledEdits[] | null;
  readonly forward: ForwardPlan | null;
}

/** The plan of a route that forwards. */
export interface ForwardPlan {
  readonly action: ForwardAction;
  readonly options: ForwardOptions;
  /** Milliseconds told to the endpoint as x-envoy-expected-rq-timeout-ms; 0 tells none. */
  readonly expectedTimeoutMs: number;
  /** Null when the route has none. */
  readonly hashPolicy: HashPolicy | null;
  readonly clusterHeader: HeaderName | null;
  readonly weighted: ReadonlyMap<WeightedCluster, Plan> | null;
  readonly rewritePath: ((path: string) => string) | null;
  readonly rewriteHost: ((exchange: Exchange) => string | null) | null;
  readonly notFound: Failure;
}

/** Compiles the plan of a route. */
export function compilePlan(route: Route, config: RouterFilterConfig, deps: PlanDeps): Plan {
  const { action, edits, match } = route.config;
  const levels: HeaderEdits[] = [edits, route.virtualHost.edits, route.table.edits];
  // By default the most general level has the last word, as in Envoy.
  if (route.table.mostSpecificEditsWin) levels.reverse();
  const matched = 'value' in match.path ? match.path.value : '';
  return {
    requestEdits: compileEdits(levels, 'request'),
    responseEdits: compileEdits(levels, 'response'),
    forward: action.kind === 'forward' ? compileForward(action, route, config, matched, deps) : null,
  };
}

function compileForward(
  action: ForwardAction,
  route: Route,
  config: RouterFilterConfig,
  matched: string,
  deps: PlanDeps,
): ForwardPlan {
  const { cluster } = action;
  const options = compileOptions(action, route, config, deps);
  return {
    action,
    options,
    expectedTimeoutMs: config.suppressEnvoyHeaders ? 0 : options.limits?.perTryMs || options.timeoutMs,
    hashPolicy: action.hashPolicy.length === 0 ? null : new HashPolicy(action.hashPolicy),
    clusterHeader: cluster.kind === 'header' ? new HeaderName(cluster.header) : null,
    weighted: cluster.kind !== 'weighted' ? null : new Map(cluster.clusters.map((each) => [each, weightedPlan(each)])),
    rewritePath: compilePathRewrite(action, matched),
    rewriteHost: compileHostRewrite(action),
    notFound:
      action.clusterNotFoundStatus === 503 ? NO_CLUSTER : { ...NO_CLUSTER, status: action.clusterNotFoundStatus },
  };
}

function weightedPlan({ edits }: WeightedCluster): Plan {
  return {
    requestEdits: compileEdits([edits], 'request'),
    responseEdits: compileEdits([edits], 'response'),
    forward: null,
  };
}

function compileOptions(
  action: ForwardAction,
  { config, virtualHost }: Route,
  { suppressEnvoyHeaders }: RouterFilterConfig,
  deps: PlanDeps,
): ForwardOptions {
  const { policy } = config;
  const { fallbacks } = policy;
  const safe = policy.safeRetries === null ? null : new SafeRetries(policy.safeRetries);
  const retry = action.retryPolicy ?? virtualHost.retryPolicy;
  // With a maximum duration the route timeout does not count, as in Envoy.
  const timeoutMs = action.maxStreamDuration === null ? action.timeoutMs : 0;
  return {
    highPriority: action.priority === 'high',
    requestBreaker: deps.requestBreakers.of(policy.requestBreaker),
    timeoutMs,
    timeoutStatus: REQUEST_TIMEOUT.status,
    limits: compileLimits(action, retry, timeoutMs, deps.maxStreamDurationMs),
    grpcTimeout: compileGrpcTimeout(action.maxStreamDuration),
    retry: compileRetry(retry, policy),
    propagatesDeadline: policy.propagatesDeadline,
    sparesStreams: policy.timeoutSparesStreams,
    hedging: policy.hedging === null ? null : new Hedging(policy.hedging),
    hedgesOnPerTry: action.hedgesOnPerTryTimeout ?? virtualHost.hedgesOnPerTryTimeout ?? false,
    safe,
    fallbacks: fallbacks.length === 0 ? null : new Fallbacks(fallbacks, safe, (name) => deps.clusters.get(name)),
    standsIn: false,
    bodyLimitBytes: config.bodyLimitBytes ?? virtualHost.bodyLimitBytes ?? deps.bufferLimitBytes,
    endpointHost: action.hostRewrite?.kind === 'endpoint-hostname',
    appendForwardedHost: action.appendForwardedHost,
    envoyHeaders: !suppressEnvoyHeaders,
    countUpstream: virtualHost.includeRequestAttemptCount,
    countDownstream: virtualHost.includeAttemptCountInResponse,
    mirrors: compileMirrors(action, deps),
  };
}

/** With the words that are meant for proxies that retry safely. */
function compileRetry(retry: RetryPolicyConfig | null, { safeRetries }: RoutePolicyConfig): RetryPolicy | null {
  if (retry === null) return null;
  const retryOn = [...retry.retryOn, ...(safeRetries?.retryOn ?? [])];
  return retryOn.length === 0 ? null : new RetryPolicy({ ...retry, retryOn });
}

function compileLimits(
  action: ForwardAction,
  retry: RetryPolicyConfig | null,
  timeoutMs: number,
  managerDurationMs: number,
): StreamLimits | null {
  const perTryMs = retry?.perTryTimeoutMs ?? 0;
  const limits = {
    // A try cannot take longer than the request may.
    perTryMs: timeoutMs > 0 && perTryMs >= timeoutMs ? 0 : perTryMs,
    perTryIdleMs: retry?.perTryIdleTimeoutMs ?? 0,
    idleMs: action.idleTimeoutMs ?? 0,
    durationMs: action.maxStreamDuration?.maxStreamDurationMs ?? managerDurationMs,
  };
  return Object.values(limits).some((ms) => ms > 0) ? limits : null;
}

function compileGrpcTimeout(duration: MaxStreamDuration | null): GrpcTimeoutLimits | null {
  const maxMs = duration?.grpcTimeoutHeaderMaxMs ?? null;
  return maxMs === null ? null : { maxMs, offsetMs: duration?.grpcTimeoutHeaderOffsetMs ?? 0 };
}

function compileMirrors({ mirrors }: ForwardAction, { clusters, runtime, random }: PlanDeps): Mirroring[] | null {
  if (mirrors.length === 0) return null;
  return mirrors.map(({ cluster, fraction }) => ({
    draw: () => fraction === null || drawFraction(fraction, runtime, random),
    cluster: () => clusters.get(cluster),
  }));
}

function compilePathRewrite({ pathRewrite }: ForwardAction, matched: string): ((path: string) => string) | null {
  if (pathRewrite === null) return null;
  if (pathRewrite.kind === 'prefix') return (path) => pathRewrite.value + path.slice(matched.length);
  const regex = new RegExp(pathRewrite.regex.source, `${pathRewrite.regex.flags}g`);
  return (path) => {
    const mark = path.indexOf('?');
    const bare = mark < 0 ? path : path.slice(0, mark);
    return bare.replace(regex, pathRewrite.substitution) + (mark < 0 ? '' : path.slice(mark));
  };
}

function compileHostRewrite({ hostRewrite }: ForwardAction): ((exchange: Exchange) => string | null) | null {
  if (hostRewrite === null) return null;
  switch (hostRewrite.kind) {
    case 'endpoint-hostname':
      return null;
    case 'literal':
      return () => hostRewrite.value;
    case 'header': {
      const name = new HeaderName(hostRewrite.header);
      return (exchange) => exchange.head.first(name);
    }
    case 'path-regex': {
      const regex = compileRegex(hostRewrite.regex);
      return (exchange) => exchange.head.path.split('?', 1)[0]!.replace(regex, hostRewrite.substitution);
    }
  }
}
