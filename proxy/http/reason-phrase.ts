/** Reason phrases of the status codes in use (RFC 9110 section 15). They mean nothing to clients, only to readers. */
import { STATUS_CODES } from 'node:http';

/** The phrase, or `Unknown` for a code without one. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}
