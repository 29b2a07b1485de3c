/** envoy.config.cluster.v3.Cluster.LbSubsetConfig. */
import {
  Cluster_LbSubsetConfig_LbSubsetFallbackPolicy as Fallback,
  type Cluster_LbSubsetConfig as LbSubsetConfig,
  Cluster_LbSubsetConfig_LbSubsetSelector_LbSubsetSelectorFallbackPolicy as SelectorFallback,
  type Cluster_LbSubsetConfig_LbSubsetSelector as SelectorMessage,
} from '../../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { SubsetConfig, SubsetSelector } from '../model/cluster.ts';
import type { Decoding } from './decoding.ts';
import { labelsOf } from './values.ts';

const FALLBACKS = {
  [Fallback.NO_FALLBACK]: 'none',
  [Fallback.ANY_ENDPOINT]: 'any',
  [Fallback.DEFAULT_SUBSET]: 'default',
} as const;

const SELECTOR_FALLBACKS = {
  [SelectorFallback.NOT_DEFINED]: null,
  [SelectorFallback.NO_FALLBACK]: 'none',
  [SelectorFallback.ANY_ENDPOINT]: 'any',
  [SelectorFallback.DEFAULT_SUBSET]: 'default',
  [SelectorFallback.KEYS_SUBSET]: 'keys',
} as const;

/** Decodes how a cluster is divided; without selectors it is not, as in Envoy. */
export function decodeSubsets(
  message: LbSubsetConfig | undefined,
  path: Path,
  decoding: Decoding,
): SubsetConfig | null {
  if (message === undefined || message.subsetSelectors.length === 0) return null;
  return {
    fallback: FALLBACKS[message.fallbackPolicy],
    defaultSubset: labelsOf(message.defaultSubset ?? {}),
    selectors: message.subsetSelectors.map((each, i) =>
      decodeSelector(each, [...path, 'subset_selectors', i], decoding),
    ),
    localityWeightAware: message.localityWeightAware,
    scaleLocalityWeight: message.scaleLocalityWeight,
    panicModeAny: message.panicModeAny,
    listAsAny: message.listAsAny,
  };
}

function decodeSelector(message: SelectorMessage, path: Path, decoding: Decoding): SubsetSelector {
  // In the order in which labels of the same keys come.
  const keys = Object.keys(labelsOf(Object.fromEntries(message.keys.map((key) => [key, '']))));
  const fallback = SELECTOR_FALLBACKS[message.fallbackPolicy];
  const fallbackKeys = message.fallbackKeysSubset;
  if (message.singleHostPerSubset && keys.length !== 1)
    decoding.report([...path, 'single_host_per_subset'], `it needs exactly one key, and there are ${keys.length}`);
  const stranger = fallbackKeys.find((key) => !keys.includes(key));
  const place = [...path, 'fallback_keys_subset'];
  if (fallback !== 'keys') {
    if (fallbackKeys.length > 0) decoding.report(place, 'only KEYS_SUBSET takes keys to fall back to');
  } else if (fallbackKeys.length === 0) decoding.report(place, 'KEYS_SUBSET needs the keys to fall back to');
  else if (stranger !== undefined) decoding.report(place, `${stranger} is none of the keys of this selector`);
  else if (new Set(fallbackKeys).size === keys.length)
    decoding.report(place, 'these are all keys of this selector; a fallback has fewer');
  return { keys, singleHost: message.singleHostPerSubset, fallback, fallbackKeys };
}
