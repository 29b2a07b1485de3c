/**
 * Header edits of routes, virtual hosts and route tables, compiled in the order in which they apply
 * (envoyproxy.io, "Custom request/response headers"): removals of a level, then its additions.
 */
import type { FormatPart, HeaderAdd, HeaderEdits } from '../config/model/header-edits.ts';
import type { Exchange } from './exchange.ts';
import { Format } from './format.ts';
import { HeaderName } from './header-name.ts';
import type { HeaderFields } from './message.ts';

interface CompiledAdd {
  readonly name: HeaderName;
  readonly text: string;
  readonly format: Format;
  readonly action: HeaderAdd['action'];
  readonly keepEmpty: boolean;
}

/** One direction of a list of levels; null when there is nothing to do. */
export class CompiledEdits {
  readonly #remove: readonly HeaderName[];
  readonly #add: readonly CompiledAdd[];

  constructor(remove: readonly string[], add: readonly HeaderAdd[]) {
    this.#remove = remove.map((name) => new HeaderName(name));
    this.#add = add.map((each) => ({
      name: new HeaderName(each.name),
      text: each.name,
      format: new Format(each.value.map(utf8AsLatin1)),
      action: each.action,
      keepEmpty: each.keepEmptyValue,
    }));
  }

  /** `response` is the answer that is edited, null for a request. */
  apply(fields: HeaderFields, exchange: Exchange, response: HeaderFields | null = null): void {
    for (const name of this.#remove) fields.remove(name);
    for (const add of this.#add) {
      const value = add.format.evaluate(exchange, response) ?? '';
      if (value === '' && !add.keepEmpty) continue;
      const present = fields.first(add.name) !== null;
      if (add.action === 'add-if-absent' && present) continue;
      if (add.action === 'overwrite-if-exists' && !present) continue;
      if (add.action !== 'append') fields.remove(add.name);
      fields.add(add.text, value);
    }
  }
}

/** Levels in the order in which they apply. Null when no level edits anything. */
export function compileEdits(
  levels: readonly HeaderEdits[],
  direction: 'request' | 'response',
): readonly CompiledEdits[] | null {
  const compiled = levels
    .map((each) =>
      direction === 'request'
        ? { remove: each.requestRemove, add: each.requestAdd }
        : { remove: each.responseRemove, add: each.responseAdd },
    )
    .filter(({ remove, add }) => remove.length + add.length > 0)
    .map(({ remove, add }) => new CompiledEdits(remove, add));
  return compiled.length === 0 ? null : compiled;
}

/** Heads are latin1 text, a character for each byte: configured text goes out as its UTF-8 bytes, as in Envoy. */
function utf8AsLatin1(part: FormatPart): FormatPart {
  return part.kind === 'text' ? { ...part, text: Buffer.from(part.text, 'utf8').toString('latin1') } : part;
}
