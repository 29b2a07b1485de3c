/**
 * What a command gets from the process around it; a test hands in its own.
 */
import type { Dispatcher } from 'undici';

/** The world of one command. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that runs this command: the launcher or the bundle. Other commands are started with the same one. */
  readonly script: string;
  /** Who runs the command, as the operating system knows them. */
  readonly user: string;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  /** Prints results. */
  readonly out: (text: string) => void;
  /** Whether results go to a terminal, where lines can be drawn again. */
  readonly isTerminal: boolean;
  /** Prints progress and errors. */
  readonly err: (text: string) => void;
  /** All of standard input, as text. */
  readonly readStdin: () => Promise<string>;
  /** How the control plane is reached; undefined: over the network. */
  readonly dispatcher?: Dispatcher;
}
