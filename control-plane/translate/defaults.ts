/**
 * Outrider's defaults, written out: what the mesh does for someone who configures nothing, in Envoy's own fields, so
 * that every config dump shows it. Only what the sidecar honours stands here. Sources are named beside the values.
 */
import { duration, type JsonObject } from './resource.ts';

/** Where a path ends when it says nothing else. The request timeout is for unary calls: streams have none. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** Linkerd: a mesh's hops are near. */
export const CONNECT_TIMEOUT = '1s';

/** A gRPC call lives until the deadline that its client sends (grpc-timeout), however far away that is. */
export const CLIENT_DEADLINE: JsonObject = { grpc_timeout_header_max: '0s' };

/** The shortest wait before another try, in milliseconds. */
export const RETRY_BACKOFF_MS = 25;

/** Of what never reached the application. */
const NEVER_SENT = 'connect-failure,refused-stream,reset-before-request';

/**
 * One more try, on another host, and only if the request cannot have reached the application: retries of what was sent
 * have paid out money twice elsewhere. What may be done twice is tried again by our own sidecars alone, see ROUTE_POLICY.
 * Full jitter of 25 to 250 ms.
 */
export const RETRY_POLICY: JsonObject = {
  retry_on: NEVER_SENT,
  num_retries: 1,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
  host_selection_retry_max_attempts: 3,
  retry_back_off: { base_interval: '0.025s', max_interval: '0.250s' },
};

/**
 * The same for gRPC calls, and also when the answer is UNAVAILABLE: gRPC's own word for "try again". It is seen only in
 * an answer without a message (Trailers-Only); what comes behind a message is the application's last word.
 */
export const GRPC_RETRY_POLICY: JsonObject = { ...RETRY_POLICY, retry_on: `${NEVER_SENT},unavailable` };

/**
 * outrider.resilience.v1.RoutePolicy of every route on which sidecars call. Every failure of an idempotent request is tried
 * again: Envoy, which could not tell which those are, does not see the word. NGINX's rule. Callees are told until when an
 * answer is worth having; streams are not cut by a time limit that is meant for answers.
 */
export const ROUTE_POLICY: JsonObject = { safe_retries: {}, propagate_deadline: true, timeout_spares_streams: true };
export const SAFE_RETRY_ON = '5xx';

/** Power of two choices, by latency and load where the peer is ours. */
export const CHOICES = 2;
/** New hosts get their share over 30 s, because new instances get flooded. Envoy's formula; ends after 50 successes, too. */
export const SLOW_START_WINDOW_MS = 30_000;
export const SLOW_START_MIN_PERCENT = 10;

/** How long a host is out at first, and at most. */
export const BASE_EJECTION_MS = 1000;
export const MAX_EJECTION_MS = 60_000;
/**
 * Five gateway failures in a row, or fewer than 80 % good of at least 5 requests in 10 s. At least one host and at most
 * half of them are ejected: Envoy's 10 % of three hosts ejects nobody. One second at first, sixty at most. Connections
 * that fail and answers that do not come count as gateway failures: counted apart, every connection that stands would
 * start their count anew, and an endpoint that takes requests and never answers would stay.
 */
export const OUTLIER_DETECTION: JsonObject = {
  interval: '10s',
  base_ejection_time: duration(BASE_EJECTION_MS),
  max_ejection_time: duration(MAX_EJECTION_MS),
  max_ejection_time_jitter: '0.5s',
  max_ejection_percent: 50,
  always_eject_one_host: true,
  consecutive_gateway_failure: 5,
  enforcing_consecutive_gateway_failure: 100,
  enforcing_consecutive_5xx: 0,
  enforcing_success_rate: 0,
  failure_percentage_threshold: 20,
  enforcing_failure_percentage: 100,
  failure_percentage_minimum_hosts: 2,
  failure_percentage_request_volume: 5,
};

/**
 * Per destination and sidecar: 1,024 connections and requests in flight, 128 waiting. Retries have a budget over time (see
 * CLUSTER_POLICY); what may run at once is only a bound, wide enough for all that an instance takes with it when it dies:
 * with Envoy's 3 at once some of 500 requests a second were lost.
 */
export const CIRCUIT_BREAKERS: JsonObject = {
  thresholds: [
    {
      priority: 'DEFAULT',
      max_connections: 1024,
      max_pending_requests: 128,
      max_requests: 1024,
      retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 128 },
    },
  ],
};

/**
 * outrider.resilience.v1.ClusterPolicy of every cluster that sidecars call. Retries are a fifth of the first attempts of the
 * last 10 s, or 3 a second where that is more (Finagle). A queue must not be longer than what a caller waits for. Ejection
 * that is safe in a fleet of two: the last host stays, times double, and a host comes back by one real request that goes
 * well. The service breaker opens at 50 % failures of at least 20 requests in 10 s, stays open for 5 s, and closes after
 * three good probes, one at a time (Hystrix, Sentinel). Nothing counts as slow: that is for each service to say.
 */
export const CLUSTER_POLICY: JsonObject = {
  retry_budget: { percent: 20, window: '10s', min_retries_per_second: 3 },
  max_pending_wait: '1s',
  ejection: { keep_last: true, exponential: true, probe: true },
  slow_start_successes: 50,
  service_breaker: {
    minimum_requests: 20,
    window: '10s',
    failure_percent: 50,
    open_for: '5s',
    probes: 1,
    successes_to_close: 3,
  },
};

/** Idle connections between sidecars, below the 75 s for which the other side keeps them. */
export const SIDECAR_POOL_IDLE = '60s';
/**
 * Idle connections to the application: at most as long. How long the application keeps them itself is learned from what it
 * says and does; until then it is taken for 4 s, below the 5 s of Node's own server, the shortest in wide use.
 */
export const APPLICATION_POOL_IDLE = '60s';
/** Where nobody learns it: below those 5 s. */
export const UNKNOWN_APPLICATION_POOL_IDLE = '4s';
export const LEARN_IDLE_TIMEOUT: JsonObject = { learn_idle_timeout: true };
/** How long the sidecar keeps an idle connection of a client: above every client's own limit. */
export const SERVER_KEEP_ALIVE = '75s';

/**
 * On both ends of a hop to an application of which nothing is known: the hop is HTTP/2 whatever the client spoke, hence
 * the caller's sidecar names the client's protocol in a header, and the other one speaks it to the application.
 */
export const CARRY_PROTOCOL: JsonObject = { carry_protocol: true };
/** That header. */
export const PROTOCOL_HEADER = 'x-outrider-protocol';

/** Limits of Envoy's edge guide: streams, 64 KiB of each and 1 MiB of all of them on the way. */
export const HTTP2_OPTIONS: JsonObject = {
  max_concurrent_streams: 100,
  initial_stream_window_size: 65_536,
  initial_connection_window_size: 1_048_576,
};

/**
 * What every HTTP connection manager of the mesh has: limits and path handling of Envoy's edge guide. `underscores` is
 * what happens to requests with an underscore in the name of a field.
 */
export function connectionManager(underscores: string): JsonObject {
  return {
    codec_type: 'AUTO',
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    common_http_protocol_options: {
      idle_timeout: SERVER_KEEP_ALIVE,
      max_headers_count: 100,
      headers_with_underscores_action: underscores,
    },
    max_request_headers_kb: 60,
    stream_idle_timeout: '3600s',
    // WebSocket comes over HTTP/2 as an extended CONNECT (RFC 8441); no route takes a plain one.
    http2_protocol_options: { ...HTTP2_OPTIONS, allow_connect: true },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
  };
}

/** How long a client is waited for that says nothing, before its connection counts as no HTTP. Linkerd waits longer. */
export const DETECTION_TIMEOUT = '1s';

/**
 * What an application can do at once is learned (Netflix's concurrency-limits). The filter by itself goes down to 10 at once.
 * For someone who configures nothing that is too few: an application that is slow for want of a processor, or because of
 * what it calls, would be refused 50 requests a second, though it could take them all in, slowly.
 */
export const ADAPTIVE_LIMIT: JsonObject = { initial_limit: 64, min_limit: 64, max_limit: 1_000, tolerance: 1.5 };
/**
 * Who waits for a place in it, and for how long: an application that stands still for a moment, collecting garbage or
 * without a processor, loses nothing. Under a load that lasts the wait is a tenth of a second, whatever stands here.
 */
export const ADAPTIVE_QUEUE: JsonObject = { max_queue: 256, max_wait: '5s' };

/** The last filter of every chain. */
export const ROUTER_FILTER: JsonObject = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

/** Everything that is discovered comes over the one ADS stream. */
export const ADS_SOURCE: JsonObject = { ads: {}, resource_api_version: 'V3' };

/** A request whose cluster is not there asks for it, and waits for 5 s at most: Envoy's default. */
export const ON_DEMAND_FILTER: JsonObject = {
  name: 'envoy.filters.http.on_demand',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand',
    odcds: { source: ADS_SOURCE },
  },
};

/** The weight of an instance that names none. */
export const ENDPOINT_WEIGHT = 100;

/**
 * How a sidecar asks for names that are not of the mesh: three tries are over before the C library's first one is (5 s),
 * so that an application hears of a dead resolver, and of no dead sidecar.
 */
export const DNS_CLIENT: JsonObject = { resolver_timeout: '1.5s', max_pending_lookups: 512 };
export const DNS_RETRIES = 2;
/** SRV records follow what happens, as addresses do: those have the sidecar's default, since Envoy's least is 30 s. */
export const SRV_TTL = '5s';
