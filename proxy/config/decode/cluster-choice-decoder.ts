/** Which cluster traffic goes to: one, one named by a header, or several by weight. */
import type {
  RouteAction,
  WeightedCluster as WeightedMessage,
} from '../../../protos/gen/envoy/config/route/v3/route_components.ts';
import type { TcpProxy } from '../../../protos/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { HeaderEdits } from '../model/header-edits.ts';
import type { TcpProxyConfig } from '../model/listener.ts';
import type { ClusterChoice, SubsetKeys, WeightedCluster } from '../model/route.ts';
import type { Decoding } from './decoding.ts';
import { decodeHeaderEdits } from './header-edits-decoder.ts';
import { decodePerFilter } from './http-filters/per-filter-decoder.ts';
import { mergedLabels, subsetKeys } from './values.ts';

const WEIGHT_SUM_MAX = 0xffff_ffff;
const NO_EDITS: HeaderEdits = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };

/** The choice of a route; `subset` are the labels that it asks for, whichever the cluster. */
export function decodeClusterChoice(
  specifier: RouteAction['clusterSpecifier'],
  subset: SubsetKeys | null,
  path: Path,
  decoding: Decoding,
): ClusterChoice {
  switch (specifier?.$case) {
    case 'clusterHeader':
      return { kind: 'header', header: specifier.value.toLowerCase() };
    case 'weightedClusters': {
      const place = [...path, 'weighted_clusters'];
      const clusters = specifier.value.clusters.map((each, i) =>
        decodeWeighted(each, subset, [...place, 'clusters', i], decoding),
      );
      return weightedChoice(clusters, place, decoding);
    }
    default:
      return { kind: 'cluster', name: specifier?.value ?? '' };
  }
}

/** The choice of a TCP proxy, which has no headers to look at. */
export function decodeTcpClusterChoice(
  specifier: TcpProxy['clusterSpecifier'],
  path: Path,
  decoding: Decoding,
): TcpProxyConfig['cluster'] {
  if (specifier?.$case !== 'weightedClusters') return { kind: 'cluster', name: specifier?.value ?? '' };
  const clusters = specifier.value.clusters.map(({ name, weight, metadataMatch }) => ({
    name,
    weight,
    edits: NO_EDITS,
    subset: subsetKeys(metadataMatch),
    hostRewrite: null,
    perFilter: {},
  }));
  return weightedChoice(clusters, [...path, 'weighted_clusters'], decoding);
}

function decodeWeighted(
  message: WeightedMessage['clusters'][number],
  subset: SubsetKeys | null,
  path: Path,
  decoding: Decoding,
): WeightedCluster {
  if (message.name === '') decoding.report([...path, 'name'], 'name is required');
  return {
    name: message.name,
    weight: message.weight ?? 0,
    edits: decodeHeaderEdits(message, path, decoding),
    subset: mergedLabels(subset, subsetKeys(message.metadataMatch)),
    hostRewrite: message.hostRewriteSpecifier?.value || null,
    perFilter: decodePerFilter(message.typedPerFilterConfig, path, decoding),
  };
}

function weightedChoice(
  clusters: readonly WeightedCluster[],
  path: Path,
  decoding: Decoding,
): Extract<ClusterChoice, { readonly kind: 'weighted' }> {
  const totalWeight = clusters.reduce((sum, each) => sum + each.weight, 0);
  if (totalWeight === 0) decoding.report(path, 'the weights add up to 0; at least one cluster needs a weight');
  else if (totalWeight > WEIGHT_SUM_MAX)
    decoding.report(path, `the weights add up to ${totalWeight}; at most ${WEIGHT_SUM_MAX} is allowed`);
  return { kind: 'weighted', clusters, totalWeight };
}
