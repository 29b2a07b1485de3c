/** Real resources made wrong, by a seed. Some are wrong for certain; of others nobody knows what they still mean. */

import type { SeededRandom } from '../../../kernel/random.ts';
import { RESOURCE_TYPES, type ResourceKind } from '../../../protos/contract/resource-types.ts';
import { type AnyMessage, codecNamed } from '../../../protos/json/registry.ts';

/** A decoded message, whatever it is. */
type Message = Record<string, unknown>;

/** Where in a message (`*` is any one of a list), and what is put there. */
type Spoil = readonly [path: string, value: unknown];

export type Pick = <T>(items: readonly T[]) => T;

const UNKNOWN = { typeUrl: 'type.googleapis.com/no.such.Type', value: Buffer.alloc(0) };
const ENDPOINT = 'endpoints.*.lbEndpoints.*';
const PATH_OF_ROUTE = 'virtualHosts.*.routes.*.match.pathSpecifier';
const regex = (text: string) => ({ $case: 'safeRegex', value: { regex: text } });
const port = (value: number) => ({ $case: 'portValue', value });

/** Ways to make a resource wrong for certain. A function is given what stood there. */
const SPOILS: Partial<Record<ResourceKind, Readonly<Record<string, Spoil>>>> = {
  CDS: {
    'negative connect_timeout': ['connectTimeout', { seconds: -1, nanos: 0 }],
    'connect_timeout of no time': ['connectTimeout', { seconds: 0, nanos: 0 }],
    'lb_policy that does not exist': ['lbPolicy', 77],
    'extension that nobody knows': ['typedExtensionProtocolOptions', { x: UNKNOWN }],
  },
  EDS: {
    'port beyond 65535': [`${ENDPOINT}.hostIdentifier.value.address.address.value.portSpecifier`, port(70_000)],
    'priority beyond 128': ['endpoints.*.priority', 4_000_000_000],
    'weight of nothing': [`${ENDPOINT}.loadBalancingWeight`, 0],
    'endpoint without an address': [`${ENDPOINT}.hostIdentifier`, undefined],
  },
  LDS: {
    'port beyond 65535': ['address.address.value.portSpecifier', port(4_000_000_000)],
    'filter that nobody knows': ['filterChains.*.filters.*.configType', { $case: 'typedConfig', value: UNKNOWN }],
    'no address': ['address', undefined],
  },
  RDS: {
    'virtual host twice': ['virtualHosts', (before: unknown[]) => [...before, ...before]],
    'expression that is none': [PATH_OF_ROUTE, regex('(((')],
    'expression of exponential time': [PATH_OF_ROUTE, regex('(a+)+$')],
    'route without a match': ['virtualHosts.*.routes.*.match', undefined],
  },
};

/** What was made of a resource, and how. */
export interface Corrupted {
  readonly how: string;
  readonly resource: AnyMessage;
}

export class Corruption {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  readonly pick: Pick = (items) => items[this.below(items.length)]!;

  below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  /** What no client may take. */
  certain(kind: ResourceKind, { typeUrl, value }: AnyMessage): Corrupted {
    const { messageName } = RESOURCE_TYPES[kind];
    const codec = codecNamed(messageName)!;
    const spoils = Object.entries(SPOILS[kind] ?? {});
    const choice = this.below(spoils.length + 3);
    const cut = () => value.subarray(0, 1 + this.below(value.length - 1));
    const anything = () => Buffer.from(Array.from({ length: 1 + this.below(200) }, () => this.below(256)));
    if (choice === 0) return { how: 'cut short', resource: { typeUrl, value: unreadable(codec, cut) } };
    if (choice === 1) return { how: 'bytes of anything', resource: { typeUrl, value: unreadable(codec, anything) } };
    if (choice === 2) return { how: 'another type', resource: { typeUrl: `${typeUrl}s`, value } };
    const [how, [path, spoiled]] = spoils[choice - 3]!;
    const message = codec.decode(value) as Message;
    this.#put(message, path.split('.'), spoiled);
    return { how, resource: { typeUrl, value: Buffer.from(codec.encode(message).finish()) } };
  }

  /** What a client may take or refuse, as it sees fit. */
  free(kind: ResourceKind, { typeUrl, value }: AnyMessage): Corrupted {
    if (this.below(2) === 0) {
      const bytes = Buffer.from(value);
      const flips = 1 + this.below(4);
      for (let i = 0; i < flips; i++) bytes[this.below(bytes.length)]! ^= 1 << this.below(8);
      return { how: `${flips} bits`, resource: { typeUrl, value: bytes } };
    }
    const codec = codecNamed(RESOURCE_TYPES[kind].messageName)!;
    while (true) {
      const message = codec.decode(value) as Message;
      const how = this.#upset(message);
      try {
        return { how, resource: { typeUrl, value: Buffer.from(codec.encode(message).finish()) } };
      } catch {
        // What cannot be written cannot come.
      }
    }
  }

  #put(message: Message, [name, ...rest]: readonly string[], value: unknown): void {
    const key = name === '*' ? this.pick(Object.keys(message)) : name!;
    if (rest.length > 0) this.#put(message[key] as Message, rest, value);
    else message[key] = typeof value === 'function' ? (value as (before: unknown) => unknown)(message[key]) : value;
  }

  /** Replaces one value somewhere within. */
  #upset(message: Message): string {
    const places: [Message, string][] = [];
    const walk = (each: unknown) => {
      if (typeof each !== 'object' || each === null || Buffer.isBuffer(each)) return;
      for (const [name, value] of Object.entries(each)) {
        if (name !== '$case') places.push([each as Message, name]);
        walk(value);
      }
    };
    walk(message);
    const [object, name] = this.pick(places);
    const before = object[name];
    object[name] = this.#instead(before);
    return `${name} of ${typeof before}`;
  }

  #instead(before: unknown): unknown {
    if (typeof before === 'number') return this.pick([0, -1, 2 ** 31, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER]);
    if (typeof before === 'string') return this.pick(['', 'x'.repeat(100_000), '\u0000', 'nowhere', '☃']);
    if (typeof before === 'boolean') return !before;
    return Array.isArray(before) ? this.pick([[], [...before, ...before]]) : undefined;
  }
}

/** The first of what is made that cannot be decoded. */
function unreadable(codec: { decode(bytes: Uint8Array): unknown }, make: () => Buffer): Buffer {
  while (true) {
    const bytes = make();
    try {
      codec.decode(bytes);
    } catch {
      return bytes;
    }
  }
}
