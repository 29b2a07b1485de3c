/**
 * What a command may fail with: one sentence for the person at the terminal, and an exit code for scripts.
 */

/** Exit codes of `outrider`: 0 it worked, 1 it did not, 2 the command line was wrong and nothing was tried. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** An expected failure: its message is printed as it is, without a stack, and the command exits with `exitCode`. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line does not say something that can be done: exit code 2. */
export class UsageError extends CliError {
  constructor(message: string) {
    super(message, EXIT.usage);
  }
}

/** The command has said all that there is to say, and exits with this code. */
export class SilentExit extends CliError {
  constructor(exitCode: number) {
    super('', exitCode);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
