/**
 * The proto3 JSON mapping, writing side: generated message objects to plain JSON.
 *
 * Names are in snake_case, as Envoy's /config_dump has them; fields at their default are left out; every Any of a known
 * type is expanded. Fields unknown to the subset have no JSON form and are left out.
 */
import type { MessageTypes } from '../gen/registry.ts';
import { type AnyMessage, codecNamed, typeNameOf } from './registry.ts';
import { type FieldInfo, type FieldType, messageNamed } from './schema.ts';
import { type MessageObject, setFields } from './set-fields.ts';
import { formatDuration, formatTimestamp, hasOwnJsonForm, isPlainJson, wrappedScalar } from './well-known.ts';

/** What JSON.stringify takes. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Writes one message. An Any whose type is unknown, or whose bytes are broken, keeps its bytes as base64 `value`. */
export function writeJson<N extends keyof MessageTypes>(messageName: N, message: MessageTypes[N]): Json {
  return writeMessage(messageName, message);
}

function writeMessage(name: string, message: unknown): Json {
  const scalar = wrappedScalar(name);
  if (scalar !== undefined) return writeScalar(scalar, message);
  if (isPlainJson(name)) return message as Json;
  if (name === 'google.protobuf.Any') return writeAny(message as AnyMessage);
  if (name === 'google.protobuf.Duration') return formatDuration(message as { seconds: number; nanos: number });
  if (name === 'google.protobuf.Timestamp') return formatTimestamp(message as { seconds: number; nanos: number });
  const json: { [key: string]: Json } = {};
  for (const { field, value } of setFields(messageNamed(name), message as MessageObject))
    json[field.name] = writeField(field, value);
  return json;
}

function writeField(field: FieldInfo, value: unknown): Json {
  if (field.label === 'repeated') return (value as unknown[]).map((each) => writeValue(field.type, each));
  if (field.label === 'single') return writeValue(field.type, value);
  const entries = Object.entries(value as object).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, writeValue(field.type, each)]));
}

function writeValue(type: FieldType, value: unknown): Json {
  if (type.kind === 'message') return writeMessage(type.name, value);
  if (type.kind === 'scalar') return writeScalar(type.scalar, value);
  for (const [name, number] of type.values) if (number === value) return name;
  return value as number;
}

function writeScalar(scalar: string, value: unknown): Json {
  if (scalar === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (scalar === 'int64' || scalar === 'uint64') return String(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : (value as Json);
}

function writeAny({ typeUrl, value }: AnyMessage): Json {
  if (typeUrl === '') return {};
  const name = typeNameOf(typeUrl);
  const message = decodeOrUndefined(name, value);
  if (message === undefined) return { '@type': typeUrl, value: Buffer.from(value).toString('base64') };
  if (!hasOwnJsonForm(name)) return { '@type': typeUrl, ...(writeMessage(name, message) as { [key: string]: Json }) };
  return { '@type': typeUrl, value: writeMessage(name, message) };
}

function decodeOrUndefined(name: string, bytes: Uint8Array): unknown {
  try {
    return codecNamed(name)?.decode(bytes);
  } catch {
    return undefined;
  }
}
