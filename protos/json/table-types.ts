/**
 * Row types of the generated tables in protos/gen. They stand apart so that the tables import types only and nothing
 * here depends on the tables.
 */
import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

/**
 * One field: number, snake_case name, type, label, oneof. The type is a scalar's name, `int64:text` for 64-bit values
 * kept as decimal strings, `message:full.Name` or `enum:full.Name`; a map has string keys and this type of values.
 */
export type FieldRow = readonly [
  number: number,
  name: string,
  type: string,
  label?: '' | 'repeated' | 'map',
  oneof?: string,
];

/** Encodes and decodes one message type. `decode` throws on malformed bytes. */
export interface MessageCodec<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/**
 * What the real definition demands of a field. Numeric bounds of durations are milliseconds, of strings and bytes they
 * are lengths. A scalar at its default counts as set, except where `ignoreEmpty` says otherwise.
 */
export interface FieldConstraint {
  /** The message, or the oneof, must be there. */
  readonly required?: boolean;
  readonly gt?: number;
  readonly gte?: number;
  readonly lt?: number;
  readonly lte?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxBytes?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly unique?: boolean;
  readonly definedOnly?: boolean;
  readonly notIn?: number | readonly number[];
  readonly const?: boolean;
  readonly in?: readonly string[];
  readonly pattern?: string;
  /** The value must be usable as a header name or value: no NUL, CR or LF. */
  readonly header?: 'HTTP_HEADER_NAME' | 'HTTP_HEADER_VALUE';
  readonly ignoreEmpty?: boolean;
  /** For each element. */
  readonly items?: FieldConstraint;
  /** For each key. */
  readonly keys?: FieldConstraint;
}
