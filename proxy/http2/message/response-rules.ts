/** What makes a list of fields an answer (RFC 9113 sections 8.1.1 and 8.3.2). HOT. */
import { type Field, KIND } from '../hpack/field.ts';
import { isRegular, lengthOf } from './regular-field.ts';

const STATUS = /^[1-5][0-9][0-9]$/;

/** An answer's head as it was read. */
export interface ResponseFacts {
  readonly status: number;
  readonly lines: Field[];
  /** Content-Length, or -1. */
  readonly contentLength: number;
}

/** Reads an answer; null when it is malformed. */
export function readResponse(fields: readonly Field[], count: number): ResponseFacts | null {
  const status = count > 0 ? fields[0]! : null;
  if (status?.kind !== KIND.status || !STATUS.test(status.value)) return null;
  let contentLength = -1;
  for (let i = 1; i < count; i++) {
    const field = fields[i]!;
    if (!isRegular(field)) return null;
    if (field.kind === KIND.contentLength) {
      if (contentLength >= 0) return null;
      contentLength = lengthOf(field);
      if (contentLength < 0) return null;
    }
  }
  // In one piece: a list that grows takes room for more than it will have.
  return { status: Number(status.value), lines: fields.slice(1, count), contentLength };
}
