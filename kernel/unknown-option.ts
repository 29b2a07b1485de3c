/** What `parseArgs` of node:util has against a command line, as one sentence. */

/**
 * `error` is what it has thrown; of an option that there is not, `nearest` finds the one that was meant, both without
 * hyphens in front.
 */
export function optionProblem(error: unknown, nearest: (name: string) => string | undefined): string {
  const message = error instanceof Error ? error.message : String(error);
  const name = /Unknown option '(-[^']*)'/.exec(message)?.[1];
  if (name === undefined) return message.split('. ')[0]!;
  const close = nearest(name.replace(/^-+/, ''));
  return `unknown option ${name}${close === undefined ? '' : `, did you mean --${close}?`}`;
}
