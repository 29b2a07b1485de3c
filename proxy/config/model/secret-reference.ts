/** What TLS refers to instead of having it written in place: secrets by name and source (SDS). */
import type { FileSource } from './file-source.ts';

/** Where a secret comes from: SdsSecretConfig.sds_config. */
export type SecretSource =
  /** static_resources.secrets: sds_config is absent. */
  | { readonly kind: 'static' }
  /** The stream that all the rest comes from. */
  | { readonly kind: 'ads' }
  | { readonly kind: 'file'; readonly file: FileSource }
  /** A secret discovery service of its own, behind a static cluster. */
  | { readonly kind: 'grpc'; readonly clusterName: string; readonly authority: string; readonly delta: boolean };

/** SdsSecretConfig: a secret by its name. */
export interface SecretReference {
  readonly name: string;
  readonly source: SecretSource;
  /** It is waited for so long; 0 has no end. initial_fetch_timeout, default 15,000. */
  readonly fetchTimeoutMs: number;
  /** Of the secret among all others, whatever their sources: see `secretKey`. */
  readonly key: string;
}

/** The key of a secret: two sources may have secrets of the same name. */
export function secretKey(source: SecretSource, name: string): string {
  return `${sourceKey(source)} ${name}`;
}

/** The key of a source. */
export function sourceKey(source: SecretSource): string {
  switch (source.kind) {
    case 'static':
    case 'ads':
      return source.kind;
    case 'file':
      return `file:${source.file.path}`;
    case 'grpc':
      return `${source.delta ? 'delta' : 'grpc'}:${source.clusterName}:${source.authority}`;
  }
}

/** For people: `"shop" (SDS)`, with the source where that is not the ADS stream. */
export function secretLabel({ name, source }: SecretReference): string {
  switch (source.kind) {
    case 'static':
      return `"${name}" of static_resources.secrets`;
    case 'ads':
      return `"${name}" (SDS)`;
    case 'file':
      return `"${name}" (SDS) of ${source.file.path}`;
    case 'grpc':
      return `"${name}" (SDS of cluster ${source.clusterName})`;
  }
}
