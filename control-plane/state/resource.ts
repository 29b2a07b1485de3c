/**
 * What all that users write has in common.
 */

/** What every resource has. */
export interface Resource {
  /** A DNS label: lower-case letters, digits and dashes, at most 63. */
  readonly name: string;
  /** The file that it came from, or empty; a file applied again deletes what it no longer has. */
  readonly origin: string;
  /** The revision that last changed it. */
  readonly revision: number;
  /** When it was first applied, milliseconds since 1970: the older route wins a tie. */
  readonly createdAtMs: number;
  /** As the user wrote it, JSON. For a workload the Compose service, for a route the whole document. */
  readonly manifest: unknown;
}
