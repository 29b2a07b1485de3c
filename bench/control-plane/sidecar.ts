/**
 * A simulated sidecar: one connection with an ADS stream, on which it subscribes to what a real one does and takes in
 * all that it is sent.
 */
import { RESOURCE_TYPES, type ResourceKind } from '../../protos/contract/resource-types.ts';
import { Node } from '../../protos/gen/envoy/config/core/v3/base.ts';
import { DeltaDiscoveryRequest, DiscoveryRequest } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { RawConnection } from './raw-grpc.ts';
import { type ResponseFields, readResponse } from './response-fields.ts';

/** The two protocols of xDS. */
export type Protocol = 'delta' | 'sotw';

/** What a client holds, and tells when it comes back. */
export interface Held {
  /** SotW: version by kind. */
  readonly versions: Map<string, string>;
  /** Delta: version by name, by kind. */
  readonly resources: Map<string, Map<string, string>>;
}

const METHODS: Readonly<Record<Protocol, string>> = {
  delta: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
  sotw: '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
};
/** Asked for last and always answered: when it is, all before it has been. */
const BARRIER: ResourceKind = 'BREAKERS';
const KIND_OF = new Map(Object.values(RESOURCE_TYPES).map(({ kind, typeUrl }) => [typeUrl, kind]));

/** Names by kind; an empty list is a wildcard. */
export function subscriptionsOf(
  workload: string,
  services: readonly string[],
): ReadonlyMap<ResourceKind, readonly string[]> {
  return new Map<ResourceKind, readonly string[]>([
    ['CDS', []],
    ['EDS', services],
    ['LDS', []],
    ['RDS', ['outbound']],
    ['CONFIG', [workload]],
    ['SCALING', [workload]],
    [BARRIER, []],
  ]);
}

/** See the head of this file. */
export class SimulatedSidecar {
  readonly connection: RawConnection;
  /** Called with every response after it was answered. */
  onResponse: (kind: ResourceKind, fields: ResponseFields) => void = () => {};
  readonly held: Held;
  readonly #protocol: Protocol;
  readonly #subscriptions: ReadonlyMap<ResourceKind, readonly string[]>;
  readonly #write: (message: Uint8Array) => void;
  readonly #complete = Promise.withResolvers<void>();

  constructor(
    address: { readonly host: string; readonly port: number },
    options: {
      readonly id: string;
      readonly workload: string;
      readonly services: readonly string[];
      readonly protocol: Protocol;
      readonly held?: Held;
    },
  ) {
    const { id, workload, services, protocol, held } = options;
    this.#protocol = protocol;
    this.held = held ?? { versions: new Map(), resources: new Map() };
    this.#subscriptions = subscriptionsOf(workload, services);
    this.connection = new RawConnection(address.host, address.port);
    this.#write = this.connection.open(METHODS[protocol], (message) => this.#receive(message));
    const ports = { outbound_port: 4001, inbound_port: 4002, app_port: 4003 };
    const metadata = { outrider: { workload, services: [workload], version: 'v1', ...ports } };
    const node: Node = { ...Node.fromPartial({ id, userAgentName: 'bench' }), metadata };
    let first: Node | undefined = node;
    for (const [kind, names] of this.#subscriptions) {
      this.#write(this.#subscribe(kind, names, first));
      first = undefined;
    }
  }

  /** Resolves when it has everything. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  #subscribe(kind: ResourceKind, names: readonly string[], node: Node | undefined): Uint8Array {
    const { typeUrl } = RESOURCE_TYPES[kind];
    if (this.#protocol === 'sotw') {
      const versionInfo = kind === BARRIER ? '' : (this.held.versions.get(typeUrl) ?? '');
      const request = DiscoveryRequest.fromPartial({ typeUrl, versionInfo, resourceNames: [...names] });
      return DiscoveryRequest.encode({ ...request, node }).finish();
    }
    const initialResourceVersions = Object.fromEntries(this.held.resources.get(typeUrl) ?? []);
    const request = DeltaDiscoveryRequest.fromPartial({
      typeUrl,
      resourceNamesSubscribe: [...names],
      initialResourceVersions,
    });
    return DeltaDiscoveryRequest.encode({ ...request, node }).finish();
  }

  #receive(message: Buffer): void {
    const fields = readResponse(message, this.#protocol === 'delta');
    const { typeUrl, nonce: responseNonce, version: versionInfo, versions } = fields;
    const kind = KIND_OF.get(typeUrl)!;
    if (this.#protocol === 'sotw') {
      const resourceNames = [...this.#subscriptions.get(kind)!];
      const ack = DiscoveryRequest.fromPartial({ typeUrl, responseNonce, versionInfo, resourceNames });
      this.#write(DiscoveryRequest.encode(ack).finish());
      this.held.versions.set(typeUrl, versionInfo);
    } else {
      this.#write(DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial({ typeUrl, responseNonce })).finish());
      const resources = this.held.resources.get(typeUrl);
      if (resources === undefined) this.held.resources.set(typeUrl, versions);
      else for (const [name, version] of versions) resources.set(name, version);
    }
    this.onResponse(kind, fields);
    if (kind === BARRIER) this.#complete.resolve();
  }
}
