/**
 * Renders gen/constraints.ts: what the real definitions demand of the fields that we keep (protoc-gen-validate rules),
 * reduced to the handful of kinds that occur.
 */
import type protobuf from 'protobufjs';
import type { Declarations, NamedMessage } from './descriptors.ts';
import { findRealMessage } from './real-definitions.ts';
import { isRealXds, sortedMessages } from './table-output.ts';

/** A rule tree as protobufjs parses it: `{ string: { min_len: 1 } }`. */
type RuleTree = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const HEADER = '// Written by `node protos/generate.ts`. Do not edit.\n';

/** The table: message to field (or `oneof NAME`) to rule. */
export function renderConstraints(declarations: Declarations, real: protobuf.Root): string {
  const lines = [HEADER, "import type { FieldConstraint } from '../json/table-types.ts';\n"];
  lines.push(
    '/** Constraints of the real definitions by message and field; a required oneof stands under `oneof NAME`. */',
  );
  lines.push('export const CONSTRAINTS: Readonly<Record<string, Readonly<Record<string, FieldConstraint>>>> = {');
  for (const message of sortedMessages(declarations)) {
    if (!isRealXds(message.fullName)) continue;
    const cells = constraintsOf(message, real);
    if (cells.length > 0) lines.push(`  '${message.fullName}': {`, ...cells.map((cell) => `    ${cell},`), '  },');
  }
  lines.push('};', '');
  return lines.join('\n');
}

function constraintsOf(message: NamedMessage, real: protobuf.Root): string[] {
  const type = findRealMessage(real, message.fullName);
  if (type === undefined) return [];
  const cells: string[] = [];
  for (const { name } of message.descriptor.field ?? []) {
    const rule = mergedRule(type.fields[name]);
    if (rule !== undefined) cells.push(`${name}: ${JSON.stringify(rule)}`);
  }
  for (const { name } of message.descriptor.oneofDecl ?? []) {
    if (type.oneofs[name]?.options?.['(validate.required)'] === true) cells.push(`'oneof ${name}': {"required":true}`);
  }
  return cells;
}

function mergedRule(field: protobuf.Field | undefined): Record<string, unknown> | undefined {
  const options = (field?.parsedOptions ?? []) as readonly Record<string, unknown>[];
  const rule: Record<string, unknown> = {};
  for (const option of options) {
    const tree = option['(validate.rules)'] as RuleTree | undefined;
    if (tree !== undefined) Object.assign(rule, flatten(tree));
  }
  return Object.keys(rule).length === 0 ? undefined : rule;
}

/** `{ string: { min_len: 1 } }` becomes `{ minLength: 1 }`; durations become milliseconds. */
function flatten(tree: RuleTree): Record<string, unknown> {
  const rule: Record<string, unknown> = {};
  for (const [kind, body] of Object.entries(tree)) {
    for (const [name, value] of Object.entries(body)) {
      const key = `${kind}.${name}`;
      if (key === 'repeated.items') rule.items = flatten(value as RuleTree);
      else if (key === 'map.keys') rule.keys = flatten(value as RuleTree);
      else if (name === 'required') rule.required = value;
      else if (kind === 'duration') rule[name] = milliseconds(value as { seconds?: number; nanos?: number });
      else if (PLAIN_RULES[key] !== undefined) rule[PLAIN_RULES[key]] = value;
      else if (name !== 'strict' && name !== 'ignore_empty' && !NUMERIC.has(kind))
        throw new Error(`unknown rule ${key}`);
      else if (NUMERIC.has(kind)) rule[name] = value;
      else if (name === 'ignore_empty') rule.ignoreEmpty = value;
    }
  }
  return rule;
}

const NUMERIC = new Set(['uint32', 'uint64', 'int32', 'int64', 'double']);

const PLAIN_RULES: Readonly<Record<string, string>> = {
  'string.min_len': 'minLength',
  'string.max_bytes': 'maxBytes',
  'string.max_len': 'maxLength',
  'string.well_known_regex': 'header',
  'string.pattern': 'pattern',
  'string.in': 'in',
  'bytes.min_len': 'minLength',
  'bytes.max_len': 'maxLength',
  'repeated.min_items': 'minItems',
  'repeated.max_items': 'maxItems',
  'repeated.unique': 'unique',
  'map.min_pairs': 'minItems',
  'enum.defined_only': 'definedOnly',
  'enum.not_in': 'notIn',
  'bool.const': 'const',
};

function milliseconds(value: { seconds?: number; nanos?: number }): number {
  return (value.seconds ?? 0) * 1000 + (value.nanos ?? 0) / 1e6;
}
