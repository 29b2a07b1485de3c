/**
 * Finds what a message asks for and a program does not do.
 *
 * A program lists, per message, the fields that it honours. The walk reports every field that is set and not listed, and
 * every field that was on the wire but is not in the subset, each with its path: this is what lets a NACK, or a refused
 * start, name the place instead of silently ignoring it. It descends into every Any of a known type. An Any beside
 * `is_optional: true` may hold what is not honoured at all: whoever wrote it can do without.
 */
import type { MessageTypes } from '../gen/registry.ts';
import { type Issue, issueAt, type Path } from './issue.ts';
import { leftOutByNumber, notSupported } from './left-out.ts';
import { type AnyMessage, codecNamed, typeNameOf } from './registry.ts';
import { type FieldInfo, type FieldType, messageNamed } from './schema.ts';
import { type MessageObject, setFields, unknownFieldNumbers } from './set-fields.ts';
import { hasOwnJsonForm } from './well-known.ts';

/**
 * What is honoured: message name to field names. An entry may allow some values only, as `field=VALUE` or
 * `field=VALUE|VALUE` (enums by name, booleans as true or false, other values as JSON). `*` honours every field.
 * A message that is not listed is honoured nowhere.
 */
export interface HonouredTable {
  readonly messages: Readonly<Record<string, readonly string[]>>;
  /** What to use instead, by `MessageName.field` or `MessageName`: the end of a sentence. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Fields, by `MessageName.field`, where an Any without a type has a meaning of its own. */
  readonly emptyAnys?: readonly string[];
}

/** Every field that is set but not honoured; `at` is put in front of every path. */
export function findUnhonoured<N extends keyof MessageTypes>(
  messageName: N,
  message: MessageTypes[N],
  honoured: HonouredTable,
  at: Path = [],
): Issue[] {
  const walk = new Walk(honoured);
  walk.message(messageName, message as MessageObject, at);
  return walk.issues;
}

class Walk {
  readonly issues: Issue[] = [];
  readonly #honoured: HonouredTable;

  constructor(honoured: HonouredTable) {
    this.#honoured = honoured;
  }

  message(name: string, message: MessageObject, path: Path): void {
    const listed = this.#honoured.messages[name];
    if (listed === undefined) {
      this.#report(path, `${shortNameOf(name)} is not supported by Outrider`, name);
      return;
    }
    for (const number of unknownFieldNumbers(message)) this.#unknown(name, number, path);
    for (const { field, value } of setFields(messageNamed(name), message)) {
      const place = [...path, field.name];
      const refusal = refusalOf(field, value, listed);
      if (refusal !== undefined) this.#report(place, refusal, `${name}.${field.name}`);
      else if (!this.#mayBeLeft(name, field, value, message)) this.#descend(field, value, place);
    }
  }

  #unknown(name: string, number: number, path: Path): void {
    const field = leftOutByNumber(name, number);
    if (field === undefined) this.#report(path, `field number ${number} of ${shortNameOf(name)} is unknown`, name);
    else this.#report([...path, field.name], notSupported(name, field), `${name}.${field.name}`);
  }

  /** An Any that is empty where it may be, or optional and of a type that is not honoured. */
  #mayBeLeft(name: string, field: FieldInfo, value: unknown, message: MessageObject): boolean {
    if (field.label !== 'single' || field.type.kind !== 'message' || field.type.name !== 'google.protobuf.Any')
      return false;
    const { typeUrl } = value as AnyMessage;
    if (typeUrl === '') return this.#honoured.emptyAnys?.includes(`${name}.${field.name}`) === true;
    return message.isOptional === true && this.#honoured.messages[typeNameOf(typeUrl)] === undefined;
  }

  #descend(field: FieldInfo, value: unknown, path: Path): void {
    if (field.type.kind !== 'message') return;
    const { name } = field.type;
    if (field.label === 'repeated')
      for (const [i, each] of (value as unknown[]).entries()) this.#nested(name, each, [...path, i]);
    else if (field.label === 'map')
      for (const [key, each] of Object.entries(value as object)) this.#nested(name, each, [...path, key]);
    else this.#nested(name, value, path);
  }

  #nested(name: string, value: unknown, path: Path): void {
    if (hasOwnJsonForm(name) || value === undefined) return;
    if (name === 'google.protobuf.Any') this.#any(value as AnyMessage, path);
    else this.message(name, value as MessageObject, path);
  }

  #any(any: AnyMessage, path: Path): void {
    const type = typeNameOf(any.typeUrl);
    if (hasOwnJsonForm(type)) return;
    const codec = codecNamed(type);
    if (codec === undefined) {
      this.#report(path, `${type || 'an Any without a type'} is not supported by Outrider`, type);
      return;
    }
    try {
      this.message(type, codec.decode(any.value) as MessageObject, path);
    } catch (error) {
      this.#report(path, `the bytes of this ${type} cannot be decoded: ${(error as Error).message}`, type);
    }
  }

  #report(path: Path, message: string, key: string): void {
    const instead = this.#honoured.instead?.[key];
    this.issues.push(issueAt(path, instead === undefined ? message : `${message}; ${instead}`));
  }
}

/** Why this field with this value is not honoured, or undefined when it is. */
function refusalOf(field: FieldInfo, value: unknown, listed: readonly string[]): string | undefined {
  if (listed.includes(field.name) || listed.includes('*')) return undefined;
  const limited = listed.find((entry) => entry.startsWith(`${field.name}=`));
  if (limited === undefined) return `${field.name} is not supported by Outrider`;
  const allowed = limited.slice(field.name.length + 1).split('|');
  const text = valueText(field.type, value);
  return allowed.includes(text)
    ? undefined
    : `${field.name} ${text} is not supported by Outrider, only ${allowed.join(', ')}`;
}

function valueText(type: FieldType, value: unknown): string {
  if (type.kind === 'enum') for (const [name, number] of type.values) if (number === value) return name;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function shortNameOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
