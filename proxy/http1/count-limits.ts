/** Counts which limit a message went over, if it was one. COLD. */
import type { LimitCounters } from '../http/limit-counters.ts';
import type { BodyLimit } from './chunked-decoder.ts';
import { ParseError } from './parse-result.ts';

/** A head was refused with that ParseError. */
export function countHeadLimit(counters: LimitCounters, error: number): void {
  switch (error) {
    case ParseError.headTooLarge:
      counters.headersTooLarge++;
      return;
    case ParseError.tooManyHeaders:
      counters.tooManyHeaders++;
      return;
    case ParseError.startLineTooLong:
      counters.startLineTooLong++;
      return;
    case ParseError.methodTooLong:
      counters.methodTooLong++;
      return;
    case ParseError.emptyLines:
      counters.tooManyEmptyLines++;
      return;
  }
}

/** A body was refused; `limit` is null when it broke the grammar. */
export function countBodyLimit(counters: LimitCounters, limit: BodyLimit | null): void {
  switch (limit) {
    case 'chunk-line':
      counters.chunkLineTooLong++;
      return;
    case 'chunk-extensions':
      counters.chunkExtensionsTooLarge++;
      return;
    case 'trailers':
      counters.trailersTooLarge++;
      return;
    case null:
      return;
  }
}
