/** envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig: the name of a secret, and where it comes from. */
import {
  type ApiConfigSource,
  ApiConfigSource_ApiType as ApiType,
} from '../../../protos/gen/envoy/config/core/v3/config_source.ts';
import type { SdsSecretConfig } from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { nearestName } from '../../../protos/json/nearest.ts';
import { type SecretReference, type SecretSource, secretKey } from '../model/secret-reference.ts';
import { fetchTimeoutOf, fileOf } from './config-source-decoder.ts';
import type { Decoding } from './decoding.ts';

/** Decodes a reference; without `sds_config` it is to one of static_resources.secrets. */
export function decodeSecretReference(message: SdsSecretConfig, path: Path, decoding: Decoding): SecretReference {
  const { name, sdsConfig } = message;
  if (name === '') decoding.report([...path, 'name'], 'the name of the secret is required');
  const source = decodeSource(sdsConfig, [...path, 'sds_config'], decoding);
  if (source.kind === 'static') checkStatic(name, [...path, 'name'], decoding);
  return { name, source, fetchTimeoutMs: fetchTimeoutOf(sdsConfig), key: secretKey(source, name) };
}

function decodeSource(message: SdsSecretConfig['sdsConfig'], path: Path, decoding: Decoding): SecretSource {
  if (message === undefined) return { kind: 'static' };
  const specifier = message.configSourceSpecifier;
  switch (specifier?.$case) {
    case 'apiConfigSource':
      return decodeApiSource(specifier.value, [...path, 'api_config_source'], decoding);
    case 'pathConfigSource':
      return { kind: 'file', file: fileOf(specifier.value) };
    case undefined:
      decoding.report(path, 'a source is required: ads, api_config_source or path_config_source');
      return { kind: 'ads' };
    default:
      return { kind: 'ads' };
  }
}

function decodeApiSource(message: ApiConfigSource, path: Path, decoding: Decoding): SecretSource {
  const target = message.grpcServices[0]?.targetSpecifier;
  const clusterName = target?.value.clusterName ?? '';
  const place = [...path, 'grpc_services'];
  const { staticClusters } = decoding.sources;
  if (message.grpcServices.length !== 1)
    decoding.report(place, 'exactly one entry with envoy_grpc.cluster_name is required');
  else if (staticClusters !== null && !staticClusters.has(clusterName)) {
    const near = nearestName(clusterName, staticClusters);
    const hint = near === undefined ? 'it must be among static_resources.clusters' : `did you mean ${near}?`;
    decoding.report([...place, 0, 'envoy_grpc', 'cluster_name'], `there is no static cluster ${clusterName}; ${hint}`);
  }
  if ((message.grpcServices[0]?.initialMetadata ?? []).length > 0)
    decoding.report([...place, 0, 'initial_metadata'], 'it is for ads_config alone here');
  const delta = message.apiType === ApiType.DELTA_GRPC;
  return { kind: 'grpc', clusterName, authority: target?.value.authority || clusterName, delta };
}

function checkStatic(name: string, path: Path, decoding: Decoding): void {
  const { staticSecrets } = decoding.sources;
  if (staticSecrets === null || staticSecrets.has(name) || name === '') return;
  const near = nearestName(name, staticSecrets);
  const hint = near === undefined ? 'give sds_config a source' : `did you mean ${near}?`;
  decoding.report(path, `static_resources.secrets has no ${name}; ${hint}`);
}
