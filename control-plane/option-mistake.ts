/** What `parseArgs` of node:util has against a command line, with the option that was meant. */
import { nearest } from '../kernel/edit-distance.ts';

/** One sentence, or two; `names` are the options that there are. */
export function optionMistake(cause: unknown, argv: readonly string[], names: readonly string[]): string {
  const given = argv.find((arg) => arg.startsWith('--') && !names.includes(arg.slice(2).split('=')[0]!));
  const near = given === undefined ? undefined : nearest(given.slice(2), names);
  return `${(cause as Error).message}.${near === undefined ? '' : ` Did you mean --${near}?`}`;
}
