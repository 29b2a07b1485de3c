/** How a cluster picks endpoints: `lb_policy` with its options, or the first known entry of `load_balancing_policy`. */
import { type Cluster, Cluster_LbPolicy as LbPolicy } from '../../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import type { RuntimeDouble } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import type { LocalityLbConfig } from '../../../protos/gen/envoy/extensions/load_balancing_policies/common/v3/common.ts';
import type { Percent } from '../../../protos/gen/envoy/type/v3/percent.ts';
import type { PeakEwma } from '../../../protos/gen/outrider/lb/v1/peak_ewma.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { type AnyMessage, unpackAny } from '../../../protos/json/registry.ts';
import type { ClusterConfig, HashingPolicyConfig } from '../model/cluster.ts';
import type { Decoding } from './decoding.ts';
import { decodeMaglev, decodeRingHash } from './hashing-decoder.ts';
import { decodeLocalities, weightedIf } from './locality-decoder.ts';
import { durationMs } from './values.ts';

/** The fields of the model that this decides. */
export type LoadBalancing = Pick<ClusterConfig, 'lbPolicy' | 'slowStart' | 'localities'>;

/** What is left when localities are known. */
type Policy = Pick<ClusterConfig, 'lbPolicy' | 'slowStart'>;

/** SlowStartConfig, of clusters and of the policies' extensions alike. */
interface SlowStartMessage {
  readonly slowStartWindow: { readonly seconds: number; readonly nanos: number } | undefined;
  readonly aggression: RuntimeDouble | undefined;
  readonly minWeightPercent: Percent | undefined;
}

/** Options of least request, of clusters and of the extension alike. */
interface LeastRequestMessage {
  readonly choiceCount: number | undefined;
  readonly activeRequestBias: RuntimeDouble | undefined;
  readonly slowStartConfig: SlowStartMessage | undefined;
}

const EXTENSIONS = 'envoy.extensions.load_balancing_policies';

/** Decodes the load balancing of a cluster. */
export function decodeLoadBalancing(message: Cluster, path: Path, decoding: Decoding): LoadBalancing {
  if (message.loadBalancingPolicy !== undefined) {
    checkCombination(message, path, decoding);
    for (const [i, policy] of message.loadBalancingPolicy.policies.entries()) {
      const any = policy.typedExtensionConfig?.typedConfig;
      const place = [...path, 'load_balancing_policy', 'policies', i, 'typed_extension_config', 'typed_config'];
      const known = any && decodeExtension(any, place, decoding);
      if (known !== undefined) return known;
    }
    decoding.report(
      [...path, 'load_balancing_policy', 'policies'],
      'none of these policies is supported by Outrider; RoundRobin, LeastRequest, Random, RingHash, Maglev and PeakEwma are',
    );
  }
  const localities = decodeLocalities(message.commonLbConfig?.localityConfigSpecifier);
  return { ...decodePolicy(message, path, decoding), localities };
}

/** A policy has fields of its own for what these say; Envoy refuses them as well. */
function checkCombination({ commonLbConfig, lbSubsetConfig }: Cluster, path: Path, decoding: Decoding): void {
  const refuse = (...place: readonly string[]) =>
    decoding.report([...path, ...place], 'it cannot be combined with load_balancing_policy');
  if (lbSubsetConfig !== undefined) refuse('lb_subset_config');
  if (commonLbConfig?.consistentHashingLbConfig !== undefined)
    refuse('common_lb_config', 'consistent_hashing_lb_config');
  const specifier = commonLbConfig?.localityConfigSpecifier?.$case;
  if (specifier === 'zoneAwareLbConfig') refuse('common_lb_config', 'zone_aware_lb_config');
  if (specifier === 'localityWeightedLbConfig') refuse('common_lb_config', 'locality_weighted_lb_config');
}

function decodePolicy(message: Cluster, path: Path, decoding: Decoding): Policy {
  const options = message.lbConfig;
  const hashing = message.commonLbConfig?.consistentHashingLbConfig;
  switch (message.lbPolicy) {
    case LbPolicy.LEAST_REQUEST:
      return leastRequest(options?.$case === 'leastRequestLbConfig' ? options.value : undefined);
    case LbPolicy.RANDOM:
      return { lbPolicy: { kind: 'random' }, slowStart: null };
    case LbPolicy.RING_HASH: {
      const ring = options?.$case === 'ringHashLbConfig' ? options.value : undefined;
      return placed(decodeRingHash(ring, hashing, [...path, 'ring_hash_lb_config'], decoding));
    }
    case LbPolicy.MAGLEV: {
      const maglev = options?.$case === 'maglevLbConfig' ? options.value : undefined;
      return placed(decodeMaglev(maglev, hashing, [...path, 'maglev_lb_config'], decoding));
    }
    case LbPolicy.LOAD_BALANCING_POLICY_CONFIG:
      if (message.loadBalancingPolicy === undefined) {
        decoding.report([...path, 'load_balancing_policy'], 'LOAD_BALANCING_POLICY_CONFIG needs load_balancing_policy');
      }
      return roundRobin(undefined);
    default:
      return roundRobin(options?.$case === 'roundRobinLbConfig' ? options.value.slowStartConfig : undefined);
  }
}

function decodeExtension(any: AnyMessage, path: Path, decoding: Decoding): LoadBalancing | undefined {
  const round = unpackAny(`${EXTENSIONS}.round_robin.v3.RoundRobin`, any);
  if (round !== undefined) return { ...roundRobin(round.slowStartConfig), ...within(round) };
  const least = unpackAny(`${EXTENSIONS}.least_request.v3.LeastRequest`, any);
  if (least !== undefined) return { ...leastRequest(least), ...within(least) };
  const peak = unpackAny('outrider.lb.v1.PeakEwma', any);
  if (peak !== undefined) return { ...peakEwma(peak), localities: decodeLocalities(undefined) };
  const ring = unpackAny(`${EXTENSIONS}.ring_hash.v3.RingHash`, any);
  if (ring !== undefined) {
    const localities = weightedIf(ring.localityWeightedLbConfig);
    return { ...placed(decodeRingHash(ring, ring.consistentHashingLbConfig, path, decoding)), localities };
  }
  const maglev = unpackAny(`${EXTENSIONS}.maglev.v3.Maglev`, any);
  if (maglev !== undefined) {
    const localities = weightedIf(maglev.localityWeightedLbConfig);
    return { ...placed(decodeMaglev(maglev, maglev.consistentHashingLbConfig, path, decoding)), localities };
  }
  const random = unpackAny(`${EXTENSIONS}.random.v3.Random`, any);
  return random === undefined ? undefined : { lbPolicy: { kind: 'random' }, slowStart: null, ...within(random) };
}

function within({ localityLbConfig }: { readonly localityLbConfig: LocalityLbConfig | undefined }) {
  return { localities: decodeLocalities(localityLbConfig?.localityConfigSpecifier) };
}

function peakEwma(message: PeakEwma): Policy {
  return {
    lbPolicy: {
      kind: 'peak-ewma',
      decayMs: durationMs(message.decay, 10_000),
      initialLatencyMs: durationMs(message.initialLatency, 30),
      overloadPenaltyMs: durationMs(message.overloadPenalty, 5_000),
      maxOverloadPenaltyMs: durationMs(message.maxOverloadPenalty, 300_000),
    },
    slowStart: decodeSlowStart(message.slowStartConfig),
  };
}

/** Slow start means nothing where the hash decides. */
function placed(lbPolicy: HashingPolicyConfig): Policy {
  return { lbPolicy, slowStart: null };
}

function roundRobin(slowStart: SlowStartMessage | undefined): Policy {
  return { lbPolicy: { kind: 'round-robin' }, slowStart: decodeSlowStart(slowStart) };
}

function leastRequest(message: LeastRequestMessage | undefined): Policy {
  return {
    lbPolicy: {
      kind: 'least-request',
      choices: message?.choiceCount ?? 2,
      activeRequestBias: message?.activeRequestBias?.defaultValue ?? 1,
    },
    slowStart: decodeSlowStart(message?.slowStartConfig),
  };
}

/** Without a window there is no slow start. */
function decodeSlowStart(message: SlowStartMessage | undefined): ClusterConfig['slowStart'] {
  const windowMs = durationMs(message?.slowStartWindow, 0);
  if (windowMs === 0) return null;
  return {
    windowMs,
    aggression: message?.aggression?.defaultValue ?? 1,
    minWeightPercent: message?.minWeightPercent?.value ?? 10,
  };
}
