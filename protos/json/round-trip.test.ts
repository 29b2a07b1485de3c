import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import type { MessageTypes } from '../gen/registry.ts';
import { readJson } from './read-json.ts';
import { codecNamed, knownTypeNames, typeUrlOf } from './registry.ts';
import { defaultValue, type FieldInfo, type FieldType, messageNamed } from './schema.ts';
import { hasOwnJsonForm, wrappedScalar } from './well-known.ts';
import { writeJson } from './write-json.ts';

type Name = keyof MessageTypes;

/** Deepest nesting of messages that is generated. */
const DEPTH_MAX = 3;

const key = fc.stringMatching(/^[a-z][a-z0-9_.]{0,8}$/);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
const nanos = fc.integer({ min: 0, max: 999_999_999 });

/** A random message of this type, as the generated code would decode it. */
function arbitraryMessage(name: string, depth = 0): fc.Arbitrary<unknown> {
  const scalar = wrappedScalar(name);
  if (scalar !== undefined) return scalarArbitrary(scalar, false);
  if (name === 'google.protobuf.Any') return anyArbitrary(depth);
  if (name === 'google.protobuf.Struct') return fc.dictionary(key, plainJson(), { noNullPrototype: true });
  if (name === 'google.protobuf.ListValue') return fc.array(plainJson(), { maxLength: 3 });
  if (name === 'google.protobuf.Value') return plainJson();
  if (name === 'google.protobuf.Duration' || name === 'google.protobuf.Timestamp') {
    return fc.record({ seconds, nanos, _unknownFields: fc.constant({}) }, { noNullPrototype: true });
  }
  return fieldsArbitrary(name, depth);
}

function fieldsArbitrary(name: string, depth: number): fc.Arbitrary<unknown> {
  const shape: Record<string, fc.Arbitrary<unknown>> = { _unknownFields: fc.constant({}) };
  for (const [property, members] of Map.groupBy(
    messageNamed(name).fields,
    (field) => field.oneof?.property ?? field.property,
  )) {
    const [first] = members;
    if (first!.oneof === null)
      shape[property] = fc.oneof(fc.constant(defaultValue(first!)), fieldArbitrary(first!, depth));
    else shape[property] = fc.oneof(fc.constant(undefined), ...members.map((member) => memberArbitrary(member, depth)));
  }
  return fc.record(shape, { noNullPrototype: true });
}

function memberArbitrary(field: FieldInfo, depth: number): fc.Arbitrary<unknown> {
  if (isNested(field.type) && depth >= DEPTH_MAX) return fc.constant(undefined);
  const wrapped = { $case: fc.constant(field.property), value: valueArbitrary(field.type, depth) };
  return fc.record(wrapped, { noNullPrototype: true });
}

function fieldArbitrary(field: FieldInfo, depth: number): fc.Arbitrary<unknown> {
  if (isNested(field.type) && depth >= DEPTH_MAX) return fc.constant(defaultValue(field));
  const value = valueArbitrary(field.type, depth);
  if (field.label === 'repeated') return fc.array(value, { maxLength: 2 });
  if (field.label === 'map') return fc.dictionary(key, value, { maxKeys: 2, noNullPrototype: true });
  return value;
}

function valueArbitrary(type: FieldType, depth: number): fc.Arbitrary<unknown> {
  if (type.kind === 'message') return arbitraryMessage(type.name, depth + 1);
  if (type.kind === 'enum') return fc.constantFrom(...type.values.values());
  return scalarArbitrary(type.scalar, type.text);
}

function scalarArbitrary(scalar: string, text: boolean): fc.Arbitrary<unknown> {
  if (scalar === 'string') return fc.string({ maxLength: 8 });
  if (scalar === 'bool') return fc.boolean();
  if (scalar === 'bytes') return fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes));
  if (scalar === 'double') return finite;
  if (scalar === 'float') return finite.map(Math.fround);
  if (scalar === 'int32') return fc.integer();
  if (scalar === 'uint32') return fc.nat({ max: 0xffffffff });
  if (text) return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
  return scalar === 'int64' ? fc.maxSafeInteger() : fc.maxSafeNat();
}

function anyArbitrary(depth: number): fc.Arbitrary<unknown> {
  const names = knownTypeNames().filter((name) => !hasOwnJsonForm(name) && name !== 'google.protobuf.Any');
  return fc.constantFrom(...names).chain((name) =>
    arbitraryMessage(name, depth + 1).map((message) => ({
      typeUrl: typeUrlOf(name),
      value: Buffer.from(codecNamed(name)!.encode(message).finish()),
      _unknownFields: {},
    })),
  );
}

function isNested(type: FieldType): boolean {
  return type.kind === 'message' && !hasOwnJsonForm(type.name);
}

function plainJson(): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.string({ maxLength: 5 }), finite);
  return fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(key, leaf, { maxKeys: 3, noNullPrototype: true }),
  );
}

t.test('any message survives bytes and JSON', (t) => {
  const names = knownTypeNames().filter((name) => !hasOwnJsonForm(name));
  const sample = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name as Name), arbitraryMessage(name)));
  const property = fc.property(sample, ([name, original]) => {
    const codec = codecNamed(name)!;
    const decoded = codec.decode(codec.encode(original).finish()) as MessageTypes[Name];
    const again = readJson(name, JSON.parse(JSON.stringify(writeJson(name, decoded))));
    return isDeepStrictEqual(decoded, original) && again.ok && isDeepStrictEqual(again.message, original);
  });
  fc.assert(property, { numRuns: 1000 });
  t.end();
});
