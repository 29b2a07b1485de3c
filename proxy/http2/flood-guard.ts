/** Keeps a peer from making more work than it does itself: see the limits for what counts, and for how much. */
import type { Http2Stats } from '../http/http2-stats.ts';
import type { Loop } from '../net/loop.ts';
import { Allowance } from './allowance.ts';
import type { FrameWriter } from './frames/frame-writer.ts';
import { ERROR } from './frames/frames.ts';
import type { Breach } from './frames/peer-settings.ts';
import { HTTP2_LIMITS, RESETS, RESTLESS } from './limits.ts';

const UNREAD = calm('the answers to control frames are not read');
const FOR_NOTHING = calm('too many frames that carry nothing');
const EMPTY_FRAMES = calm('too many frames without content');
const MALFORMED = calm('too many malformed messages');
const RESET = calm('too many streams were reset');

/** A bomb of a few KB unfolds to 64 MB (RFC 7541 section 7.2): four of those, or two hundred lists of ordinary size. */
const OVERSIZED_BYTES = 1_000_000;

export class FloodGuard {
  readonly #loop: Loop;
  readonly #writer: FrameWriter;
  readonly #stats: Http2Stats;
  readonly #restless: Allowance;
  readonly #resets: Allowance;
  #emptyFrames = 0;

  constructor(loop: Loop, writer: FrameWriter, stats: Http2Stats) {
    this.#loop = loop;
    this.#writer = writer;
    this.#stats = stats;
    this.#restless = new Allowance(RESTLESS, loop.nowMs);
    this.#resets = new Allowance(RESETS, loop.nowMs);
  }

  /** A stretch of data came or went. HOT. */
  usefulData(): void {
    this.#restless.earn();
  }

  /** Data came that is not empty. HOT. */
  content(): void {
    this.#emptyFrames = 0;
    this.#restless.earn();
  }

  /** A request was answered to its end. HOT. */
  usefulStream(): void {
    this.#resets.earn();
    this.#restless.earn();
  }

  /** A frame that carries nothing. */
  frameForNothing(): Breach | null {
    if (this.#writer.flooded) {
      this.#stats.outboundControlFlood++;
      return UNREAD;
    }
    if (this.#restless.take(this.#loop.nowMs)) return null;
    this.#stats.controlFramesFlood++;
    return FOR_NOTHING;
  }

  /** A DATA frame without data that ends nothing. */
  emptyData(): Breach | null {
    if (++this.#emptyFrames <= HTTP2_LIMITS.emptyFrames) return null;
    this.#stats.emptyFramesFlood++;
    return EMPTY_FRAMES;
  }

  /** The peer made us end a stream. */
  provoked(): Breach | null {
    if (this.#resets.take(this.#loop.nowMs)) return null;
    this.#stats.messagingErrorFlood++;
    return MALFORMED;
  }

  /** A header list over the limit, which was decoded to its end all the same: it costs by its size. */
  oversized(listBytes: number): Breach | null {
    if (this.#resets.take(this.#loop.nowMs, 1 + Math.floor(listBytes / OVERSIZED_BYTES))) return null;
    this.#stats.messagingErrorFlood++;
    return MALFORMED;
  }

  /** The peer has ended a stream before it was answered: that may have cost an endpoint work (CVE-2023-44487). */
  reset(): Breach | null {
    if (this.#resets.take(this.#loop.nowMs)) return null;
    this.#stats.resetFlood++;
    return RESET;
  }
}

function calm(reason: string): Breach {
  return { code: ERROR.enhanceYourCalm, reason };
}
