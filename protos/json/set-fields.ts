/** Looks into generated message objects by schema: which fields are set, and to what. */
import type { FieldInfo, MessageInfo } from './schema.ts';

/** A generated message, seen without its type. */
export type MessageObject = Readonly<Record<string, unknown>>;

/** One field that is set. */
export interface SetField {
  readonly field: FieldInfo;
  readonly value: unknown;
}

/**
 * The fields of a message that are set, in the order of the schema: messages and members of oneofs that are present,
 * lists and maps that are not empty, scalars that differ from the proto3 default.
 */
export function setFields(info: MessageInfo, message: MessageObject): SetField[] {
  const set: SetField[] = [];
  for (const field of info.fields) {
    const value = fieldValue(field, message);
    if (value !== undefined) set.push({ field, value });
  }
  return set;
}

/** The value of one field, or undefined when it is not set (see setFields). */
export function fieldValue(field: FieldInfo, message: MessageObject): unknown {
  if (field.oneof !== null) {
    const member = message[field.oneof.property] as { $case: string; value: unknown } | undefined;
    return member?.$case === field.property ? member.value : undefined;
  }
  const value = message[field.property];
  if (field.label === 'repeated') return (value as readonly unknown[] | undefined)?.length ? value : undefined;
  if (field.label === 'map') return value !== undefined && Object.keys(value as object).length > 0 ? value : undefined;
  if (field.type.kind === 'message') return value ?? undefined;
  return isDefault(field, value) ? undefined : value;
}

/** Numbers of the fields that the message carries but the subset does not know, each once, ascending. */
export function unknownFieldNumbers(message: MessageObject): number[] {
  const unknown = message._unknownFields as Readonly<Record<string, unknown>> | undefined;
  const numbers = new Set(Object.keys(unknown ?? {}).map((tag) => Number(tag) >>> 3));
  return [...numbers].sort((a, b) => a - b);
}

function isDefault({ type }: FieldInfo, value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  if (type.kind === 'scalar' && type.text) return value === '0';
  return value === undefined || value === '' || value === 0 || value === false;
}
