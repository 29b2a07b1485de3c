/** The streams of a connection that have ended last: whether a late frame is an error depends on how its stream ended. */
import { HTTP2_LIMITS } from './limits.ts';

export class RecentStreams {
  /** Those that we have reset are negative. Null before the first one. */
  #ids: Int32Array | null = null;
  #next = 0;

  add(id: number, resetByUs: boolean): void {
    this.#ids ??= new Int32Array(HTTP2_LIMITS.rememberedResets);
    this.#ids[this.#next] = resetByUs ? -id : id;
    this.#next = (this.#next + 1) % HTTP2_LIMITS.rememberedResets;
  }

  /** `unknown` is a stream that ended long ago, or never was. */
  find(id: number): 'reset' | 'ended' | 'unknown' {
    if (this.#ids === null) return 'unknown';
    if (this.#ids.includes(-id)) return 'reset';
    return this.#ids.includes(id) ? 'ended' : 'unknown';
  }
}
