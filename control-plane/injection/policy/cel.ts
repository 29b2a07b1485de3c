/**
 * JSON as an expression of CEL, the language of admission policies. PURE.
 */
import type { Json } from '../../translate/resource.ts';

/** Marks a text that is an expression itself. No text that comes from elsewhere begins like that. */
const MARK = '\u0001';

/** A text that stands for the expression in what `celOf` prints. */
export function expression(cel: string): string {
  return MARK + cel;
}

/** The expression. Members are `dyn`, because Kubernetes wants literals of one type otherwise. */
export function celOf(json: Json): string {
  if (typeof json === 'string') return json.startsWith(MARK) ? json.slice(MARK.length) : celText(json);
  if (json === null || typeof json !== 'object') return String(json);
  if (Array.isArray(json)) return `[${json.map((each: Json) => `dyn(${celOf(each)})`).join(', ')}]`;
  return `{${Object.entries(json)
    .map(([name, value]) => `${celText(name)}: dyn(${celOf(value)})`)
    .join(', ')}}`;
}

/** A literal: escapes of JSON are escapes of CEL. */
export function celText(text: string): string {
  return JSON.stringify(text);
}

/** A list of texts. */
export function celTexts(texts: readonly string[]): string {
  return `[${texts.map(celText).join(', ')}]`;
}
