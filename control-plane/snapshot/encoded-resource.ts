/**
 * Resources as bytes. Each is encoded once, whoever gets it: what every stream writes is this very buffer.
 */
import { hash } from 'node:crypto';
import { assert } from '../../kernel/assert.ts';
import { RESOURCE_TYPES, type ResourceKind } from '../../protos/contract/resource-types.ts';
import { DeltaDiscoveryResponse, DiscoveryResponse } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { AnyCache } from '../../protos/json/any-cache.ts';
import { readJson } from '../../protos/json/read-json.ts';
import { type AnyMessage, codecNamed } from '../../protos/json/registry.ts';
import type { XdsResource } from '../translate/resource.ts';

/** One resource, ready to be written. */
export interface EncodedResource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** See XdsResource. */
  readonly onDemand: boolean;
  /** Of the bytes: equal contents have equal hashes. 16 hex digits. */
  readonly hash: string;
  /** The resource as a `resources` field of a DiscoveryResponse, tag and length included. */
  readonly bytes: Buffer;
  /** The resource itself. */
  readonly resource: AnyMessage;
  /** The same of a DeltaDiscoveryResponse, where its version is its hash. Made when it is first asked for. */
  readonly deltaBytes: Buffer;
}

/** Encodes, and remembers: a resource whose JSON has not changed is the same object as last time. */
export class ResourceEncoder {
  #known = new Map<string, Known>();
  #kept = new Map<string, Known>();

  /** Encodes one resource. A resource that the protos do not allow is a mistake in the translator, and asserts. */
  encode(resource: XdsResource): EncodedResource {
    const key = `${resource.kind} ${resource.name} ${resource.onDemand}`;
    const text = JSON.stringify(resource.json);
    const known = this.#kept.get(key) ?? this.#known.get(key);
    const entry = known?.text === text ? known : { text, encoded: encode(resource) };
    this.#kept.set(key, entry);
    return entry.encoded;
  }

  /** Ends a round: what was not encoded since the last one is forgotten. */
  endRound(): void {
    this.#known = this.#kept;
    this.#kept = new Map();
  }
}

/** Of all encoders: sidecars of different shapes have most parts in common. */
const ANYS = new AnyCache();

interface Known {
  readonly text: string;
  readonly encoded: EncodedResource;
}

function encode({ kind, name, json, onDemand }: XdsResource): EncodedResource {
  const { messageName, typeUrl } = RESOURCE_TYPES[kind];
  const result = readJson(messageName, json, [], ANYS);
  assert(result.ok, `${kind} ${name} is not a ${messageName}: ${result.ok ? '' : JSON.stringify(result.issues)}`);
  const codec = codecNamed(messageName);
  assert(codec !== undefined, `${messageName} has no codec`);
  const value = Buffer.from(codec.encode(result.message).finish());
  // A response that has only this resource is exactly the field that all responses with it contain.
  const bytes = Buffer.from(
    DiscoveryResponse.encode(DiscoveryResponse.fromPartial({ resources: [{ typeUrl, value }] })).finish(),
  );
  return new Encoded({ kind, name, onDemand }, hash('sha256', bytes, 'hex').slice(0, 16), bytes, { typeUrl, value });
}

class Encoded implements EncodedResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly onDemand: boolean;
  readonly hash: string;
  readonly bytes: Buffer;
  readonly resource: AnyMessage;
  #deltaBytes: Buffer | null = null;

  constructor(
    { kind, name, onDemand }: Pick<XdsResource, 'kind' | 'name' | 'onDemand'>,
    hash: string,
    bytes: Buffer,
    resource: AnyMessage,
  ) {
    this.kind = kind;
    this.name = name;
    this.onDemand = onDemand;
    this.hash = hash;
    this.bytes = bytes;
    this.resource = resource;
  }

  get deltaBytes(): Buffer {
    this.#deltaBytes ??= this.#encodeDelta();
    return this.#deltaBytes;
  }

  #encodeDelta(): Buffer {
    const { name, hash: version } = this;
    const only = DeltaDiscoveryResponse.fromPartial({ resources: [{ name, version, resource: this.resource }] });
    return Buffer.from(DeltaDiscoveryResponse.encode(only).finish());
  }
}
