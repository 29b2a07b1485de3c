/**
 * Renders the tables beside the generated code: the schema of the subset, the real fields that it leaves out, the
 * constraints of those that it keeps, and the registry of messages that can stand in an Any.
 */
import type protobuf from 'protobufjs';
import type { Declarations, FieldDescriptor, NamedMessage } from './descriptors.ts';
import { findRealMessage } from './real-definitions.ts';

const HEADER = '// Written by `node protos/generate.ts`. Do not edit.\n';

/** True for messages of real xDS, false for our own and for google.protobuf. */
export function isRealXds(fullName: string): boolean {
  return /^(envoy|xds|google\.rpc)\./.test(fullName);
}

/** Messages in the order of their names, without map entries. */
export function sortedMessages(declarations: Declarations): NamedMessage[] {
  return [...declarations.messages.values()]
    .filter((message) => message.descriptor.options?.mapEntry !== true)
    .sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
}

/** gen/schema.ts: every message and enum of the subset as rows of plain values. */
export function renderSchema(declarations: Declarations): string {
  const lines = [HEADER, "import type { FieldRow } from '../json/table-types.ts';\n"];
  lines.push('/** Fields of every message: number, name, type, label, oneof. */');
  lines.push('export const MESSAGE_ROWS: Readonly<Record<string, readonly FieldRow[]>> = {');
  for (const message of sortedMessages(declarations)) {
    const fields = message.descriptor.field ?? [];
    const rows = fields.map((field) => `    ${fieldRow(field, message, declarations)},`);
    lines.push(rows.length === 0 ? `  '${message.fullName}': [],` : `  '${message.fullName}': [`, ...rows);
    if (rows.length > 0) lines.push('  ],');
  }
  lines.push('};\n', '/** Values of every enum by name. */');
  lines.push('export const ENUM_VALUES: Readonly<Record<string, Readonly<Record<string, number>>>> = {');
  for (const each of [...declarations.enums.values()].sort((a, b) => (a.fullName < b.fullName ? -1 : 1))) {
    const values = each.descriptor.value.map((value) => `${value.name}: ${value.number ?? 0}`);
    lines.push(`  '${each.fullName}': { ${values.join(', ')} },`);
  }
  lines.push('};', '');
  return lines.join('\n');
}

function fieldRow(field: FieldDescriptor, message: NamedMessage, declarations: Declarations): string {
  const entry = mapEntryOf(field, declarations);
  const label = entry !== undefined ? 'map' : field.label === 'LABEL_REPEATED' ? 'repeated' : '';
  const oneof = field.oneofIndex === undefined ? '' : message.descriptor.oneofDecl![field.oneofIndex]!.name;
  const cells: (string | number)[] = [field.number, field.name, typeCell(entry ?? field), label, oneof];
  while (cells.at(-1) === '') cells.pop();
  return `[${cells.map((cell) => (typeof cell === 'number' ? cell : `'${cell}'`)).join(', ')}]`;
}

/** The value field of the entry message that stands for a map, or undefined when the field is no map. */
function mapEntryOf(field: FieldDescriptor, declarations: Declarations): FieldDescriptor | undefined {
  if (field.type !== 'TYPE_MESSAGE') return undefined;
  const target = declarations.messages.get(field.typeName!.slice(1));
  if (target?.descriptor.options?.mapEntry !== true) return undefined;
  const [key, value] = target.descriptor.field ?? [];
  if (key?.type !== 'TYPE_STRING') throw new Error(`${field.name}: only maps with string keys are supported`);
  return value;
}

function typeCell(field: FieldDescriptor): string {
  const plain = field.type.slice('TYPE_'.length).toLowerCase();
  if (field.typeName !== undefined) return `${plain}:${field.typeName.slice(1)}`;
  return field.options?.jstype === 'JS_STRING' ? `${plain}:text` : plain;
}

/** gen/field-names.ts: the real fields that the subset leaves out, so that errors can name them. */
export function renderFieldNames(declarations: Declarations, real: protobuf.Root): string {
  const lines = [
    HEADER,
    '/** Number to name of the fields of real messages that we do not carry; `!` marks deprecated ones. */',
  ];
  lines.push('export const LEFT_OUT_FIELDS: Readonly<Record<string, Readonly<Record<number, string>>>> = {');
  for (const message of sortedMessages(declarations)) {
    if (!isRealXds(message.fullName)) continue;
    const kept = new Set((message.descriptor.field ?? []).map((field) => field.number));
    const left = (findRealMessage(real, message.fullName)?.fieldsArray ?? []).filter((field) => !kept.has(field.id));
    if (left.length === 0) continue;
    const cells = left
      .sort((a, b) => a.id - b.id)
      .map((field) => `${field.id}: '${field.options?.deprecated === true ? '!' : ''}${field.name}'`);
    lines.push(`  '${message.fullName}': { ${cells.join(', ')} },`);
  }
  lines.push('};', '');
  return lines.join('\n');
}

/** gen/registry.ts: type name to codec for every message that can stand in an Any, and a type map for TypeScript. */
export function renderRegistry(declarations: Declarations): string {
  // Files with services load gRPC, and what they declare travels on streams, never in an Any.
  const messages = sortedMessages(declarations).filter(
    (message) => message.topLevel && (message.file.service ?? []).length === 0,
  );
  const byFile = Map.groupBy(messages, (message) => message.file.name);
  const imports: string[] = [];
  const types: string[] = [];
  const codecs: string[] = [];
  for (const [file, members] of [...byFile].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const alias = file.replace(/\.proto$/, '').replaceAll('/', '_');
    imports.push(`import * as ${alias} from './${file.replace(/\.proto$/, '.ts')}';`);
    for (const { fullName, descriptor } of members) {
      types.push(`  '${fullName}': ${alias}.${descriptor.name};`);
      codecs.push(`  '${fullName}': ${alias}.${descriptor.name},`);
    }
  }
  return [
    HEADER,
    "import type { MessageCodec } from '../json/table-types.ts';",
    ...imports,
    '\n/** TypeScript type of every top-level message by its full name. */',
    'export interface MessageTypes {',
    ...types,
    '}\n',
    '/** Codec of every top-level message by its full name. */',
    'export const CODECS: { readonly [N in keyof MessageTypes]: MessageCodec<MessageTypes[N]> } = {',
    ...codecs,
    '};',
    '',
  ].join('\n');
}
