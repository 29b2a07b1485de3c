/**
 * Outrider's defaults, written out: what the mesh does for someone who configures nothing, in Envoy's own fields, so
 * that every config dump shows it. Only what the sidecar honours stands here. Sources are named beside the values.
 */
import type { JsonObject } from './resource.ts';

/** Where a path ends when it says nothing else. The request timeout is for unary calls: streams have none. */
export const REQUEST_TIMEOUT = '15s';

/** Linkerd: a mesh's hops are near. */
export const CONNECT_TIMEOUT = '1s';

/**
 * One more try, on another host, and only if the request cannot have reached the application: retries of what was sent
 * have paid out money twice elsewhere. Full jitter of 25 to 250 ms.
 */
export const RETRY_POLICY: JsonObject = {
  retry_on: 'connect-failure,refused-stream,reset-before-request',
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

/** Power of two choices; new hosts get their share over 30 s, because new instances get flooded. Envoy's formula. */
export const LEAST_REQUEST: JsonObject = {
  choice_count: 2,
  slow_start_config: {
    // With an aggression of 1, Envoy's default: a field that cannot be set without a runtime key.
    slow_start_window: '30s',
    min_weight_percent: { value: 10 },
  },
};

/**
 * Five gateway failures in a row, or fewer than 80 % good of at least 5 requests in 10 s. At least one host and at most
 * half of them are ejected: Envoy's 10 % of three hosts ejects nobody. One second at first, sixty at most.
 */
export const OUTLIER_DETECTION: JsonObject = {
  interval: '10s',
  base_ejection_time: '1s',
  max_ejection_time: '60s',
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

/** Per destination and sidecar: 1,024 connections and requests in flight, 128 waiting, retries by budget. */
export const CIRCUIT_BREAKERS: JsonObject = {
  thresholds: [
    {
      priority: 'DEFAULT',
      max_connections: 1024,
      max_pending_requests: 128,
      max_requests: 1024,
      retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 3 },
    },
  ],
};

/** Idle connections between sidecars, below the 75 s for which the other side keeps them. */
export const SIDECAR_POOL_IDLE = '60s';
/**
 * Idle connections to the application: at most as long. How long the application keeps them itself is learned from what it
 * says and does; until then it is taken for 4 s, below the 5 s of Node's own server, the shortest in wide use.
 */
export const APPLICATION_POOL_IDLE = '60s';
export const LEARN_IDLE_TIMEOUT: JsonObject = { filter_metadata: { outrider: { learn_idle_timeout: true } } };
/** How long the sidecar keeps an idle connection of a client: above every client's own limit. */
export const SERVER_KEEP_ALIVE = '75s';

/** What every HTTP connection manager of the mesh has: limits and path handling of Envoy's edge guide. */
export const CONNECTION_MANAGER: JsonObject = {
  codec_type: 'AUTO',
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: 'REJECT_REQUEST',
  common_http_protocol_options: {
    idle_timeout: SERVER_KEEP_ALIVE,
    max_headers_count: 100,
    headers_with_underscores_action: 'REJECT_REQUEST',
  },
  max_request_headers_kb: 60,
  stream_idle_timeout: '3600s',
  upgrade_configs: [{ upgrade_type: 'websocket' }],
};

/** How long a client is waited for that says nothing, before its connection counts as no HTTP. Linkerd waits longer. */
export const DETECTION_TIMEOUT = '1s';

/** The last filter of every chain. */
export const ROUTER_FILTER: JsonObject = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

/** Everything that is discovered comes over the one ADS stream. */
export const ADS_SOURCE: JsonObject = { ads: {}, resource_api_version: 'V3' };

/** The weight of an instance that names none. */
export const ENDPOINT_WEIGHT = 100;
