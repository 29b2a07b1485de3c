/** The resources that come out of files instead of a stream: each file that is named, once for each kind. */
import { RESOURCE_TYPES } from '../../../protos/contract/resource-types.ts';
import type { Cluster } from '../../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import type { ClusterLoadAssignment } from '../../../protos/gen/envoy/config/endpoint/v3/endpoint.ts';
import type { Listener } from '../../../protos/gen/envoy/config/listener/v3/listener.ts';
import type { RouteConfiguration } from '../../../protos/gen/envoy/config/route/v3/route.ts';
import type { Secret } from '../../../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type { ClusterConfig, EndpointSetConfig } from '../../config/model/cluster.ts';
import { type FileSource, nameOfSource } from '../../config/model/file-source.ts';
import type { ListenerConfig } from '../../config/model/listener.ts';
import type { RouteTableConfig } from '../../config/model/route.ts';
import type { SecretConfig } from '../../config/model/secret.ts';
import { secretKey } from '../../config/model/secret-reference.ts';
import type { Decoded, Decoders } from '../decoders.ts';
import type { FileReference, KnownResources } from '../dependency-tracker.ts';
import { type DumpedXdsResource, dumpOf } from '../dumped-resource.ts';
import type { XdsStats } from '../xds-stats.ts';
import { ResourceFile, type ResourceFileDeps } from './resource-file.ts';

/** What comes out of a file of each kind. */
interface Configs {
  CDS: ClusterConfig;
  EDS: EndpointSetConfig;
  LDS: ListenerConfig;
  RDS: RouteTableConfig;
  SDS: SecretConfig;
}
type Kind = keyof Configs;

type Files = { readonly [K in Kind]: Map<string, ResourceFile<Configs[K]>> };

/** See the head of this file. */
export class FileSources {
  readonly #decode: { readonly [K in Kind]: (message: unknown) => Decoded<Configs[K]> };
  readonly #deps: ResourceFileDeps;
  readonly #stats: XdsStats;
  readonly #onChange: () => void;
  readonly #files: Files = { CDS: new Map(), EDS: new Map(), LDS: new Map(), RDS: new Map(), SDS: new Map() };

  /** `onChange` is called when there is something new. */
  constructor(decoders: Decoders, deps: ResourceFileDeps, stats: XdsStats, onChange: () => void) {
    this.#decode = {
      CDS: (message) => decoders.cluster(message as Cluster),
      EDS: (message) => decoders.endpointSet(message as ClusterLoadAssignment),
      LDS: (message) => decoders.listener(message as Listener),
      RDS: (message) => decoders.routeTable(message as RouteConfiguration),
      SDS: (message) => decoders.secret(message as Secret),
    };
    this.#deps = deps;
    this.#stats = stats;
    this.#onChange = onChange;
  }

  /** Reads exactly these from now on. */
  want(references: readonly FileReference[]): void {
    for (const kind of Object.keys(this.#files) as Kind[])
      this.#wantKind(
        kind,
        references.filter((each) => each.kind === kind),
      );
  }

  /** What is in them, named as by `nameOfSource`. Null: no such file, or not read yet. */
  known(): KnownResources {
    const { CDS, LDS, EDS, RDS, SDS } = this.#files;
    const secrets = new Map<string, SecretConfig>();
    for (const { source, set } of SDS.values())
      for (const [name, secret] of set.values()) secrets.set(secretKey({ kind: 'file', file: source }, name), secret);
    return { clusters: wholeSet(CDS), listeners: wholeSet(LDS), endpoints: named(EDS), routes: named(RDS), secrets };
  }

  /** What of them is in use, and what was refused. */
  dumped(): DumpedXdsResource[] {
    return this.#all().flatMap(({ set }) => dumpOf(set));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((file) => file.close()));
  }

  #all(): readonly ResourceFile<unknown>[] {
    return Object.values(this.#files).flatMap((files) => [...files.values()]);
  }

  #wantKind<K extends Kind>(kind: K, references: readonly FileReference[]): void {
    const files: Map<string, ResourceFile<Configs[K]>> = this.#files[kind];
    const wanted = new Map(references.map(({ file }) => [JSON.stringify(file), file]));
    for (const [key, file] of files) {
      if (wanted.has(key)) continue;
      files.delete(key);
      void file.close();
    }
    for (const [key, source] of wanted) if (!files.has(key)) files.set(key, this.#open(kind, source));
  }

  #open<K extends Kind>(kind: K, source: FileSource): ResourceFile<Configs[K]> {
    const deps = { ...this.#deps, stats: this.#stats.of(kind), onChange: this.#onChange };
    const decode = (message: unknown): Decoded<Configs[K]> => {
      const decoded = this.#decode[kind](message);
      if (!decoded.ok || (kind !== 'EDS' && kind !== 'RDS')) return decoded;
      return { ok: true, value: { ...decoded.value, name: nameOfSource(decoded.value.name, source) } };
    };
    return new ResourceFile(source, RESOURCE_TYPES[kind], decode, deps);
  }
}

function wholeSet<T>(files: ReadonlyMap<string, ResourceFile<T>>): ReadonlyMap<string, T> | null {
  const [file] = files.values();
  return file?.answered === true ? file.set.values() : null;
}

function named<T extends { readonly name: string }>(files: ReadonlyMap<string, ResourceFile<T>>): Map<string, T> {
  const all = [...files.values()].flatMap(({ set }) => [...set.values().values()]);
  return new Map(all.map((each) => [each.name, each]));
}
