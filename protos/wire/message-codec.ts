/**
 * Messages to bytes and back, driven by the schema: one reader and one writer for all types instead of generated code
 * for each, which would be ten times our own code to load, compile and hold. docs/decisions/codecs-from-tables.md has
 * the figures.
 *
 *   codecOf(name) ── first use ──► MessageShape: a FieldCodec per field, found by tag
 *
 * What comes out has exactly the properties of the generated type, in the order of the schema. Fields that the subset
 * does not know are kept as bytes in `_unknownFields` and written again.
 */
import { BinaryReader, BinaryWriter, type WireType } from '@bufbuild/protobuf/wire';
import { memoized } from '../json/memo.ts';
import { defaultValue, messageNamed } from '../json/schema.ts';
import { fieldValue } from '../json/set-fields.ts';
import type { MessageCodec } from '../json/table-types.ts';
import { hasBareForm, readBare, writeBare } from './bare-value.ts';
import { type FieldCodec, fieldCodec, type MutableMessage, type NestedCodec } from './field-codec.ts';

/** Deepest nesting that is read. */
const DEPTH_MAX = 100;

/**
 * The codec of any message of the subset; costs nothing until it is used.
 *
 * Types whose JSON form is not an object of their fields (wrappers, Struct, Value, ListValue) are the bare value here,
 * as they are in the fields of generated messages. Using a name that the subset does not have throws.
 */
export function codecOf<T>(name: string): MessageCodec<T> {
  return {
    encode: (message) => {
      const writer = new BinaryWriter();
      nested.write(name, message, writer);
      return writer;
    },
    decode: (bytes) => {
      const reader = new BinaryReader(bytes);
      return nested.read(name, reader, reader.len, 1) as T;
    },
    fromPartial: (partial) => fromPartial(name, partial) as T,
  };
}

/** Fields of one message, ready to run. */
interface MessageShape {
  readonly fields: readonly FieldCodec[];
  readonly byTag: ReadonlyMap<number, FieldCodec>;
  create(): MutableMessage;
}

const shapeOf = memoized((name: string): MessageShape => {
  const { fields } = messageNamed(name);
  const codecs = fields.map((field) => fieldCodec(field, nested));
  const byTag = new Map(codecs.flatMap((codec) => codec.tags.map((tag) => [tag, codec])));
  return { fields: codecs, byTag, create: creator(name) };
});

const nested: NestedCodec = {
  write(name, value, writer) {
    if (hasBareForm(name)) return writeBare(name, value, writer);
    const message = value as MutableMessage;
    for (const field of shapeOf(name).fields) field.write(message, writer);
    writeUnknown(message, writer);
  },
  read(name, reader, end, depth) {
    if (depth > DEPTH_MAX) throw new Error(`messages are nested deeper than ${DEPTH_MAX} levels`);
    if (hasBareForm(name)) return readBare(name, reader, end, depth, DEPTH_MAX);
    const shape = shapeOf(name);
    const message = shape.create();
    while (reader.pos < end) {
      const tag = reader.uint32();
      const field = shape.byTag.get(tag);
      if (field === undefined) keepUnknown(message, tag, reader);
      else field.read(message, tag, reader, depth);
    }
    if (reader.pos !== end) throw new Error(`a ${name} is longer than it says`);
    return message;
  },
};

/** A function that makes the message in which nothing is set. */
function creator(name: string): () => MutableMessage {
  const { fields } = messageNamed(name);
  const template: MutableMessage = {};
  for (const field of fields)
    template[field.oneof?.property ?? field.property] = field.oneof === null ? defaultValue(field) : undefined;
  template._unknownFields = {};
  const lists = fields.filter((field) => field.label === 'repeated').map((field) => field.property);
  const maps = fields.filter((field) => field.label === 'map').map((field) => field.property);
  maps.push('_unknownFields');
  return () => {
    // A copy has the shape of what it was copied from, so that all messages of a type share one.
    const message = { ...template };
    for (const property of lists) message[property] = [];
    for (const property of maps) message[property] = {};
    return message;
  };
}

function writeUnknown(message: MutableMessage, writer: BinaryWriter): void {
  const unknown = message._unknownFields as Record<string, Uint8Array[]> | undefined;
  for (const tag in unknown) for (const value of unknown[tag]!) writer.uint32(Number(tag)).raw(value);
}

function keepUnknown(message: MutableMessage, tag: number, reader: BinaryReader): void {
  const number = tag >>> 3;
  if (number === 0) throw new Error('a field has number 0');
  const bytes = reader.skip((tag & 7) as WireType, number);
  const unknown = message._unknownFields as Record<number, Uint8Array[]>;
  const known = unknown[tag];
  if (known === undefined) unknown[tag] = [bytes];
  else known.push(bytes);
}

function fromPartial(name: string, partial: unknown): unknown {
  if (hasBareForm(name)) return partial;
  const message = shapeOf(name).create();
  for (const field of messageNamed(name).fields) {
    const value = fieldValue(field, partial as MutableMessage);
    if (value === undefined) continue;
    const { type, label } = field;
    const complete = (each: unknown) => (type.kind === 'message' ? fromPartial(type.name, each) : each);
    const whole =
      label === 'repeated'
        ? (value as unknown[]).map(complete)
        : label === 'map'
          ? Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, complete(each)]))
          : complete(value);
    if (field.oneof === null) message[field.property] = whole;
    else message[field.oneof.property] = { $case: field.property, value: whole };
  }
  return message;
}
