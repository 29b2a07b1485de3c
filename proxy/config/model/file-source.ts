/** envoy.config.core.v3.PathConfigSource: resources out of a file, read again when it is replaced. */
export interface FileSource {
  /** Holds one DiscoveryResponse, as YAML or JSON. */
  readonly path: string;
  /** The directory in which something is renamed when the file is to be read again; null is the file's own. */
  readonly watchedDirectory: string | null;
}

/** The name of a resource among all others of its kind: two sources may have one of the same name. */
export function nameOfSource(name: string, file: FileSource | null): string {
  return file === null ? name : `${name} of ${file.path}`;
}
