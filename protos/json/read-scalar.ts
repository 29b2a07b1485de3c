/** Reads JSON values into protobuf scalars and enums, with a sentence for each way in which that can fail. */
import { nearestName } from './nearest.ts';
import type { FieldType, ScalarType } from './schema.ts';

/** A value, or the reason why there is none. */
export type ScalarResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

const INTEGER_RANGES: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** Reads one scalar. Integers may be numbers or decimal strings; `text` keeps 64-bit integers as strings. */
export function readScalar(scalar: ScalarType, text: boolean, json: unknown): ScalarResult {
  switch (scalar) {
    case 'string':
      return typeof json === 'string' ? got(json) : failed('a string', json);
    case 'bool':
      // Text is not in the proto3 JSON mapping, but protobuf's own reader, and so Envoy, takes it.
      if (json === 'true' || json === 'false') return got(json === 'true');
      return typeof json === 'boolean' ? got(json) : failed('true or false', json);
    case 'bytes':
      return readBytes(json);
    case 'double':
    case 'float':
      return readDouble(json);
    default:
      return readInteger(scalar, text, json);
  }
}

/** Reads an enum by name or number; a number must be one of the known values. */
export function readEnum(type: Extract<FieldType, { kind: 'enum' }>, json: unknown): ScalarResult {
  const { values } = type;
  if (typeof json === 'string') {
    const value = values.get(json);
    if (value !== undefined) return got(value);
    const near = nearestName(json.toUpperCase(), values.keys());
    const hint = near === undefined ? `one of ${listed([...values.keys()])}` : `did you mean ${near}?`;
    return { ok: false, message: `${JSON.stringify(json)} is not a value of ${type.name}; ${hint}` };
  }
  if (typeof json === 'number' && [...values.values()].includes(json)) return got(json);
  return failed(`one of ${listed([...values.keys()])}`, json);
}

/** Shows a value shortly in a message. */
export function shown(json: unknown): string {
  if (json === undefined) return 'nothing';
  if (Array.isArray(json)) return 'a list';
  if (typeof json === 'object' && json !== null) return 'an object';
  const text = JSON.stringify(json) ?? String(json);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function readInteger(scalar: ScalarType, text: boolean, json: unknown): ScalarResult {
  const value = integerOf(json);
  if (value === undefined) return failed('a whole number', json);
  const [min, max] = INTEGER_RANGES[scalar]!;
  if (value < min || value > max) return { ok: false, message: `${value} is outside ${scalar}: ${min} to ${max}` };
  if (text) return got(String(value));
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    return { ok: false, message: `${value} is above the largest number kept here, 2^53 - 1` };
  return got(number);
}

function integerOf(json: unknown): bigint | undefined {
  if (typeof json === 'number') return Number.isInteger(json) ? BigInt(json) : undefined;
  if (typeof json === 'bigint') return json;
  return typeof json === 'string' && /^-?\d{1,20}$/.test(json) ? BigInt(json) : undefined;
}

function readDouble(json: unknown): ScalarResult {
  if (typeof json === 'number') return got(json);
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return got(Number(json));
  if (typeof json === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(json)) return got(Number(json));
  return failed('a number', json);
}

function readBytes(json: unknown): ScalarResult {
  if (typeof json !== 'string') return failed('base64 text', json);
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(json)) return { ok: false, message: 'not base64 text' };
  return got(Buffer.from(json, 'base64'));
}

function got(value: unknown): ScalarResult {
  return { ok: true, value };
}

function failed(wanted: string, json: unknown): ScalarResult {
  return { ok: false, message: `${wanted} is needed here, not ${shown(json)}` };
}

/** Joins names with commas, at most twelve of them. */
export function listed(names: readonly string[]): string {
  return names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`;
}
