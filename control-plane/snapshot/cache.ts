/**
 * The cache of snapshots: translates when state or registry have changed, and only what somebody is there to see.
 */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { RegistryView } from '../registry/registry.ts';
import type { State } from '../state/model.ts';
import type { Dialect } from '../translate/dialect.ts';
import type { MeshNode } from '../translate/node.ts';
import { nodeResources, sharedResources } from '../translate/translate.ts';
import { ResourceEncoder } from './encoded-resource.ts';
import { byKind, joinKinds, type ResourceMap, type Snapshot } from './snapshot.ts';

type Kinds = ReadonlyMap<ResourceKind, ResourceMap>;

/** See the head of this file. */
export class SnapshotCache {
  readonly #encoder = { sidecar: new ResourceEncoder(), grpc: new ResourceEncoder() };
  /** Per node, as long as it is asked for. */
  readonly #nodeEncoders = new Map<string, ResourceEncoder>();
  readonly #shared = new Map<Dialect, Kinds>();
  #state: State;
  #registry: RegistryView;
  #generation = 1;

  constructor(state: State, registry: RegistryView) {
    this.#state = state;
    this.#registry = registry;
  }

  /** The number of the snapshots that are made now. */
  get generation(): number {
    return this.#generation;
  }

  /** From now on snapshots are made from these. */
  refresh(state: State, registry: RegistryView): void {
    this.#state = state;
    this.#registry = registry;
    this.#generation++;
    this.#shared.clear();
  }

  /** The snapshot of one client. */
  snapshotFor(node: MeshNode): Snapshot {
    const shared = this.#sharedKinds(node.kind === 'sidecar' ? 'sidecar' : 'grpc');
    if (node.kind === 'proxyless') return { generation: this.#generation, kinds: shared };
    const encoder = this.#nodeEncoder(node.id);
    const own = nodeResources(this.#state, this.#registry, node).map((each) => encoder.encode(each));
    encoder.endRound();
    return { generation: this.#generation, kinds: joinKinds(shared, byKind(own)) };
  }

  /** The client has gone. */
  forget(nodeId: string): void {
    this.#nodeEncoders.delete(nodeId);
  }

  #sharedKinds(dialect: Dialect): Kinds {
    const known = this.#shared.get(dialect);
    if (known !== undefined) return known;
    const encoder = this.#encoder[dialect];
    const resources = sharedResources(this.#state, this.#registry, dialect).map((each) => encoder.encode(each));
    encoder.endRound();
    const kinds = byKind(resources);
    this.#shared.set(dialect, kinds);
    return kinds;
  }

  #nodeEncoder(nodeId: string): ResourceEncoder {
    let encoder = this.#nodeEncoders.get(nodeId);
    if (encoder === undefined) {
      encoder = new ResourceEncoder();
      this.#nodeEncoders.set(nodeId, encoder);
    }
    return encoder;
  }
}
