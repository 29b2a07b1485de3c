/**
 * One header field of HTTP/2, with all that codecs and the head want to know of it worked out once. Fields that repeat
 * are shared (`field-table.ts`), so that most requests find these answers ready.
 */

import { COLON, HTAB, isTokenByte, isValueByte, SP } from '../../http/bytes.ts';
import { isGrpcContentType } from '../../http/grpc-request.ts';
import {
  TRAIT_CLIENT_CERT,
  TRAIT_ENVOY_HEADER,
  TRAIT_GRPC,
  TRAIT_MAX_FORWARDS,
  TRAIT_UNDERSCORE,
} from '../../http/request-traits.ts';
import { isOneOff, isSecret, isWorthIndexing } from './indexing-policy.ts';
import { STATIC_NAMES, staticFieldIndex, staticNameIndex } from './static-table.ts';

/**
 * What a field is to a codec, by its name: a small number, so that a head is examined by comparing numbers. `hopByHop`
 * are the fields of one connection that HTTP/2 forbids: connection, keep-alive, proxy-connection, transfer-encoding and
 * upgrade (RFC 9113 section 8.2.2). `unknownPseudo` is any other name that begins with a colon.
 */
export const KIND = {
  plain: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  status: 5,
  protocol: 6,
  unknownPseudo: 7,
  host: 8,
  contentLength: 9,
  te: 10,
  cookie: 11,
  expect: 12,
  hopByHop: 13,
} as const;

/** What a field counts beside its texts (RFC 7541 section 4.1). */
const FIELD_OVERHEAD_BYTES = 32;

/** How a field came up. `repeated`: it may come again. `once`: take it that it does not. `never`: never to be indexed. */
export type FieldUse = 'repeated' | 'once' | 'never';

/** An immutable field. Two of equal texts need not be one object; see FieldTable. */
export class Field {
  /** As on the wire: latin1 text, one character per byte. */
  readonly name: string;
  /** Likewise. */
  readonly value: string;
  /** Bytes of name and value, and 32 (RFC 7541 section 4.1). */
  readonly size: number;
  /** Index of the whole field in the static table, or 0. Always 0 when the field is `neverIndexed`. */
  readonly staticIndex: number;
  /** Index of the first static entry with that name, or 0. */
  readonly staticName: number;
  /** Has to stay a never-indexed literal on every hop (RFC 7541 sections 6.2.3 and 7.1.3). */
  readonly neverIndexed: boolean;
  /** Worth a place in an encoder's dynamic table. Never together with `staticIndex` or `neverIndexed`. */
  readonly indexable: boolean;
  /** One of KIND. */
  readonly kind: number;
  /**
   * Well-formed by itself (RFC 9113 section 8.2.1): the name is a token without upper case, behind one colon for a
   * pseudo-header field; the value has no control character but HTAB, and no white space around it.
   */
  readonly valid: boolean;
  /** The bits of request-traits.ts that follow from name and value. */
  readonly traits: number;
  /** The encoder's: the field as a literal that is not indexed; null until it is worth keeping. */
  literal: Uint8Array | null = null;
  /** What the rules of messages have found of the value, as bits of their own; 0 before they looked. */
  verdict = 0;
  #line: string | null = null;

  constructor(name: string, value: string, use: FieldUse) {
    const facts = FACTS.get(name) ?? factsOf(name);
    const staticIndex = staticFieldIndex(facts.staticName, value);
    const size = name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.name = name;
    this.value = value;
    this.size = size;
    this.staticName = facts.staticName;
    this.neverIndexed = use === 'never' || (staticIndex === 0 && facts.guarded && isSecret(name, value));
    this.staticIndex = this.neverIndexed ? 0 : staticIndex;
    this.indexable =
      use === 'repeated' &&
      !facts.oneOff &&
      staticIndex === 0 &&
      !this.neverIndexed &&
      isWorthIndexing(name, value, size);
    this.kind = facts.kind;
    this.valid = facts.valid && isFieldValue(value);
    this.traits = facts.mayBeGrpc && isGrpcContentType(value) ? facts.traits | TRAIT_GRPC : facts.traits;
  }

  /** As a header line of HTTP/1.1, `name: value` and the line end. Made on first use. */
  get line(): string {
    this.#line ??= `${this.name}: ${this.value}\r\n`;
    return this.#line;
  }
}

/** Whether a text is a field value on its own (RFC 9113 section 8.2.1, RFC 9110 section 5.5). The empty one is. HOT. */
function isFieldValue(value: string): boolean {
  const last = value.length - 1;
  for (let i = 0; i <= last; i++) {
    const byte = value.charCodeAt(i);
    if (!isValueByte(byte) || ((i === 0 || i === last) && isBlank(byte))) return false;
  }
  return true;
}

const UPPER_A = 65;
const UPPER_Z = 90;
const UNDERSCORE = 95;

/** What a name says by itself. */
interface NameFacts {
  readonly kind: number;
  readonly staticName: number;
  readonly traits: number;
  readonly valid: boolean;
  readonly oneOff: boolean;
  /** Some values of it are secrets. */
  readonly guarded: boolean;
  readonly mayBeGrpc: boolean;
}

const KINDS: ReadonlyMap<string, number> = new Map([
  [':method', KIND.method],
  [':scheme', KIND.scheme],
  [':authority', KIND.authority],
  [':path', KIND.path],
  [':status', KIND.status],
  [':protocol', KIND.protocol],
  ['host', KIND.host],
  ['content-length', KIND.contentLength],
  ['te', KIND.te],
  ['cookie', KIND.cookie],
  ['expect', KIND.expect],
  ['connection', KIND.hopByHop],
  ['keep-alive', KIND.hopByHop],
  ['proxy-connection', KIND.hopByHop],
  ['transfer-encoding', KIND.hopByHop],
  ['upgrade', KIND.hopByHop],
]);

/** Facts of the names that most heads are made of. */
const FACTS: ReadonlyMap<string, NameFacts> = new Map(
  [
    ...STATIC_NAMES.slice(1),
    ...KINDS.keys(),
    ...['x-request-id', 'x-forwarded-proto', 'x-forwarded-for', 'traceparent', 'tracestate'],
    ...['grpc-timeout', 'grpc-accept-encoding', 'grpc-encoding', 'grpc-status', 'grpc-message'],
    ...['x-envoy-expected-rq-timeout-ms', 'x-envoy-attempt-count', 'x-envoy-upstream-service-time'],
  ].map((name) => [name, factsOf(name)]),
);

function factsOf(name: string): NameFacts {
  const pseudo = name.charCodeAt(0) === COLON;
  let traits = 0;
  let valid = name.length > (pseudo ? 1 : 0);
  for (let i = pseudo ? 1 : 0; i < name.length; i++) {
    const byte = name.charCodeAt(i);
    if (!isTokenByte(byte) || (byte >= UPPER_A && byte <= UPPER_Z)) valid = false;
    if (byte === UNDERSCORE) traits |= TRAIT_UNDERSCORE;
  }
  if (isControlName(name)) traits |= TRAIT_ENVOY_HEADER;
  if (name === 'x-forwarded-client-cert') traits |= TRAIT_CLIENT_CERT;
  if (name === 'max-forwards') traits |= TRAIT_MAX_FORWARDS;
  return {
    kind: KINDS.get(name) ?? (pseudo ? KIND.unknownPseudo : KIND.plain),
    staticName: staticNameIndex(name),
    traits,
    valid,
    oneOff: isOneOff(name),
    guarded: isSecret(name, ''),
    mayBeGrpc: name === 'content-type',
  };
}

/** SP or HTAB, which surround a value without being part of it (RFC 9110 section 5.5). */
export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/** `x-envoy-...` and `x-outrider-...`: fields by which proxies steer each other. */
function isControlName(name: string): boolean {
  return (name.length > 8 && name.startsWith('x-envoy-')) || (name.length > 11 && name.startsWith('x-outrider-'));
}
