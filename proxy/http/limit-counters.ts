/**
 * How often each limit of the HTTP/1.1 codec was hit by one side, see http1/limits.ts: an operator finds here which one
 * refused a message. Plain fields.
 */
export class LimitCounters {
  headersTooLarge = 0;
  tooManyHeaders = 0;
  startLineTooLong = 0;
  methodTooLong = 0;
  tooManyEmptyLines = 0;
  chunkLineTooLong = 0;
  chunkExtensionsTooLarge = 0;
  trailersTooLarge = 0;
  pipelineFull = 0;
  tooManyInterim = 0;
}
