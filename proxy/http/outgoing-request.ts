/**
 * A request as it goes to an endpoint: its head is used up, its edits are applied. What is needed of it later (another
 * attempt, a mirror, logs, error pages) is asked here, whatever protocol carries it.
 */
import type { HeaderName } from './header-name.ts';
import type { HeaderFields } from './message.ts';

export interface OutgoingRequest {
  readonly method: string;
  /** Path and query as they are sent. */
  readonly path: string;
  /** Empty when it has none. */
  readonly authority: string;
  /** Trailer lines behind the body, each ending in CRLF; empty for none. Known when the request is complete. */
  trailers: string;
  /** The value of the first field of a name, or null. */
  first(name: HeaderName): string | null;
  /** All fields, for whoever matches on them. A copy. COLD. */
  fields(): HeaderFields;
  /** Sets a field in place of all others of its name; `name` is in lower case, and `host` sets the authority. COLD. */
  set(name: string, value: string): void;
  /** Adds bytes to the body that is kept for another attempt. They are framed as they go out. */
  keep(buffer: Buffer, start: number, end: number): void;
  /** Makes what is kept of the body outlive the turn in which it was read. */
  detach(): void;
  /** Head and kept body as HTTP/1.1, latin1 text. */
  toHttp1(): string;
  /** A copy that can be changed and sent by itself. COLD. */
  copy(): OutgoingRequest;
}
