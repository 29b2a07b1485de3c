/** `dynamic_resources`: one ADS stream, or files, for everything that is not static. */
import type { Bootstrap as BootstrapMessage } from '../../protos/gen/envoy/config/bootstrap/v3/bootstrap.ts';
import type { HeaderValue } from '../../protos/gen/envoy/config/core/v3/base.ts';
import { ApiConfigSource_ApiType, type ConfigSource } from '../../protos/gen/envoy/config/core/v3/config_source.ts';
import type { Path } from '../../protos/json/issue.ts';
import { nearestName } from '../../protos/json/nearest.ts';
import { decodeSource, fetchTimeoutOf } from '../config/decode/config-source-decoder.ts';
import type { Decoding } from '../config/decode/decoding.ts';
import type { AdsConfig, DynamicConfig, DynamicSource } from './bootstrap.ts';

/** Decodes where clusters and listeners come from. */
export function decodeDynamic({ dynamicResources }: BootstrapMessage, decoding: Decoding): DynamicConfig {
  const place = ['dynamic_resources'];
  const sourceOf = (source: ConfigSource | undefined, name: string): DynamicSource | null => {
    if (source === undefined) return null;
    return { file: decodeSource(source, [...place, name], decoding), fetchTimeoutMs: fetchTimeoutOf(source) };
  };
  const { cdsConfig, ldsConfig } = dynamicResources ?? {};
  return { clusters: sourceOf(cdsConfig, 'cds_config'), listeners: sourceOf(ldsConfig, 'lds_config') };
}

/** Decodes the stream; null when there is none. `known` are the static clusters. */
export function decodeAds(
  message: BootstrapMessage,
  { clusters, listeners }: DynamicConfig,
  known: ReadonlySet<string>,
  decoding: Decoding,
): AdsConfig | null {
  const dynamic = message.dynamicResources;
  if (dynamic === undefined) return null;
  const path = ['dynamic_resources', 'ads_config'];
  if (dynamic.adsConfig === undefined) {
    if (clusters?.file === null || listeners?.file === null)
      decoding.report(path, 'lds_config and cds_config need ads_config, which says where the stream is');
    return null;
  }
  if (message.node === undefined || message.node.id === '' || message.node.cluster === '') {
    decoding.report(['node'], 'node.id and node.cluster are required as soon as there is an ads_config');
  }
  const [service] = dynamic.adsConfig.grpcServices;
  const target = service?.targetSpecifier;
  const clusterName = target?.value.clusterName ?? '';
  const place = [...path, 'grpc_services'];
  if (dynamic.adsConfig.grpcServices.length !== 1)
    decoding.report(place, 'exactly one entry with envoy_grpc.cluster_name is required');
  else if (!known.has(clusterName)) {
    const near = nearestName(clusterName, known);
    const hint = near === undefined ? 'it must be among static_resources.clusters' : `did you mean ${near}?`;
    decoding.report([...place, 0, 'envoy_grpc', 'cluster_name'], `there is no static cluster ${clusterName}; ${hint}`);
  }
  return {
    delta: dynamic.adsConfig.apiType === ApiConfigSource_ApiType.DELTA_GRPC,
    clusterName,
    authority: target?.value.authority || clusterName,
    initialMetadata: decodeMetadata(service?.initialMetadata ?? [], [...place, 0, 'initial_metadata'], decoding),
  };
}

/** What gRPC itself would refuse, or takes for its own, is told here. */
function decodeMetadata(headers: readonly HeaderValue[], path: Path, decoding: Decoding): [string, string][] {
  return headers.map(({ key, value }, i) => {
    if (!/^[0-9a-z_.-]+$/i.test(key) || /^(grpc-|:)|-bin$/i.test(key))
      decoding.report([...path, i, 'key'], `${JSON.stringify(key)} is no name of text metadata in gRPC`);
    if (!/^[\x20-\x7e]*$/.test(value)) decoding.report([...path, i, 'value'], 'only printable ASCII is allowed');
    return [key, value];
  });
}
