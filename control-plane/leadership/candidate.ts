/**
 * What a control plane tells the others of itself, in the store.
 */

/** See the head of this file. */
export interface Candidate {
  /** Different from every other control plane's. */
  readonly id: string;
  /** Where its REST API is, a URL. */
  readonly http: string;
  /** Where sidecars connect when it leads, host and port. */
  readonly grpc: string;
}

/** As it stands in the store. */
export function candidateJson({ id, http, grpc }: Candidate): string {
  return JSON.stringify({ id, http, grpc });
}

/** Reads it; null when it was written by something else. */
export function candidateIn(json: string): Candidate | null {
  try {
    const { id, http, grpc } = JSON.parse(json) as Partial<Candidate>;
    return id === undefined || http === undefined || grpc === undefined ? null : { id, http, grpc };
  } catch {
    return null;
  }
}
