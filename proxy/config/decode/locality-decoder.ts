/** How traffic is shared among localities: CommonLbConfig of clusters, LocalityLbConfig of the policies' extensions. */
import type { LocalityBalancing } from '../model/cluster.ts';

/** The oneof of both messages, which differ by their packages alone. */
type Specifier =
  | { readonly $case: 'localityWeightedLbConfig'; readonly value: unknown }
  | {
      readonly $case: 'zoneAwareLbConfig';
      readonly value: {
        readonly routingEnabled: { readonly value: number } | undefined;
        readonly minClusterSize: number | undefined;
        readonly failTrafficOnPanic: boolean;
      };
    };

const MIN_CLUSTER_SIZE = 6;

/** Decodes it; absent, zone aware routing with its defaults, which is nothing without a local cluster. */
export function decodeLocalities(specifier: Specifier | undefined): LocalityBalancing {
  if (specifier?.$case === 'localityWeightedLbConfig') return { kind: 'weighted' };
  const zones = specifier?.value;
  return {
    kind: 'zone-aware',
    percent: zones?.routingEnabled?.value ?? 100,
    minClusterSize: zones?.minClusterSize ?? MIN_CLUSTER_SIZE,
    failTrafficOnPanic: zones?.failTrafficOnPanic ?? false,
  };
}

/** Of policies that know weights of localities only. */
export function weightedIf(config: unknown): LocalityBalancing {
  return config === undefined ? decodeLocalities(undefined) : { kind: 'weighted' };
}
