/**
 * What a control plane is given to begin with, as a text in its environment: for whoever starts it from a file that declares
 * the services as well, such as a Compose file. It is applied at every start as a file of its own: what is not in it any more,
 * and was, goes. What is wrong with it is logged, and what was there before goes on.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import { parsePolicy } from './policy/parse.ts';
import type { Problem } from './policy/problem.ts';
import type { Ledger } from './store/ledger.ts';

/** The variable with the text: what `outrider apply -f` takes. */
export const GIVEN_VARIABLE = 'OUTRIDER_APPLY';

/** What it needs. */
export interface GivenDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly cwd: string;
  readonly readFile: (absolutePath: string) => string | null;
}

/** Applies the text; an empty one says nothing. Resolves with whether all of it holds now. Rejects with CommitError. */
export async function applyGiven(text: string, { clock, logger, ledger, cwd, readFile }: GivenDeps): Promise<boolean> {
  if (text.trim() === '') return true;
  const origin = GIVEN_VARIABLE;
  const { state } = ledger;
  const parsed = parsePolicy({ text, file: origin, dir: cwd, origin, readFile, state, nowMs: clock.wallMs() });
  if (!parsed.ok) {
    logger.error({ problems: parsed.error.map(problemText) }, `${origin} has mistakes, and nothing of it was applied`);
    return false;
  }
  const given = { kind: 'apply', origin, prune: true, resources: parsed.value, force: true } as const;
  const applied = await ledger.submit(given, { author: origin, verified: true, message: 'given at the start' });
  if (applied.ok) {
    const changed = applied.value.changes.filter(({ action }) => action !== 'unchanged').length;
    logger.info({ revision: applied.value.state.revision, changed }, `${origin} is applied`);
    return true;
  }
  const { message, details } = applied.error;
  logger.error({ problems: details }, `${origin} cannot be applied, and nothing of it was: ${message}`);
  return false;
}

function problemText({ line, column, path, message, suggestion }: Problem): string {
  const meant = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  return `line ${line}, column ${column}: ${path}: ${message}${meant}`;
}
