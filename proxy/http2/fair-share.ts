/**
 * How much work one client may make in one turn of the event loop, so that others wait for a part of a millisecond and not
 * for all that a flood has sent. What is left is read on at the end of the turn, behind everybody else's.
 *
 * Units are rough: a frame is one, a request several, a long header list as many as it has stretches of 64 bytes. The
 * more clients want more than their share, the smaller it is: together they take about `TURN_UNITS`. A client that is
 * within its limit of streams and asks for ordinary things reaches it alone with a hundred requests in one read.
 */

/** About 0.5 ms. */
const TURN_UNITS = 2_048;
/** Below it what is put aside costs more than what is done. */
const UNITS_MIN = 128;
const LIST_BYTES_PER_UNIT = 64;
const BLOCK_BYTES_PER_UNIT = 16;

/** What a frame costs, and what a request costs beside its frame and its header list. */
export const FRAME_UNITS = 1;
export const REQUEST_UNITS = 8;

/**
 * What decoding a header list costs. Beyond the limit nothing is made of it, but each byte of its block may still be a field to
 * be looked up. HOT.
 */
export function listUnits(listBytes: number, listBytesMax: number, blockBytes: number): number {
  return (
    Math.floor(Math.min(listBytes, listBytesMax) / LIST_BYTES_PER_UNIT) + Math.floor(blockBytes / BLOCK_BYTES_PER_UNIT)
  );
}

/** One per event loop. */
export class FairShare {
  /** Clients that are to be read on at the end of the turn. */
  waiting = 0;

  /** Units for one client now. HOT. */
  get units(): number {
    return Math.max(UNITS_MIN, Math.floor(TURN_UNITS / (1 + this.waiting)));
  }
}
