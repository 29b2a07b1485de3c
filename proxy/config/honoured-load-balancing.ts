/** The part of the table of honoured fields that says how a cluster picks endpoints. See honoured.ts. */
import type { HonouredTable } from '../../protos/json/unhonoured.ts';

/** Names in a text, parted by white space. */
export function fields(names: string): string[] {
  return names.trim().split(/\s+/);
}

/** Policies, subsets and localities. */
export const LOAD_BALANCING: HonouredTable['messages'] = {
  'envoy.config.cluster.v3.Cluster.SlowStartConfig': ['*'],
  'envoy.config.cluster.v3.Cluster.RoundRobinLbConfig': ['*'],
  'envoy.config.cluster.v3.Cluster.LeastRequestLbConfig': ['*'],
  'envoy.config.cluster.v3.Cluster.RingHashLbConfig': [
    'minimum_ring_size',
    'maximum_ring_size',
    'hash_function=XX_HASH',
  ],
  'envoy.config.cluster.v3.Cluster.MaglevLbConfig': ['*'],
  'envoy.config.cluster.v3.Cluster.CommonLbConfig': [
    'healthy_panic_threshold',
    'ignore_new_hosts_until_first_hc',
    'consistent_hashing_lb_config',
    'zone_aware_lb_config',
    'locality_weighted_lb_config',
  ],
  'envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig': ['*'],
  'envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig': [],
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig': fields(`
    fallback_policy default_subset subset_selectors locality_weight_aware scale_locality_weight panic_mode_any
    list_as_any metadata_fallback_policy=METADATA_NO_FALLBACK
  `),
  'envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector': ['*'],
  'envoy.config.cluster.v3.Cluster.CommonLbConfig.ConsistentHashingLbConfig': ['*'],
  'envoy.config.cluster.v3.LoadBalancingPolicy': ['*'],
  'envoy.config.cluster.v3.LoadBalancingPolicy.Policy': ['*'],
  'envoy.extensions.load_balancing_policies.common.v3.SlowStartConfig': ['*'],
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin': ['*'],
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': fields(`
    choice_count active_request_bias slow_start_config locality_lb_config
  `),
  'envoy.extensions.load_balancing_policies.random.v3.Random': ['*'],
  'outrider.lb.v1.PeakEwma': ['*'],
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': fields(`
    hash_function=DEFAULT_HASH|XX_HASH minimum_ring_size maximum_ring_size consistent_hashing_lb_config
    locality_weighted_lb_config
  `),
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': [
    'table_size',
    'consistent_hashing_lb_config',
    'locality_weighted_lb_config',
  ],
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig': ['*'],
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig': ['*'],
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig': [],
  'envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig': ['*'],
};
