/**
 * A configuration file as text: YAML or JSON, which is YAML too, with the place of everything in it.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { noteRepeatedKeys } from '../../kernel/repeated-keys.ts';
import type { Path, PathSegment } from '../../protos/json/issue.ts';
import { camelCase } from '../../protos/json/schema.ts';

/** A place in a file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A syntax error. */
export interface SyntaxProblem extends Position {
  readonly message: string;
}

/** Most uses of anchors that are followed, against files that grow without bound when they are read. */
const ALIASES_MAX = 1_000;

/** A parsed file. */
export class SourceText {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  /** What the syntax says, in the order of the file; empty when it is well-formed. */
  readonly problems: readonly SyntaxProblem[];

  constructor(text: string) {
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: false,
      uniqueKeys: false,
    });
    noteRepeatedKeys(this.#document as Document, this.#lines);
    this.problems = this.#document.errors.map((error) => ({
      ...this.#positionAt(error.pos[0]),
      message: error.message,
    }));
  }

  /** The contents as plain values. Throws when anchors are used without bound. */
  value(): unknown {
    return this.#document.toJS({ maxAliasCount: ALIASES_MAX });
  }

  /** Where a path leads; as near as possible when its end is not in the file. Names are found in both spellings. */
  locate(path: Path): Position {
    let node = this.#document.contents as Node | null;
    let offset = node?.range?.[0] ?? 0;
    for (const segment of path) {
      const step = this.#step(node, segment);
      if (step === undefined) break;
      offset = step.offset;
      node = step.node;
    }
    return this.#positionAt(offset);
  }

  #step(from: Node | null, segment: PathSegment): { node: Node | null; offset: number } | undefined {
    const node = isAlias(from) ? (from.resolve(this.#document) ?? null) : from;
    if (isSeq(node) && typeof segment === 'number') {
      const item = node.items[segment] as Node | undefined;
      return item?.range == null ? undefined : { node: item, offset: item.range[0] };
    }
    if (!isMap(node)) return undefined;
    const pair = node.items.find(
      ({ key }) => isScalar(key) && (key.value === segment || key.value === camelCase(String(segment))),
    );
    const key = pair?.key as Node | undefined;
    return key?.range == null ? undefined : { node: (pair?.value ?? null) as Node | null, offset: key.range[0] };
  }

  #positionAt(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}
