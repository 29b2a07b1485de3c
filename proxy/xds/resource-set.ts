/**
 * The accepted resources of one type. An update is taken resource by resource: the good ones replace what was there, a
 * bad one is refused by name and what was accepted under that name before stays.
 */
import { RESOURCE_NAME_BYTES_MAX } from '../../protos/contract/limits.ts';
import { formatRejection } from '../../protos/contract/reject-reason.ts';
import type { ResourceType } from '../../protos/contract/resource-types.ts';
import { type AnyMessage, codecNamed, typeNameOf } from '../../protos/json/registry.ts';
import type { Decoded } from './decoders.ts';

/** A resource as it arrived. */
export interface IncomingResource {
  /** Delta and wrapped resources say their name; empty takes it from the message. */
  readonly name: string;
  readonly version: string;
  /** Null is a heartbeat: the one that is held goes on. */
  readonly any: AnyMessage | null;
  /** How long it lasts without another; null is without end. */
  readonly ttlMs: number | null;
}

/** What a response says about one type. */
export interface ResourceUpdate {
  readonly resources: readonly IncomingResource[];
  /** Everything that is not in it does not exist any more. */
  readonly complete: boolean;
  /** Of the response, when heartbeats in it have no other (SotW); null: each resource has its own. */
  readonly version: string | null;
  readonly removed: readonly string[];
}

/** A resource in use. */
export interface AcceptedResource<T> {
  readonly name: string;
  readonly version: string;
  readonly any: AnyMessage;
  readonly value: T;
  /** It ends by itself. */
  readonly ends: boolean;
  /** Wall time, milliseconds since 1970. */
  readonly updatedAtMs: number;
}

/** A resource that was refused, until a good one of that name comes. */
export interface RefusedResource {
  readonly any: AnyMessage;
  readonly details: string;
  readonly atMs: number;
}

/** How an update went. */
export interface UpdateOutcome {
  /** The text of the NACK; null when everything was taken. */
  readonly rejection: string | null;
  /** Something is different from before. */
  readonly changed: boolean;
  /** Versions of what was taken, by name. */
  readonly taken: ReadonlyMap<string, string>;
  /** Names that were there and are not any more. */
  readonly gone: readonly string[];
  /** How long each that was taken, or kept by a heartbeat, lasts in milliseconds; null is without end. */
  readonly ttls: ReadonlyMap<string, number | null>;
}

/** What became of one resource. */
interface Taken {
  readonly name: string;
  readonly refusal: string | null;
  readonly changed: boolean;
}

const NO_TIME = 'ttl: it must be more than 0 s; leave it out for a resource that stays';

/** See the head of this file. */
export class ResourceSet<T> {
  readonly type: ResourceType;
  readonly #decode: (message: unknown) => Decoded<T>;
  readonly #accepted = new Map<string, AcceptedResource<T>>();
  readonly #refused = new Map<string, RefusedResource>();
  /** Of the last response in which everything was good. */
  #version: string | null = null;

  /** `decode` gets the message of that type. */
  constructor(type: ResourceType, decode: (message: unknown) => Decoded<T>) {
    this.type = type;
    this.#decode = decode;
  }

  get accepted(): ReadonlyMap<string, AcceptedResource<T>> {
    return this.#accepted;
  }

  get refused(): ReadonlyMap<string, RefusedResource> {
    return this.#refused;
  }

  /** The models by name. */
  values(): Map<string, T> {
    return new Map([...this.#accepted].map(([name, { value }]) => [name, value]));
  }

  /** Takes an update in, as far as it is good. */
  apply(update: ResourceUpdate, wallMs: number): UpdateOutcome {
    const seen = new Set<string>();
    const taken = new Map<string, string>();
    const ttls = new Map<string, number | null>();
    const refusals: string[] = [];
    let changed = false;
    for (const [index, incoming] of update.resources.entries()) {
      const { any } = incoming;
      const result =
        any === null
          ? this.#keep(incoming, index, seen, update.version === null ? null : this.#version)
          : this.#take({ ...incoming, any }, index, seen, wallMs);
      if (result.refusal !== null) refusals.push(result.refusal);
      else {
        ttls.set(result.name, incoming.ttlMs);
        if (any !== null) taken.set(result.name, incoming.version);
      }
      changed ||= result.changed;
    }
    // Nothing but heartbeats is no set of everything: servers send them for what has a ttl alone.
    const isBeat = update.resources.length > 0 && !update.resources.some(hasBody);
    const complete = update.complete && !isBeat;
    const removed = complete ? [...this.#accepted.keys()].filter((name) => !seen.has(name)) : update.removed;
    const gone = removed.filter((name) => this.#accepted.delete(name));
    changed ||= gone.length > 0;
    for (const name of removed) this.#refused.delete(name);
    for (const name of this.#refused.keys()) if (complete && !seen.has(name)) this.#refused.delete(name);
    if (refusals.length === 0 && update.version !== null) this.#version = update.version;
    return {
      rejection: refusals.length === 0 ? null : formatRejection('invalid', refusals.join('; ')),
      changed,
      gone,
      taken,
      ttls,
    };
  }

  /** Forgets everything that is not among the names. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#accepted.keys()) if (!names.has(name)) this.#accepted.delete(name);
    for (const name of this.#refused.keys()) if (!names.has(name)) this.#refused.delete(name);
  }

  #take(
    { name: outerName, version, any, ttlMs }: IncomingResource & { readonly any: AnyMessage },
    index: number,
    seen: Set<string>,
    wallMs: number,
  ): Taken {
    const read = this.#read(any);
    const name = read.ok ? nameOf(read.value, this.type) || outerName : outerName;
    const label = `${this.type.kind} ${name === '' ? `resources[${index}]` : `"${name}"`}`;
    const refuse = (why: string) => {
      if (name !== '') this.#refused.set(name, { any, details: why, atMs: wallMs });
      return { name, refusal: `${label}: ${why}`, changed: false };
    };
    const isDouble = seen.has(name);
    seen.add(name);
    if (!read.ok) return refuse(read.error);
    if (name === '') return refuse(`${this.type.nameField} is empty`);
    if (Buffer.byteLength(name) > RESOURCE_NAME_BYTES_MAX) {
      return refuse(`the name is too long: at most ${RESOURCE_NAME_BYTES_MAX} bytes are allowed`);
    }
    if (isDouble) return refuse('the name is there twice in one response');
    if (ttlMs !== null && ttlMs <= 0) return refuse(NO_TIME);
    const ends = ttlMs !== null;
    const before = this.#accepted.get(name);
    if (before !== undefined && Buffer.compare(before.any.value, any.value) === 0) {
      this.#refused.delete(name);
      if (before.version !== version || before.ends !== ends) this.#accepted.set(name, { ...before, version, ends });
      return { name, refusal: null, changed: before.ends !== ends };
    }
    const decoded = this.#decode(read.value);
    if (!decoded.ok) {
      return refuse(
        decoded.issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join(', '),
      );
    }
    this.#refused.delete(name);
    this.#accepted.set(name, { name, version, any, value: decoded.value, ends, updatedAtMs: wallMs });
    return { name, refusal: null, changed: true };
  }

  /** A heartbeat: nothing is activated by it. */
  #keep({ name, version, ttlMs }: IncomingResource, index: number, seen: Set<string>, held: string | null): Taken {
    const label = `${this.type.kind} ${name === '' ? `resources[${index}]` : `"${name}"`}`;
    const refuse = (why: string): Taken => ({ name, refusal: `${label}: ${why}`, changed: false });
    const isDouble = seen.has(name);
    seen.add(name);
    if (name === '') return refuse('a heartbeat (a Resource without resource) needs a name');
    if (isDouble) return refuse('the name is there twice in one response');
    if (ttlMs === null)
      return refuse('it has neither a resource nor a ttl: send one of them, or remove it by its name');
    if (ttlMs <= 0) return refuse(NO_TIME);
    const refused = this.#refused.get(name);
    if (refused !== undefined) return refuse(`a heartbeat of what was refused: ${refused.details}`);
    const before = this.#accepted.get(name);
    if (before === undefined) return refuse('a heartbeat of what is not held: send the resource itself');
    const expected = held ?? before.version;
    if (version !== expected && version !== '') {
      return refuse(`a heartbeat of version "${version}", but "${expected}" is held: send the resource itself`);
    }
    if (!before.ends) this.#accepted.set(name, { ...before, ends: true });
    return { name, refusal: null, changed: !before.ends };
  }

  #read(any: AnyMessage): { ok: true; value: unknown } | { ok: false; error: string } {
    const expected = this.type.messageName;
    const found = typeNameOf(any.typeUrl);
    if (found !== expected) return { ok: false, error: `it is a ${found}: a ${expected} is expected` };
    try {
      return { ok: true, value: codecNamed(expected)?.decode(any.value) };
    } catch (error) {
      return { ok: false, error: `the bytes are no ${expected}: ${error instanceof Error ? error.message : error}` };
    }
  }
}

function hasBody(resource: IncomingResource): boolean {
  return resource.any !== null;
}

function nameOf(message: unknown, { nameField }: ResourceType): string {
  const name = (message as Record<string, unknown>)[nameField];
  return typeof name === 'string' ? name : '';
}
