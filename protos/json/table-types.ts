/**
 * Types of the generated tables in protos/gen. They stand apart so that the tables import types only and nothing here
 * depends on the tables.
 */
import type { BinaryWriter } from '@bufbuild/protobuf/wire';

/**
 * The fields of one message, a line each: number, snake_case name, type, then `repeated` or `map` and `oneof:name` where
 * they apply. The type is a scalar's name, `int64:text` for 64-bit values kept as decimal strings, `message:full.Name` or
 * `enum:full.Name`; a map has string keys and this type of values. One text a message, because it is read at first use:
 * most processes use a tenth of them.
 */
export type MessageRows = string;

/** The values of one enum: `NAME=number` with spaces between. */
export type EnumRow = string;

/** Encodes and decodes one message type. */
export interface MessageCodec<T> {
  encode(message: T): BinaryWriter;
  /** Throws on malformed bytes. */
  decode(bytes: Uint8Array): T;
  /** The whole message from what is set in it. */
  fromPartial(partial: DeepPartial<T>): T;
}

/** A message of which anything may be missing. */
export type DeepPartial<T> = unknown extends T
  ? T
  : T extends Uint8Array | string | number | boolean | undefined
    ? T
    : T extends readonly (infer U)[]
      ? DeepPartial<U>[]
      : T extends { $case: string; value: unknown }
        ? { $case: T['$case']; value?: DeepPartial<T['value']> }
        : { [K in keyof T]?: DeepPartial<T[K]> };

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
