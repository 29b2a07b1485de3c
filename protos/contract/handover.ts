/**
 * What a sidecar and whoever supervises it tell each other over a folder that is theirs alone, where it outlives them both.
 * A sidecar may be replaced by a hot restart at any time, and its supervisor may be away meanwhile.
 */

/** Written by the supervisor: what a successor is started with. */
export const NEXT_FILE = 'next.json';
/** Written by the sidecar, before the one whose place it takes lets go. */
export const SERVING_FILE = 'serving.json';

/** A successor that is being started: its environment has this variable, and nobody else's. */
export const INHERITANCE_VARIABLE = 'OUTRIDER_INHERITANCE';

/** Of NEXT_FILE. */
export interface NextProcess {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** All variables. */
  readonly env: Readonly<Record<string, string>>;
}

/** Of SERVING_FILE: the process that took over last, which may have died since. */
export interface ServingProcess {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: the number may go to another process, both together do not. Empty where there is none. */
  readonly startedAt: string;
  /** Hot restarts before it. */
  readonly epoch: number;
}
