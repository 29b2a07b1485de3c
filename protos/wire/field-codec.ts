/** One field of a message: whether and how it is written, and what reading it changes. */
import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { FieldInfo, FieldType } from '../json/schema.ts';
import { setOwn } from './own-key.ts';
import { SCALARS, type ScalarCodec, TEXT_INTEGERS } from './scalar-codec.ts';

/** A generated message while it is built. */
export type MutableMessage = Record<string, unknown>;

/** See the head of this file. */
export interface FieldCodec {
  /** The tags under which it is read. The first is the one that is written. */
  readonly tags: readonly number[];
  /** Writes the field, or nothing when it is not set. */
  write(message: MutableMessage, writer: BinaryWriter): void;
  /** Reads one occurrence, whose tag has been read. */
  read(message: MutableMessage, tag: number, reader: BinaryReader, depth: number): void;
}

/** Messages inside of messages. */
export interface NestedCodec {
  write(name: string, value: unknown, writer: BinaryWriter): void;
  /** Reads the fields up to the offset `end`. Throws when there are more than a hundred levels, or on malformed bytes. */
  read(name: string, reader: BinaryReader, end: number, depth: number): unknown;
}

/** One value without its tag, a message with its length. */
interface ValueCodec {
  readonly wire: number;
  readonly fallback: unknown;
  isDefault(value: unknown): boolean;
  write(writer: BinaryWriter, value: unknown): void;
  read(reader: BinaryReader, depth: number): unknown;
}

/** Wire type of everything that has a length in front. */
const LENGTH_DELIMITED = 2;
const MAP_KEY_TAG = 10;

/** The codec of one field. */
export function fieldCodec(field: FieldInfo, nested: NestedCodec): FieldCodec {
  const value = valueCodec(field.type, nested);
  if (field.label === 'map') return mapCodec(field, value);
  if (field.label === 'repeated')
    return value.wire === LENGTH_DELIMITED ? listCodec(field, value) : packedCodec(field, value);
  return field.oneof === null ? singleCodec(field, value) : memberCodec(field, field.oneof.property, value);
}

function singleCodec({ number, property }: FieldInfo, value: ValueCodec): FieldCodec {
  const tag = tagOf(number, value.wire);
  return {
    tags: [tag],
    write: (message, writer) => {
      const current = message[property];
      if (!value.isDefault(current)) value.write(writer.uint32(tag), current);
    },
    read: (message, _, reader, depth) => {
      message[property] = value.read(reader, depth);
    },
  };
}

/** A member of a oneof is written whenever it is the one, also at its default. */
function memberCodec({ number, property }: FieldInfo, oneof: string, value: ValueCodec): FieldCodec {
  const tag = tagOf(number, value.wire);
  return {
    tags: [tag],
    write: (message, writer) => {
      const member = message[oneof] as { $case: string; value: unknown } | undefined;
      if (member?.$case === property) value.write(writer.uint32(tag), member.value);
    },
    read: (message, _, reader, depth) => {
      message[oneof] = { $case: property, value: value.read(reader, depth) };
    },
  };
}

function listCodec({ number, property }: FieldInfo, value: ValueCodec): FieldCodec {
  const tag = tagOf(number, value.wire);
  return {
    tags: [tag],
    write: (message, writer) => {
      for (const each of (message[property] ?? []) as unknown[]) value.write(writer.uint32(tag), each);
    },
    read: (message, _, reader, depth) => {
      (message[property] as unknown[]).push(value.read(reader, depth));
    },
  };
}

/** Numbers are written with one length in front of all of them, and read also one by one. */
function packedCodec({ number, property }: FieldInfo, value: ValueCodec): FieldCodec {
  const packed = tagOf(number, LENGTH_DELIMITED);
  return {
    tags: [packed, tagOf(number, value.wire)],
    write: (message, writer) => {
      const list = (message[property] ?? []) as unknown[];
      if (list.length === 0) return;
      writer.uint32(packed).fork();
      for (const each of list) value.write(writer, each);
      writer.join();
    },
    read: (message, tag, reader, depth) => {
      const list = message[property] as unknown[];
      if (tag !== packed) {
        list.push(value.read(reader, depth));
        return;
      }
      const end = lengthEnd(reader);
      while (reader.pos < end) list.push(value.read(reader, depth));
    },
  };
}

/** Entries are messages of key and value; all keys of the subset are strings. */
function mapCodec({ number, property }: FieldInfo, value: ValueCodec): FieldCodec {
  const tag = tagOf(number, LENGTH_DELIMITED);
  const valueTag = tagOf(2, value.wire);
  return {
    tags: [tag],
    write: (message, writer) => {
      for (const [key, each] of Object.entries((message[property] ?? {}) as object)) {
        if (each === undefined) continue;
        writer.uint32(tag).fork();
        if (key !== '') writer.uint32(MAP_KEY_TAG).string(key);
        if (!value.isDefault(each)) value.write(writer.uint32(valueTag), each);
        writer.join();
      }
    },
    read: (message, _, reader, depth) => {
      const end = lengthEnd(reader);
      let key = '';
      let entry = value.fallback;
      while (reader.pos < end) {
        const inner = reader.uint32();
        if (inner === MAP_KEY_TAG) key = reader.string();
        else if (inner === valueTag) entry = value.read(reader, depth);
        else reader.skip(inner & 7, inner >>> 3);
      }
      if (entry !== undefined) setOwn(message[property] as MutableMessage, key, entry);
    },
  };
}

function valueCodec(type: FieldType, nested: NestedCodec): ValueCodec {
  if (type.kind === 'enum') return SCALARS.int32;
  if (type.kind === 'scalar') return scalarCodec(type.scalar, type.text);
  const { name } = type;
  return {
    wire: LENGTH_DELIMITED,
    fallback: undefined,
    isDefault: (value) => value === undefined,
    write: (writer, value) => {
      writer.fork();
      nested.write(name, value, writer);
      writer.join();
    },
    read: (reader, depth) => nested.read(name, reader, lengthEnd(reader), depth + 1),
  };
}

function scalarCodec(scalar: keyof typeof SCALARS, text: boolean): ScalarCodec {
  return text ? TEXT_INTEGERS[scalar as 'int64' | 'uint64'] : SCALARS[scalar];
}

function tagOf(number: number, wire: number): number {
  return ((number << 3) | wire) >>> 0;
}

function lengthEnd(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}
