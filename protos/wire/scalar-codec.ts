/** How each scalar type of the subset stands on the wire. */
import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ScalarType } from '../json/schema.ts';

/** One scalar type. */
export interface ScalarCodec {
  /** Wire type: 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
  readonly wire: 0 | 1 | 2 | 5;
  /** What a field has when nothing was set. */
  readonly fallback: unknown;
  isDefault(value: unknown): boolean;
  /** Throws when the value does not fit the type. */
  write(writer: BinaryWriter, value: unknown): void;
  read(reader: BinaryReader): unknown;
}

/** By the name that the schema gives. 64-bit integers are numbers here; see TEXT_INTEGERS. */
export const SCALARS: Readonly<Record<ScalarType, ScalarCodec>> = {
  double: numeric(
    1,
    (writer, value) => writer.double(value),
    (reader) => reader.double(),
  ),
  float: numeric(
    5,
    (writer, value) => writer.float(value),
    (reader) => reader.float(),
  ),
  int32: numeric(
    0,
    (writer, value) => writer.int32(value),
    (reader) => reader.int32(),
  ),
  uint32: numeric(
    0,
    (writer, value) => writer.uint32(value),
    (reader) => reader.uint32(),
  ),
  int64: numeric(
    0,
    (writer, value) => writer.int64(value),
    (reader) => safeNumber(reader.int64()),
  ),
  uint64: numeric(
    0,
    (writer, value) => writer.uint64(value),
    (reader) => safeNumber(reader.uint64()),
  ),
  bool: {
    wire: 0,
    fallback: false,
    isDefault: (value) => value === false || value === undefined,
    write: (writer, value) => writer.bool(value as boolean),
    read: (reader) => reader.bool(),
  },
  string: {
    wire: 2,
    fallback: '',
    isDefault: (value) => value === '' || value === undefined,
    write: (writer, value) => writer.string(value as string),
    read: (reader) => reader.string(),
  },
  bytes: {
    wire: 2,
    fallback: Buffer.alloc(0),
    isDefault: (value) => value === undefined || (value as Uint8Array).length === 0,
    write: (writer, value) => writer.bytes(value as Uint8Array),
    read: (reader) => Buffer.from(reader.bytes()),
  },
};

/** The 64-bit types where the schema asks for decimal strings. */
export const TEXT_INTEGERS: Readonly<Record<'int64' | 'uint64', ScalarCodec>> = {
  int64: text(
    (writer, value) => writer.int64(value),
    (reader) => reader.int64(),
  ),
  uint64: text(
    (writer, value) => writer.uint64(value),
    (reader) => reader.uint64(),
  ),
};

function numeric(
  wire: ScalarCodec['wire'],
  write: (writer: BinaryWriter, value: number) => void,
  read: (reader: BinaryReader) => number,
): ScalarCodec {
  return {
    wire,
    fallback: 0,
    isDefault: (value) => value === 0 || value === undefined,
    write: write as ScalarCodec['write'],
    read,
  };
}

function text(
  write: (writer: BinaryWriter, value: string) => void,
  read: (reader: BinaryReader) => { toString(): string },
): ScalarCodec {
  return {
    wire: 0,
    fallback: '0',
    isDefault: (value) => value === '0' || value === undefined,
    write: write as ScalarCodec['write'],
    read: (reader) => read(reader).toString(),
  };
}

function safeNumber(value: bigint | string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`the integer ${value} is beyond 2^53`);
  return number;
}
