/** What every decoder is given: where problems go, and the few things of the outside world that a configuration names. */
import { type Issue, issueAt, type Path } from '../../../protos/json/issue.ts';

/** A file's or variable's text, or why there is none. */
export type TextResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** What decoders need from outside; all of it is injected, so that decoding stays pure. */
export interface DecodeSources {
  /** Reads a file that a DataSource names. */
  readonly readFile: (path: string) => TextResult;
  /** Reads an environment variable that a DataSource names. */
  readonly readVariable: (name: string) => TextResult;
  /** Milliseconds since 1970, for what says when it ends. */
  readonly wallMs: () => number;
  /** Names of the `%COMMAND%`s that the proxy evaluates. */
  readonly formatCommands: ReadonlySet<string>;
  /** Clusters that exist, for route tables that validate theirs; null when that cannot be known yet. */
  readonly knownClusters: ReadonlySet<string> | null;
  /** Clusters of the bootstrap, which a source of secrets may be behind; null when nobody knows. */
  readonly staticClusters: ReadonlySet<string> | null;
  /** Names of static_resources.secrets, likewise. */
  readonly staticSecrets: ReadonlySet<string> | null;
}

/** What of it is the machine's. */
export type MachineSources = Omit<DecodeSources, 'knownClusters' | 'staticClusters' | 'staticSecrets'>;

/** Nothing but the machine is known: for what stands alone. */
export function sourcesAlone(machine: MachineSources): DecodeSources {
  return { ...machine, knownClusters: null, staticClusters: null, staticSecrets: null };
}

/** One decoding: collects problems while decoders go on, so that all of them are reported together. */
export class Decoding {
  readonly issues: Issue[] = [];
  readonly sources: DecodeSources;

  constructor(sources: DecodeSources) {
    this.sources = sources;
  }

  /** Notes a problem at a place. */
  report(path: Path, message: string): void {
    this.issues.push(issueAt(path, message));
  }
}

/** A decoded value, or all that is wrong with its message. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly Issue[] };
