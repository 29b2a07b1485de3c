/**
 * Renders the tables beside the generated code: the schema of the subset, the real fields that it leaves out, the
 * constraints of those that it keeps, and the registry of messages that can stand in an Any.
 */
import type protobuf from 'protobufjs';
import { isPlainJson, wrappedScalar } from '../json/well-known.ts';
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

/** gen/schema.ts: every message and enum of the subset as text, read a message at a time; see table-types.ts. */
export function renderSchema(declarations: Declarations): string {
  const lines = [HEADER, "import type { EnumRow, MessageRows } from '../json/table-types.ts';\n"];
  lines.push('/** Fields of every message. */');
  lines.push('export const MESSAGE_ROWS: Readonly<Record<string, MessageRows>> = {');
  for (const message of sortedMessages(declarations)) {
    const fields = message.descriptor.field ?? [];
    const rows = fields.map((field) => `\n${fieldRow(field, message, declarations)}`);
    lines.push(`  '${message.fullName}': \`${rows.join('')}\`,`);
  }
  lines.push('};\n', '/** Values of every enum. */');
  lines.push('export const ENUM_ROWS: Readonly<Record<string, EnumRow>> = {');
  for (const each of [...declarations.enums.values()].sort((a, b) => (a.fullName < b.fullName ? -1 : 1))) {
    const values = each.descriptor.value.map((value) => `${value.name}=${value.number ?? 0}`);
    lines.push(`  '${each.fullName}': '${values.join(' ')}',`);
  }
  lines.push('};', '');
  return lines.join('\n');
}

function fieldRow(field: FieldDescriptor, message: NamedMessage, declarations: Declarations): string {
  const entry = mapEntryOf(field, declarations);
  const cells: (string | number)[] = [field.number, field.name, typeCell(entry ?? field)];
  if (entry !== undefined) cells.push('map');
  else if (field.label === 'LABEL_REPEATED') cells.push('repeated');
  if (field.oneofIndex !== undefined) cells.push(`oneof:${message.descriptor.oneofDecl![field.oneofIndex]!.name}`);
  return cells.join(' ');
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

/** gen/registry.ts: a type map for TypeScript and the names of all messages that can stand in an Any. */
export function renderRegistry(declarations: Declarations): string {
  // What is declared beside services travels on streams, never in an Any.
  const messages = sortedMessages(declarations).filter(
    (message) => message.topLevel && (message.file.service ?? []).length === 0,
  );
  const byFile = Map.groupBy(messages, (message) => message.file.name);
  const imports: string[] = [];
  const types: string[] = [];
  const names: string[] = [];
  for (const [file, members] of [...byFile].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const alias = file.replace(/\.proto$/, '').replaceAll('/', '_');
    imports.push(`import type * as ${alias} from './${file.replace(/\.proto$/, '.ts')}';`);
    for (const { fullName, descriptor } of members) {
      types.push(`  '${fullName}': ${alias}.${descriptor.name};`);
      names.push(`  '${fullName}',`);
    }
  }
  return [
    HEADER,
    ...imports,
    '\n/** TypeScript type of every top-level message by its full name. */',
    'export interface MessageTypes {',
    ...types,
    '}\n',
    '/** Full names of all top-level messages. */',
    'export const TYPE_NAMES: readonly (keyof MessageTypes)[] = [',
    ...names,
    '];',
    '',
  ].join('\n');
}

/**
 * The codec constants of one generated file, to be put behind its types: `Cluster.encode(message)`. Empty for map entries
 * and for messages that are bare values in TypeScript.
 */
export function renderCodecs(file: string, declarations: Declarations): string {
  const messages = [...declarations.messages.values()].filter(
    (message) =>
      message.file.name === file &&
      message.descriptor.options?.mapEntry !== true &&
      wrappedScalar(message.fullName) === undefined &&
      !isPlainJson(message.fullName),
  );
  if (messages.length === 0) return '';
  const up = '../'.repeat(file.split('/').length);
  const consts = messages.map(({ fullName, file }) => {
    const name = fullName.slice(file.package.length + 1).replaceAll('.', '_');
    return `export const ${name}: MessageCodec<${name}> = /* @__PURE__ */ codecOf("${fullName}");`;
  });
  return [
    `import type { MessageCodec } from "${up}json/table-types.ts";`,
    `import { codecOf } from "${up}wire/message-codec.ts";\n`,
    ...consts,
    '',
  ].join('\n');
}
