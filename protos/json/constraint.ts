/**
 * Checks a message against the constraints of the real xDS definitions: required members, bounds, lengths, patterns.
 *
 * Envoy rejects a whole response when one of these is broken, so a proxy that checks them accepts what Envoy accepts.
 * The rules come from the generated table; the walk descends into every Any of a known type.
 */
import { CONSTRAINTS } from '../gen/constraints.ts';
import type { MessageTypes } from '../gen/registry.ts';
import { type Issue, issueAt, type Path } from './issue.ts';
import { shown } from './read-scalar.ts';
import { type AnyMessage, codecNamed, typeNameOf } from './registry.ts';
import { type FieldInfo, messageNamed } from './schema.ts';
import { fieldValue, type MessageObject } from './set-fields.ts';
import type { FieldConstraint } from './table-types.ts';
import { formatDuration, hasOwnJsonForm } from './well-known.ts';

/** All constraints that the message breaks; `at` is put in front of every path. */
export function findBrokenConstraints<N extends keyof MessageTypes>(
  messageName: N,
  message: MessageTypes[N],
  at: Path = [],
): Issue[] {
  const issues: Issue[] = [];
  checkMessage(messageName, message as MessageObject, at, issues);
  return issues;
}

function checkMessage(name: string, message: MessageObject, path: Path, issues: Issue[]): void {
  const info = messageNamed(name);
  const rules = CONSTRAINTS[name] ?? {};
  for (const field of info.fields) {
    const value = fieldValue(field, message);
    const rule = rules[field.name];
    if (rule !== undefined) checkField(field, rule, value, [...path, field.name], issues);
    if (value !== undefined) descend(field, value, [...path, field.name], issues);
  }
  for (const oneof of new Set(info.fields.map((field) => field.oneof?.name ?? ''))) {
    if (rules[`oneof ${oneof}`]?.required !== true) continue;
    const members = info.fields.filter((field) => field.oneof?.name === oneof);
    if (members.some((field) => fieldValue(field, message) !== undefined)) continue;
    if (mayHoldLeftOutMember(message)) continue;
    issues.push(issueAt(path, `one of ${members.map((field) => field.name).join(', ')} is required`));
  }
}

/** A member of the oneof that the subset leaves out may be among the unknown fields: that is reported elsewhere. */
function mayHoldLeftOutMember(message: MessageObject): boolean {
  return Object.keys((message._unknownFields as object | undefined) ?? {}).length > 0;
}

function descend(field: FieldInfo, value: unknown, path: Path, issues: Issue[]): void {
  if (field.type.kind !== 'message') return;
  const { name } = field.type;
  if (field.label === 'repeated')
    (value as unknown[]).forEach((each, i) => {
      checkNested(name, each, [...path, i], issues);
    });
  else if (field.label === 'map')
    for (const [key, each] of Object.entries(value as object)) checkNested(name, each, [...path, key], issues);
  else checkNested(name, value, path, issues);
}

function checkNested(name: string, value: unknown, path: Path, issues: Issue[]): void {
  if (name === 'google.protobuf.Duration' && isDuration(value) && isNegative(value)) {
    issues.push(issueAt(path, `${formatDuration(value)} is negative; no duration in xDS may be`));
  }
  if (hasOwnJsonForm(name) || value === undefined) return;
  if (name === 'google.protobuf.Any') checkAny(value as AnyMessage, path, issues);
  else checkMessage(name, value as MessageObject, path, issues);
}

function isNegative({ seconds, nanos }: { readonly seconds: number; readonly nanos: number }): boolean {
  return seconds < 0 || nanos < 0;
}

function checkAny(any: AnyMessage, path: Path, issues: Issue[]): void {
  const type = typeNameOf(any.typeUrl);
  const codec = codecNamed(type);
  if (codec === undefined || hasOwnJsonForm(type)) return;
  try {
    checkMessage(type, codec.decode(any.value) as MessageObject, path, issues);
  } catch (error) {
    issues.push(issueAt(path, `the bytes of this ${type} cannot be decoded: ${(error as Error).message}`));
  }
}

function checkField(field: FieldInfo, rule: FieldConstraint, value: unknown, path: Path, issues: Issue[]): void {
  const report = (message: string): void => {
    issues.push(issueAt(path, message));
  };
  if (field.label !== 'single') {
    const items = (value ?? []) as unknown[] | Record<string, unknown>;
    const count = Array.isArray(items) ? items.length : Object.keys(items).length;
    const wrong =
      countProblem(rule, count) ??
      (rule.unique === true && hasDuplicate(items) ? 'the entries must differ' : undefined);
    if (wrong !== undefined) report(wrong);
    for (const [key, each] of Object.entries(items)) {
      const problem = rule.items === undefined ? undefined : valueProblem(rule.items, each);
      if (problem !== undefined) issues.push(issueAt([...path, Array.isArray(items) ? Number(key) : key], problem));
      const keyProblem = rule.keys === undefined ? undefined : valueProblem(rule.keys, key);
      if (keyProblem !== undefined) report(`key ${JSON.stringify(key)}: ${keyProblem}`);
    }
    return;
  }
  const present = value ?? absentValue(field);
  if (present === undefined) {
    if (rule.required === true && field.oneof === null) report(`${field.name} is required`);
    return;
  }
  const problem = valueProblem(rule, present);
  if (problem !== undefined) report(problem);
}

/** Scalars outside of oneofs are checked even at their default; everything else only when it is there. */
function absentValue(field: FieldInfo): unknown {
  if (field.oneof !== null || field.type.kind === 'message') return undefined;
  if (field.type.kind === 'enum') return 0;
  if (field.type.scalar === 'string') return '';
  if (field.type.scalar === 'bytes') return Buffer.alloc(0);
  return field.type.scalar === 'bool' ? false : 0;
}

function countProblem(rule: FieldConstraint, count: number): string | undefined {
  if (rule.minItems !== undefined && count < rule.minItems) {
    return rule.minItems === 1
      ? 'at least one entry is required'
      : `at least ${rule.minItems} entries are required, not ${count}`;
  }
  if (rule.maxItems !== undefined && count > rule.maxItems)
    return `at most ${rule.maxItems} entries are allowed, not ${count}`;
  return undefined;
}

function hasDuplicate(items: unknown[] | Record<string, unknown>): boolean {
  const values = Object.values(items);
  return new Set(values).size < values.length;
}

function valueProblem(rule: FieldConstraint, value: unknown): string | undefined {
  if (typeof value === 'string') return stringProblem(rule, value);
  if (typeof value === 'boolean')
    return rule.const !== undefined && value !== rule.const ? `must be ${rule.const}` : undefined;
  if (typeof value === 'number') return numberProblem(rule, value, String(value)) ?? enumProblem(rule, value);
  if (value instanceof Uint8Array) return lengthProblem(rule, value.length, 'bytes');
  if (isDuration(value))
    return numberProblem(rule, value.seconds * 1000 + value.nanos / 1e6, formatDuration(value), 'ms');
  return undefined;
}

function stringProblem(rule: FieldConstraint, value: string): string | undefined {
  if (value === '' && rule.ignoreEmpty === true) return undefined;
  if (value === '' && rule.minLength !== undefined && rule.minLength > 0) return 'must not be empty';
  const length = lengthProblem(rule, value.length, 'characters');
  if (length !== undefined) return length;
  if (rule.maxBytes !== undefined && Buffer.byteLength(value) > rule.maxBytes)
    return `longer than ${rule.maxBytes} bytes`;
  if (rule.in !== undefined && !rule.in.includes(value)) return `${shown(value)} is not one of ${rule.in.join(', ')}`;
  if (rule.pattern !== undefined && !new RegExp(rule.pattern).test(value))
    return `${shown(value)} does not fit ${rule.pattern}`;
  if (rule.header !== undefined && /[\0\r\n]/.test(value))
    return `${shown(value)} holds a character that a header cannot carry`;
  return undefined;
}

function lengthProblem(rule: FieldConstraint, length: number, unit: string): string | undefined {
  if (rule.minLength !== undefined && length < rule.minLength) return `shorter than ${rule.minLength} ${unit}`;
  if (rule.maxLength !== undefined && length > rule.maxLength) return `longer than ${rule.maxLength} ${unit}`;
  return undefined;
}

function numberProblem(rule: FieldConstraint, value: number, text: string, unit = ''): string | undefined {
  if (rule.gt !== undefined && !(value > rule.gt)) return `${text} must be above ${rule.gt}${unit}`;
  if (rule.gte !== undefined && !(value >= rule.gte)) return `${text} must be at least ${rule.gte}${unit}`;
  if (rule.lt !== undefined && !(value < rule.lt)) return `${text} must be below ${rule.lt}${unit}`;
  if (rule.lte !== undefined && !(value <= rule.lte)) return `${text} must be at most ${rule.lte}${unit}`;
  return undefined;
}

function enumProblem(rule: FieldConstraint, value: number): string | undefined {
  const excluded = typeof rule.notIn === 'number' ? [rule.notIn] : (rule.notIn ?? []);
  return excluded.includes(value) ? `the value ${value} is not allowed here` : undefined;
}

function isDuration(value: unknown): value is { seconds: number; nanos: number } {
  return typeof value === 'object' && value !== null && 'seconds' in value && 'nanos' in value;
}
