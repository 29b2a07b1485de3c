/**
 * How a cluster chooses endpoints: the mesh's default, or what a TrafficPolicy says.
 */
import type { Balancer, LoadBalancing, LocalityChoice, SlowStart, SubsetSelector } from '../state/traffic-policy.ts';
import * as defaults from './defaults.ts';
import type { Dialect } from './dialect.ts';
import { duration, type JsonObject, written } from './resource.ts';

const PANIC_THRESHOLD = { value: 50 };

/** The fields of a cluster. */
export function balancing(policy: LoadBalancing | null, dialect: Dialect): JsonObject {
  return {
    ...(dialect === 'grpc' ? clientBalancer(policy) : balancer(policy, dialect)),
    common_lb_config: { healthy_panic_threshold: PANIC_THRESHOLD, ...(dialect === 'grpc' ? {} : common(policy)) },
    ...(dialect === 'grpc' || policy === null || policy.subsets.length === 0 ? {} : subsets(policy.subsets)),
  };
}

/** gRPC clients refuse LEAST_REQUEST, and know RING_HASH. */
function clientBalancer(policy: LoadBalancing | null): JsonObject {
  return { lb_policy: policy?.policy === 'RingHash' ? 'RING_HASH' : 'ROUND_ROBIN' };
}

function balancer(policy: LoadBalancing | null, dialect: 'sidecar' | 'envoy'): JsonObject {
  const slowStart = policy?.slowStart ?? null;
  const chosen = policy?.policy ?? defaultBalancer(policy);
  // An Envoy has nothing that goes by latency: the nearest is the number of requests in flight.
  switch (chosen === 'PeakEwma' && dialect === 'envoy' ? 'LeastRequest' : chosen) {
    case 'PeakEwma':
      return peakEwma(slowStart);
    case 'RoundRobin':
      return { lb_policy: 'ROUND_ROBIN', round_robin_lb_config: slowStartConfig(slowStart) };
    case 'Random':
      return { lb_policy: 'RANDOM' };
    case 'RingHash':
      return { lb_policy: 'RING_HASH' };
    case 'Maglev':
      return { lb_policy: 'MAGLEV' };
    case 'LeastRequest':
      return { lb_policy: 'LEAST_REQUEST', least_request_lb_config: leastRequest(slowStart) };
  }
}

/** By latency; but subsets and localities go with `lb_policy` alone. */
function defaultBalancer(policy: LoadBalancing | null): Balancer {
  return policy === null || (policy.subsets.length === 0 && policy.locality === null) ? 'PeakEwma' : 'LeastRequest';
}

/**
 * With PeakEwma's own defaults: decay 10 s, 30 ms at first, 5 s of penalty after 429 or RESOURCE_EXHAUSTED, or Retry-After
 * up to 300 s. Our own sidecars alone are told of it, so that nothing stands behind it in the list.
 */
function peakEwma(slowStart: SlowStart | null): JsonObject {
  const own = {
    name: 'outrider.lb.peak_ewma',
    typed_config: { '@type': 'type.googleapis.com/outrider.lb.v1.PeakEwma', ...slowStartConfig(slowStart) },
  };
  const policies = [{ typed_extension_config: own }];
  return { lb_policy: 'LOAD_BALANCING_POLICY_CONFIG', load_balancing_policy: { policies } };
}

function leastRequest(slowStart: SlowStart | null): JsonObject {
  return { choice_count: defaults.CHOICES, ...slowStartConfig(slowStart) };
}

function slowStartConfig(slowStart: SlowStart | null): JsonObject {
  const windowMs = slowStart?.windowMs ?? defaults.SLOW_START_WINDOW_MS;
  if (windowMs === 0) return {};
  return {
    slow_start_config: {
      // With an aggression of 1, Envoy's default: a field that cannot be set without a runtime key.
      slow_start_window: duration(windowMs),
      min_weight_percent: { value: slowStart?.minWeightPercent ?? defaults.SLOW_START_MIN_PERCENT },
    },
  };
}

function common(policy: LoadBalancing | null): JsonObject {
  const bound = policy?.boundedLoadPercent ?? null;
  return {
    ...(bound === null ? {} : { consistent_hashing_lb_config: { hash_balance_factor: bound } }),
    ...locality(policy?.locality ?? null),
  };
}

function locality(choice: LocalityChoice | null): JsonObject {
  if (choice === null) return {};
  if (choice.kind === 'weighted') return { locality_weighted_lb_config: {} };
  const { minInstances, percent } = choice;
  const enabled = percent === null ? null : { value: percent };
  return { zone_aware_lb_config: written({ min_cluster_size: minInstances, routing_enabled: enabled }) };
}

/** Requests without a subset go to any endpoint. */
function subsets(selectors: readonly SubsetSelector[]): JsonObject {
  return {
    lb_subset_config: {
      fallback_policy: 'ANY_ENDPOINT',
      subset_selectors: selectors.map(({ keys, fallback }) => ({
        keys,
        fallback_policy: fallback === 'NoFallback' ? 'NO_FALLBACK' : 'ANY_ENDPOINT',
      })),
    },
  };
}
