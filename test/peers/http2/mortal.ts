/** Programs that end with us, however we end: a test that runs out of time is killed and cannot clean up. */
import { existsSync } from 'node:fs';

const SETPRIV = '/usr/bin/setpriv';

/** The command as it is to be started. Where Linux's setpriv is missing, as it was given. */
export function mortal(command: string, args: readonly string[]): [command: string, args: string[]] {
  // setpriv replaces itself by the command, so the process id is the command's own.
  if (existsSync(SETPRIV)) return [SETPRIV, ['--pdeathsig', 'TERM', command, ...args]];
  return [command, [...args]];
}
