/** Configuration as text, YAML or JSON: its plain value, or what its syntax says. */
import type { Path } from '../../protos/json/issue.ts';
import { parsePlainJson } from './plain-json.ts';
import type { Position, SourceText, SyntaxProblem } from './source-text.ts';

/** The value with a way to find places in the text, or all problems; an empty text is null. */
export type ParsedText =
  | { readonly ok: true; readonly value: unknown; readonly locate: (path: Path) => Promise<Position> }
  | { readonly ok: false; readonly problems: readonly SyntaxProblem[] };

/** Parses a text. */
export async function parseText(text: string): Promise<ParsedText> {
  const locate = async (path: Path) => (await openSource(text)).locate(path);
  const plain = parsePlainJson(text);
  if (plain !== undefined) return { ok: true, value: plain, locate };
  const source = await openSource(text);
  if (source.problems.length > 0) return { ok: false, problems: source.problems };
  try {
    return { ok: true, value: source.value(), locate };
  } catch (error) {
    return { ok: false, problems: [{ ...source.locate([]), message: (error as Error).message }] };
  }
}

/** The text with the places of everything in it. Loads the YAML parser. */
async function openSource(text: string): Promise<SourceText> {
  const { SourceText } = await import('./source-text.ts');
  return new SourceText(text);
}
