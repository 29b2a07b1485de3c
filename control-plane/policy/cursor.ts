/**
 * A place in a YAML document, read strictly: whatever does not fit is reported with its line and column, and reading
 * goes on, so that all mistakes come out at once.
 *
 *   cursor.object({ ... })   every field must be known; an unknown one is reported with the nearest name
 *   cursor.string() ...      undefined when it does not fit; the problem has been reported
 *
 * Aliases are followed and merge keys (`<<`) are spread, as Compose files use them.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { nearest } from '../../kernel/edit-distance.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import type { Problem } from './problem.ts';

/** One file's document and where its problems are collected. */
export interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly problems: Problem[];
}

/** Fields that an object may have: `true` if honoured, else the sentence that says why it is not. */
export type KnownFields = Readonly<Record<string, true | string>>;

/** Aliases inside aliases are followed so deep; more is a cycle or an attack. */
const ALIAS_DEPTH_MAX = 20;

/** Limits of a number; both ends belong to it. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** See the head of this file. */
export class Cursor {
  readonly path: string;
  readonly #source: Source;
  readonly #node: Node | null;
  /** Where to point when the node itself is absent: the key. */
  readonly #offset: number;

  constructor(source: Source, node: Node | null, path: string, offset = 0) {
    this.#source = source;
    this.#node = resolve(source.document, node);
    this.path = path;
    this.#offset = this.#node?.range?.[0] ?? offset;
  }

  /** Records a problem at this place. */
  report(message: string, suggestion?: string): undefined {
    const { line, col } = this.#source.lines.linePos(this.#offset);
    const { file, problems } = this.#source;
    problems.push({
      file,
      line,
      column: col,
      path: this.path,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
    return undefined;
  }

  /** What stands here; null for nothing. */
  get node(): Node | null {
    return this.#node;
  }

  /** The line where it stands, from 1. */
  get line(): number {
    return this.#source.lines.linePos(this.#offset).line;
  }

  /** True when nothing, or YAML's null, stands here. */
  get isNull(): boolean {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null);
  }

  get isList(): boolean {
    return isSeq(this.#node);
  }

  get isMap(): boolean {
    return isMap(this.#node);
  }

  get isString(): boolean {
    return isScalar(this.#node) && typeof this.#node.value === 'string';
  }

  /** The place at `path` below this one (`rules[0].name`), or the nearest place above it that exists. */
  find(path: string): Cursor {
    const [, step, rest] = /^([^.[\]]+|\[\d+\])\.?(.*)$/.exec(path) ?? [];
    if (step === undefined) return this;
    const index = /^\[(\d+)\]$/.exec(step);
    const next = index === null ? this.#child(step) : this.isList ? this.list()[Number(index[1])] : undefined;
    return next === undefined ? this : next.find(rest ?? '');
  }

  #child(name: string): Cursor | undefined {
    return this.isMap ? this.entries()?.get(name) : undefined;
  }

  /** The plain value, as JSON. */
  json(): unknown {
    return this.#node === null ? null : this.#node.toJS(this.#source.document);
  }

  /** The fields of an object; unknown ones are reported, and `x-` extensions that nobody asked for are let through. */
  object(known: KnownFields): Map<string, Cursor> {
    const fields = this.entries() ?? new Map<string, Cursor>();
    for (const [name, field] of fields) {
      const knowledge = Object.hasOwn(known, name) ? known[name] : undefined;
      if (knowledge === true) continue;
      fields.delete(name);
      if (typeof knowledge === 'string') field.#reportKey(`"${name}" ${knowledge}`);
      else if (!name.startsWith('x-') || nearest(name, Object.keys(known)) !== undefined) {
        field.#reportKey(`unknown field "${name}"`, nearest(name, Object.keys(known)));
      }
    }
    return fields;
  }

  /** The entries of a map with any keys, in order; undefined and reported when it is no map. */
  entries(): Map<string, Cursor> | undefined {
    if (!isMap(this.#node)) return this.#mismatch('a mapping');
    const entries = new Map<string, Cursor>();
    this.#collect(this.#node, entries, 0);
    return entries;
  }

  /** The items of a list. */
  list(): Cursor[] {
    if (!isSeq(this.#node)) {
      this.#mismatch('a list');
      return [];
    }
    return this.#node.items.map(
      (item, i) => new Cursor(this.#source, item as Node, `${this.path}[${i}]`, this.#offset),
    );
  }

  /** A string; numbers and booleans are taken as they are written, as Compose does for environment values. */
  text(): string | undefined {
    if (!isScalar(this.#node) || this.#node.value === null) return this.#mismatch('a string');
    const { value, source } = this.#node;
    return typeof value === 'string' ? value : (source ?? String(value));
  }

  /** A string, and nothing else. */
  string(): string | undefined {
    return isScalar(this.#node) && typeof this.#node.value === 'string' ? this.#node.value : this.#mismatch('a string');
  }

  /** A whole number in the range; a string of digits is taken too, as Compose does. */
  integer({ min, max }: Range): number | undefined {
    const value = this.#number();
    if (value === undefined) return this.#mismatch('a whole number');
    if (!Number.isInteger(value) || value < min || value > max) {
      return this.report(`${this.#written()} is not allowed: it must be a whole number from ${min} to ${max}`);
    }
    return value;
  }

  /** A number in the range. */
  number({ min, max }: Range): number | undefined {
    const value = this.#number();
    if (value === undefined) return this.#mismatch('a number');
    if (value < min || value > max)
      return this.report(`${this.#written()} is not allowed: it must be ${min} to ${max}`);
    return value;
  }

  boolean(): boolean | undefined {
    return isScalar(this.#node) && typeof this.#node.value === 'boolean'
      ? this.#node.value
      : this.#mismatch('true or false');
  }

  /** One of a few words. */
  oneOf<const T extends string>(words: readonly T[]): T | undefined {
    const value = this.text();
    if (value === undefined) return undefined;
    const found = words.find((word) => word === value);
    return found ?? this.report(`"${value}" is not one of ${words.join(', ')}`, nearest(value, words));
  }

  /** A string that `parse` understands; its null means that it does not, and `expected` says what would be. */
  parsed<T>(parse: (text: string) => T | null, expected: string): T | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    return parse(text) ?? this.report(`"${text}" is not ${expected}`);
  }

  /** A name that fits a DNS label; `what` says of what. */
  label(what: string): string | undefined {
    const text = this.string();
    if (text === undefined) return undefined;
    const problem = labelProblem(what, text);
    return problem === undefined ? text : this.report(problem);
  }

  #number(): number | undefined {
    if (!isScalar(this.#node)) return undefined;
    const { value } = this.#node;
    if (typeof value === 'number') return value;
    return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  }

  #collect(map: YAMLMap, into: Map<string, Cursor>, depth: number): void {
    const merged: YAMLMap[] = [];
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = keyOf(pair.key);
      if (key === '<<') merged.push(...this.#merges(pair.value));
      else into.set(key, this.#field(key, pair));
    }
    if (depth > ALIAS_DEPTH_MAX) this.report(`"<<" is nested more than ${ALIAS_DEPTH_MAX} times`);
    else for (const each of merged) this.#collectMissing(each, into, depth + 1);
  }

  /** What is merged in gives way to what is written here. */
  #collectMissing(map: YAMLMap, into: Map<string, Cursor>, depth: number): void {
    const inherited = new Map<string, Cursor>();
    this.#collect(map, inherited, depth);
    for (const [key, value] of inherited) if (!into.has(key)) into.set(key, value);
  }

  #merges(value: Node | null): YAMLMap[] {
    const target = resolve(this.#source.document, value);
    const targets = isSeq(target) ? target.items.map((item) => resolve(this.#source.document, item as Node)) : [target];
    const maps = targets.filter(isMap);
    if (maps.length !== targets.length) this.report('"<<" must name a mapping, or a list of mappings');
    return maps;
  }

  #field(key: string, pair: Pair<Node, Node | null>): Cursor {
    const path = this.path === '' ? key : `${this.path}.${key}`;
    const keyOffset = pair.key.range?.[0] ?? this.#offset;
    const cursor = new Cursor(this.#source, pair.value, path, keyOffset);
    cursor.#keyOffset = keyOffset;
    return cursor;
  }

  /** Where the key of this field stands, if it is one. */
  #keyOffset: number | undefined;

  #reportKey(message: string, suggestion?: string): void {
    const at = this.#keyOffset ?? this.#offset;
    new Cursor(this.#source, null, this.path, at).report(message, suggestion);
  }

  #mismatch(expected: string): undefined {
    return this.report(`${this.#written()} is not ${expected}`);
  }

  #written(): string {
    if (isMap(this.#node)) return 'a mapping';
    if (isSeq(this.#node)) return 'a list';
    const value = this.json();
    return value === null ? 'nothing' : JSON.stringify(value);
  }
}

/** The merge key comes as a symbol. */
function keyOf(key: Node): string {
  const value: unknown = isScalar(key) ? key.value : key;
  return typeof value === 'symbol' ? (value.description ?? '') : String(value);
}

function resolve(document: Document, node: Node | null | undefined): Node | null {
  let target: Node | null | undefined = node;
  for (let depth = 0; isAlias(target) && depth < ALIAS_DEPTH_MAX; depth++) target = target.resolve(document);
  return target ?? null;
}
