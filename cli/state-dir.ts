/**
 * What `outrider` reads from a state directory: where the control plane that works on it answers.
 *
 * `<state>/control-plane.json` is written by the control plane when it serves.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The state directory when none is named, under the working directory. */
export const DEFAULT_STATE_DIR = '.outrider';

/** The control plane's record of itself. */
export interface ControlPlaneRecord {
  /** Where REST answers, such as http://127.0.0.1:15080. */
  readonly http: string;
  /** Where sidecars connect, host and port. */
  readonly grpc: string;
  readonly pid: number;
  /** How it is verified over TLS, by a file of authorities (null: the system's) and a name (null: any); null: plaintext. */
  readonly trust?: {
    readonly authorities: string | null;
    readonly name: { readonly kind: 'dns' | 'ip'; readonly value: string } | null;
  } | null;
}

/** The record in `stateDir`, or undefined when there is none or it cannot be read. It may be of one that has died. */
export function readControlPlaneRecord(stateDir: string): ControlPlaneRecord | undefined {
  try {
    return JSON.parse(readFileSync(path.join(stateDir, 'control-plane.json'), 'utf8')) as ControlPlaneRecord;
  } catch {
    return undefined;
  }
}
