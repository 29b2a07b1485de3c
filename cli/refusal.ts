/**
 * What the control plane's refusals look like at the terminal.
 */
import type { ApiErrorBody, FileProblem } from './api-types.ts';

/**
 * The text of an error answer: its sentence, then one line per detail that adds to it; undefined when `body` is no error
 * answer. Problems of the text that was sent are shown under `shownAs`, as the person who sent it knows it.
 */
export function refusalText(body: unknown, shownAs?: string): string | undefined {
  const error = (body as { readonly error?: ApiErrorBody } | undefined)?.error;
  if (error === undefined) return undefined;
  const details = error.details ?? [];
  // A single detail may only repeat the sentence, with the place inside the request: the suggestion is what it adds.
  if (details.length === 1 && details[0]!.message === error.message) return error.message + hint(details[0]!);
  const lines = details.map((problem) => problemLine(problem, shownAs));
  return [error.message, ...lines].join('\n');
}

/** One problem as compilers print them: `file:line:column: path: message (did you mean x?)`, without what is unknown. */
function problemLine(problem: FileProblem, shownAs: string | undefined): string {
  const { file, line, column, path = '', message } = problem;
  const place = [file && (shownAs ?? file), line, column].filter((part) => part !== undefined).join(':');
  return [place, path, message + hint(problem)].filter((part) => part !== '').join(': ');
}

function hint({ suggestion }: FileProblem): string {
  return suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
}
