/**
 * Reads from one client as much as its share of a turn allows (see fair-share.ts), and the rest at the end of the turn,
 * until which nothing more is taken from its socket.
 *
 *   bytes ─► within the share ─► done                   what is left ─► kept ─► end of the turn ─┐
 *               └─ more ──────────────────────────────────┘   ▲                                  │
 *                                                             └── still more ◄── another share ◄─┘
 *
 * A single frame can cost more than the share: what it was over is a debt, which further shares go into before anything is
 * read, as in deficit round robin (Shreedhar and Varghese, 1995).
 */
import type { Http2Stats } from '../http/http2-stats.ts';
import { copyWithHeadroom, HEADROOM_BYTES } from '../net/loop.ts';
import type { Transport } from '../net/transport.ts';
import type { TurnTask } from '../net/turn-end.ts';
import type { Http2Shared } from './shared.ts';

/** The connection of the client. */
export interface FairlyRead {
  /** Nothing more is wanted. */
  readonly closed: boolean;
  /** Units of work that the last `readShare` has made. */
  readonly work: number;
  /** Reads until `units` are made. Returns where it stopped: `end`, unless they were before. */
  readShare(buffer: Buffer, start: number, end: number, units: number): number;
}

/** See the head of this file. */
export class FairReader implements TurnTask {
  readonly #shared: Http2Shared;
  readonly #transport: Transport;
  readonly #stats: Http2Stats;
  readonly #client: FairlyRead;
  #waits = false;
  #rest: Buffer | null = null;
  /** Units that it has had of later shares. */
  #debt = 0;

  constructor(shared: Http2Shared, transport: Transport, stats: Http2Stats, client: FairlyRead) {
    this.#shared = shared;
    this.#transport = transport;
    this.#stats = stats;
    this.#client = client;
  }

  /** HOT. */
  feed(buffer: Buffer, start: number, end: number): void {
    if (this.#waits) {
      // Was decrypted together with what is being read.
      const more = buffer.subarray(start, end);
      const rest = this.#rest;
      this.#rest = rest === null ? copyWithHeadroom(more) : copyWithHeadroom(rest.subarray(HEADROOM_BYTES), more);
      return;
    }
    const client = this.#client;
    const { units } = this.#shared.share;
    const at = client.readShare(buffer, start, end, units);
    // Where the kernel has more, it would follow at once.
    if (client.closed || (at === end && client.work < units / 2)) return;
    this.#debt = Math.max(0, client.work - units);
    this.#wait(at === end ? null : copyWithHeadroom(buffer.subarray(at, end)));
  }

  #wait(rest: Buffer | null): void {
    const { share, loop } = this.#shared;
    this.#rest = rest;
    this.#waits = true;
    share.waiting++;
    this.#stats.readsDeferred++;
    this.#transport.pause();
    loop.turnEnd.add(this);
  }

  onTurnEnd(): void {
    const { share, loop } = this.#shared;
    this.#debt -= share.units;
    if (this.#debt > 0 && !this.#client.closed) {
      loop.turnEnd.add(this);
      return;
    }
    const rest = this.#rest;
    share.waiting--;
    loop.refresh();
    this.#waits = false;
    this.#rest = null;
    if (rest !== null && !this.#client.closed) this.feed(rest, HEADROOM_BYTES, rest.length);
    if (!this.#waits) this.#transport.resume();
  }
}
