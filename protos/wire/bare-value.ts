/** Messages that stand as bare values in TypeScript: wrappers are their scalar, Struct, Value and ListValue plain JSON. */
import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ScalarType } from '../json/schema.ts';
import { isPlainJson, wrappedScalar } from '../json/well-known.ts';
import { setOwn } from './own-key.ts';
import { SCALARS } from './scalar-codec.ts';

const LIST = 'google.protobuf.ListValue';
const STRUCT = 'google.protobuf.Struct';
const VALUE = 'google.protobuf.Value';

/** Tags of the members of Value, and of the only field of Struct, ListValue and map entries' keys and values. */
const TAG = { null: 8, number: 17, string: 26, bool: 32, struct: 42, list: 50, only: 10, key: 10, value: 18 } as const;

/** True for the types of this file. */
export function hasBareForm(name: string): boolean {
  return name.startsWith('google.protobuf.') && (wrappedScalar(name) !== undefined || isPlainJson(name));
}

/** Writes the fields of the message that stands for `value`. Throws for what has no JSON form. */
export function writeBare(name: string, value: unknown, writer: BinaryWriter): void {
  const scalar = wrappedScalar(name);
  if (scalar !== undefined) writeWrapped(scalar as ScalarType, value, writer);
  else if (name === STRUCT) writeStruct(value as object, writer);
  else if (name === LIST) writeList(value as unknown[], writer);
  else writeValue(value, writer);
}

/** Reads up to `end`; nothing set is the scalar's default, `{}`, `[]`, and undefined for a Value. */
export function readBare(name: string, reader: BinaryReader, end: number, depth: number, depthMax: number): unknown {
  if (depth > depthMax) throw new Error(`messages are nested deeper than ${depthMax} levels`);
  const scalar = wrappedScalar(name);
  if (scalar !== undefined) return readWrapped(scalar as ScalarType, reader, end);
  const struct: Record<string, unknown> = {};
  const list: unknown[] = [];
  let value: unknown;
  const inner = (type: string) => readBare(type, reader, lengthEnd(reader), depth + 1, depthMax);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (name === STRUCT && tag === TAG.only) readEntry(struct, reader, lengthEnd(reader), depth + 1, depthMax);
    else if (name === LIST && tag === TAG.only) list.push(inner(VALUE));
    else if (name === VALUE && tag === TAG.null) {
      reader.int32();
      value = null;
    } else if (name === VALUE && tag === TAG.number) value = reader.double();
    else if (name === VALUE && tag === TAG.string) value = reader.string();
    else if (name === VALUE && tag === TAG.bool) value = reader.bool();
    else if (name === VALUE && tag === TAG.struct) value = inner(STRUCT);
    else if (name === VALUE && tag === TAG.list) value = inner(LIST);
    else reader.skip(tag & 7, tag >>> 3);
  }
  if (reader.pos !== end) throw new Error(`a ${name} is longer than it says`);
  if (name === STRUCT) return struct;
  return name === LIST ? list : value;
}

function readEntry(into: Record<string, unknown>, reader: BinaryReader, end: number, depth: number, max: number): void {
  let key = '';
  let value: unknown;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === TAG.key) key = reader.string();
    else if (tag === TAG.value) value = readBare(VALUE, reader, lengthEnd(reader), depth + 1, max);
    else reader.skip(tag & 7, tag >>> 3);
  }
  if (value !== undefined) setOwn(into, key, value);
}

function writeWrapped(scalar: ScalarType, value: unknown, writer: BinaryWriter): void {
  const { wire, write, isDefault } = SCALARS[scalar];
  if (!isDefault(value)) write(writer.uint32((1 << 3) | wire), value);
}

function readWrapped(scalar: ScalarType, reader: BinaryReader, end: number): unknown {
  const { wire, read, fallback } = SCALARS[scalar];
  let value = fallback;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | wire)) value = read(reader);
    else reader.skip(tag & 7, tag >>> 3);
  }
  return value;
}

function writeStruct(struct: object, writer: BinaryWriter): void {
  for (const [key, value] of Object.entries(struct)) {
    if (value === undefined) continue;
    writer.uint32(TAG.only).fork();
    if (key !== '') writer.uint32(TAG.key).string(key);
    writer.uint32(TAG.value).fork();
    writeValue(value, writer);
    writer.join().join();
  }
}

function writeList(list: readonly unknown[], writer: BinaryWriter): void {
  for (const value of list) {
    writer.uint32(TAG.only).fork();
    writeValue(value, writer);
    writer.join();
  }
}

function writeValue(value: unknown, writer: BinaryWriter): void {
  if (value === null) writer.uint32(TAG.null).int32(0);
  else if (typeof value === 'number') writer.uint32(TAG.number).double(value);
  else if (typeof value === 'string') writer.uint32(TAG.string).string(value);
  else if (typeof value === 'boolean') writer.uint32(TAG.bool).bool(value);
  else if (Array.isArray(value)) {
    writer.uint32(TAG.list).fork();
    writeList(value, writer);
    writer.join();
  } else if (typeof value === 'object') {
    writer.uint32(TAG.struct).fork();
    writeStruct(value, writer);
    writer.join();
  } else if (value !== undefined) throw new Error(`a ${typeof value} has no place in a google.protobuf.Value`);
}

function lengthEnd(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}
