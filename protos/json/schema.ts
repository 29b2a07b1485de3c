/**
 * The schema of the subset as objects: what the JSON mapping, the constraint check and the walk for unhonoured fields
 * are driven by. Each message is built from its generated rows when it is first asked for.
 */
import { ENUM_ROWS, MESSAGE_ROWS } from '../gen/schema.ts';
import { memoized } from './memo.ts';

/** Protobuf scalar types that occur in the subset. */
export type ScalarType = 'double' | 'float' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'bool' | 'string' | 'bytes';

/** Type of a field's value, or of the values of a map or list. `text` 64-bit integers are decimal strings. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType; readonly text: boolean }
  | { readonly kind: 'enum'; readonly name: string; readonly values: ReadonlyMap<string, number> }
  | { readonly kind: 'message'; readonly name: string };

/** One field of a message. */
export interface FieldInfo {
  readonly number: number;
  /** snake_case, as in the .proto. */
  readonly name: string;
  /** camelCase: the JSON name, and the property of the generated type unless the field is in a oneof. */
  readonly property: string;
  readonly type: FieldType;
  readonly label: 'single' | 'repeated' | 'map';
  /** The oneof that holds it, or null. */
  readonly oneof: OneofInfo | null;
}

/** A oneof: the generated type keeps it under `property` as `{ $case, value }`. */
export interface OneofInfo {
  readonly name: string;
  readonly property: string;
}

/** One message of the subset. */
export interface MessageInfo {
  readonly name: string;
  readonly fields: readonly FieldInfo[];
  /** By snake_case and by camelCase name. */
  readonly byName: ReadonlyMap<string, FieldInfo>;
}

/** The message of this full name. Throws when the subset has none: a mistake of the caller. */
export const messageNamed: (name: string) => MessageInfo = memoized((name) => {
  const rows = Object.hasOwn(MESSAGE_ROWS, name) ? MESSAGE_ROWS[name] : undefined;
  if (rows === undefined) throw new Error(`no message ${name} in protos/; is the name complete?`);
  return messageInfo(name, rows.split('\n').filter(Boolean));
});

const enumNamed = memoized(
  (name): ReadonlyMap<string, number> =>
    new Map(
      ENUM_ROWS[name]!.split(' ').map((cell) => {
        const [value = '', number] = cell.split('=');
        return [value, Number(number)];
      }),
    ),
);

/** `virtual_hosts` becomes `virtualHosts`, as protoc and ts-proto do it. */
export function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, next: string) => next.toUpperCase());
}

/** The value that a singular or list field of a generated message has when nothing was set. */
export function defaultValue(field: FieldInfo): unknown {
  if (field.label === 'repeated') return [];
  if (field.label === 'map') return {};
  const { type } = field;
  if (type.kind === 'message') return undefined;
  if (type.kind === 'enum') return 0;
  if (type.text) return '0';
  if (type.scalar === 'string') return '';
  if (type.scalar === 'bytes') return Buffer.alloc(0);
  return type.scalar === 'bool' ? false : 0;
}

function messageInfo(name: string, rows: readonly string[]): MessageInfo {
  const fields = rows.map(fieldInfo);
  const byName = new Map<string, FieldInfo>();
  for (const field of fields) byName.set(field.name, field).set(field.property, field);
  return { name, fields, byName };
}

function fieldInfo(row: string): FieldInfo {
  const [number, name = '', type = '', ...rest] = row.split(' ');
  const oneof = rest.find((cell) => cell.startsWith('oneof:'))?.slice('oneof:'.length);
  return {
    number: Number(number),
    name,
    property: camelCase(name),
    type: fieldType(type),
    label: rest.includes('repeated') ? 'repeated' : rest.includes('map') ? 'map' : 'single',
    oneof: oneof === undefined ? null : { name: oneof, property: camelCase(oneof) },
  };
}

function fieldType(cell: string): FieldType {
  const [kind = '', detail = ''] = cell.split(':');
  if (kind === 'message') return { kind, name: detail };
  if (kind === 'enum') return { kind, name: detail, values: enumNamed(detail) };
  return { kind: 'scalar', scalar: kind as ScalarType, text: detail === 'text' };
}
