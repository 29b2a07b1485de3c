/**
 * The proto3 JSON mapping, reading side: JSON (or parsed YAML) to the generated message objects.
 *
 * Strict: an unknown name, a wrong type, a value out of range, two members of one oneof are errors, and all of them are
 * reported, not the first only. Both snake_case and camelCase names are read; `null` means "not set", as protobuf has
 * it. An Any is read by its `@type` and encoded; beside `is_optional: true` an unknown type is kept without its content.
 * Constraints between values are not checked here: see constraint.ts.
 */
import type { MessageTypes } from '../gen/registry.ts';
import type { AnyCache } from './any-cache.ts';
import { type Issue, issueAt, type Path } from './issue.ts';
import { leftOutByName, notSupported } from './left-out.ts';
import { nearestName, nearestNames } from './nearest.ts';
import { listed, readEnum, readScalar, shown } from './read-scalar.ts';
import { codecNamed, knownTypeNames, typeNameOf, typeUrlOf } from './registry.ts';
import {
  defaultValue,
  type FieldInfo,
  type FieldType,
  type MessageInfo,
  messageNamed,
  type ScalarType,
} from './schema.ts';
import { hasOwnJsonForm, isPlainJson, parseDuration, parseTimestamp, wrappedScalar } from './well-known.ts';

/** The message, or all that is wrong with the JSON. */
export type ReadResult<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Deepest nesting that is read; deeper input is an error. */
const DEPTH_MAX = 100;

/**
 * Reads one message. `at` is put in front of every path. An Any that `anys` holds is not read again: for those who read
 * many messages with the same parts.
 *
 * @example readJson('envoy.config.cluster.v3.Cluster', { name: 'a', connect_timeout: '1s' })
 */
export function readJson<N extends keyof MessageTypes>(
  messageName: N,
  json: unknown,
  at: Path = [],
  anys: AnyCache | null = null,
): ReadResult<MessageTypes[N]> {
  const reader = new JsonReader(anys);
  const message = reader.message(messageName, json, at);
  return reader.issues.length === 0
    ? { ok: true, message: message as MessageTypes[N] }
    : { ok: false, issues: reader.issues };
}

/** One pass over one input; collects issues as it goes. Values that could not be read come out as undefined. */
class JsonReader {
  readonly issues: Issue[] = [];
  readonly #anys: AnyCache | null;

  constructor(anys: AnyCache | null) {
    this.#anys = anys;
  }

  message(name: string, json: unknown, path: Path): unknown {
    if (path.length > DEPTH_MAX) return this.#fail(path, `nested deeper than ${DEPTH_MAX} levels`);
    const scalar = wrappedScalar(name);
    if (scalar !== undefined) return this.#scalar(scalar as ScalarType, false, json, path);
    if (name === 'google.protobuf.Any') return this.#any(json, path);
    if (name === 'google.protobuf.Duration') return this.#duration(json, path);
    if (name === 'google.protobuf.Timestamp') return this.#timestamp(json, path);
    if (isPlainJson(name)) return this.#plain(name, json, path);
    return isObject(json)
      ? this.#fields(messageNamed(name), json, path)
      : this.#fail(path, `an object is needed here, not ${shown(json)}`);
  }

  #fields(info: MessageInfo, json: Record<string, unknown>, path: Path): unknown {
    const message: Record<string, unknown> = {};
    for (const field of info.fields)
      message[field.oneof?.property ?? field.property] = field.oneof ? undefined : defaultValue(field);
    message._unknownFields = {};
    const seen = new Set<string>();
    const optional = info.byName.has('is_optional') && (json.is_optional ?? json.isOptional) === true;
    for (const [key, value] of Object.entries(json)) {
      const field = info.byName.get(key);
      const place = [...path, key];
      if (field === undefined) this.#fail(place, unknownField(info, key));
      else if (seen.has(field.name)) this.#fail(place, `${field.name} is given twice`);
      else if (value !== null || isNullable(field)) {
        seen.add(field.name);
        if (optional && isUnknownAny(field, value)) setValue(message, field, opaqueAny(value));
        else this.#setField(info, message, field, value, place);
      }
    }
    return message;
  }

  #setField(info: MessageInfo, message: Record<string, unknown>, field: FieldInfo, json: unknown, path: Path): void {
    const value = this.#field(field, json, path);
    const other = field.oneof === null ? undefined : (message[field.oneof.property] as { $case: string } | undefined);
    if (other !== undefined) {
      const name = info.byName.get(other.$case)?.name;
      this.#fail(path, `${field.name} excludes ${name}, which is given too: only one ${field.oneof!.name} is allowed`);
    } else if (field.oneof !== null || value !== undefined) setValue(message, field, value);
  }

  #field(field: FieldInfo, json: unknown, path: Path): unknown {
    if (field.label === 'repeated') {
      if (!Array.isArray(json)) return this.#fail(path, `a list is needed here, not ${shown(json)}`);
      return json.map((each, i) => this.#value(field.type, each, [...path, i]));
    }
    if (field.label === 'map') {
      if (!isObject(json)) return this.#fail(path, `an object is needed here, not ${shown(json)}`);
      return Object.fromEntries(
        Object.entries(json).map(([key, each]) => [key, this.#value(field.type, each, [...path, key])]),
      );
    }
    return this.#value(field.type, json, path);
  }

  #value(type: FieldType, json: unknown, path: Path): unknown {
    if (type.kind === 'message') return this.message(type.name, json, path);
    if (type.kind === 'scalar') return this.#scalar(type.scalar, type.text, json, path);
    const result = readEnum(type, json);
    return result.ok ? result.value : this.#fail(path, result.message);
  }

  #scalar(scalar: ScalarType, text: boolean, json: unknown, path: Path): unknown {
    const result = readScalar(scalar, text, json);
    return result.ok ? result.value : this.#fail(path, result.message);
  }

  #any(json: unknown, path: Path): unknown {
    if (!isObject(json)) return this.#fail(path, `an object with "@type" is needed here, not ${shown(json)}`);
    const { '@type': url, ...rest } = json;
    if (Object.keys(json).length === 0) return { typeUrl: '', value: Buffer.alloc(0), _unknownFields: {} };
    if (typeof url !== 'string') return this.#fail(path, '"@type" is missing: it names the type of this object');
    const name = typeNameOf(url);
    const codec = codecNamed(name);
    if (codec === undefined) return this.#fail([...path, '@type'], unknownType(name));
    const text = this.#anys === null ? '' : JSON.stringify(json);
    const known = this.#anys?.get(text);
    if (known !== undefined) return known;
    const before = this.issues.length;
    const message = this.message(name, hasOwnJsonForm(name) ? rest.value : rest, path);
    if (this.issues.length > before) return undefined;
    const value = Buffer.from(codec.encode(message).finish());
    const any = { typeUrl: typeUrlOf(name), value, _unknownFields: {} };
    this.#anys?.set(text, any);
    return any;
  }

  #duration(json: unknown, path: Path): unknown {
    const value = typeof json === 'string' ? parseDuration(json) : undefined;
    return value ?? this.#fail(path, `a duration such as "1.5s" is needed here, not ${shown(json)}`);
  }

  #timestamp(json: unknown, path: Path): unknown {
    const value = typeof json === 'string' ? parseTimestamp(json) : undefined;
    return value ?? this.#fail(path, `a time such as "2030-01-31T12:00:00Z" is needed here, not ${shown(json)}`);
  }

  #plain(name: string, json: unknown, path: Path): unknown {
    if (name === 'google.protobuf.Struct' && !isObject(json))
      return this.#fail(path, `an object is needed here, not ${shown(json)}`);
    if (name === 'google.protobuf.ListValue' && !Array.isArray(json))
      return this.#fail(path, `a list is needed here, not ${shown(json)}`);
    return json;
  }

  #fail(path: Path, message: string): undefined {
    this.issues.push(issueAt(path, message));
    return undefined;
  }
}

function unknownField(info: MessageInfo, key: string): string {
  const shortName = info.name.slice(info.name.lastIndexOf('.') + 1);
  const left = leftOutByName(info.name, key);
  if (left !== undefined) return notSupported(info.name, left);
  const names = info.fields.map((field) => field.name);
  const near = nearestName(key, names);
  if (near !== undefined) return `${shortName} has no field ${key}; did you mean ${near}?`;
  return names.length === 0
    ? `${shortName} has no field ${key}: it has no fields`
    : `${shortName} has no field ${key}; it has ${listed(names)}`;
}

function unknownType(name: string): string {
  const shortName = name.slice(name.lastIndexOf('.') + 1);
  const names = knownTypeNames();
  const close = nearestNames(name, names, 3);
  const sameEnd = names.filter((each) => each.endsWith(`.${shortName}`) && !close.includes(each));
  const hints = [...close, ...sameEnd].slice(0, 3);
  const hint = hints.length === 0 ? '' : `; close to it: ${hints.join(', ')}`;
  return `${name === '' ? 'an empty type' : name} is not a type that Outrider supports${hint}`;
}

function isNullable(field: FieldInfo): boolean {
  return field.type.kind === 'message' && field.type.name === 'google.protobuf.Value';
}

function setValue(message: Record<string, unknown>, { oneof, property }: FieldInfo, value: unknown): void {
  if (oneof === null) message[property] = value;
  else message[oneof.property] = { $case: property, value };
}

/** An Any of a type that this program does not have. */
function isUnknownAny({ type, label }: FieldInfo, json: unknown): json is Record<'@type', string> {
  if (label !== 'single' || type.kind !== 'message' || type.name !== 'google.protobuf.Any') return false;
  const url = isObject(json) ? json['@type'] : undefined;
  return typeof url === 'string' && codecNamed(typeNameOf(url)) === undefined;
}

function opaqueAny({ '@type': url }: Record<'@type', string>): object {
  return { typeUrl: typeUrlOf(typeNameOf(url)), value: Buffer.alloc(0), _unknownFields: {} };
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
