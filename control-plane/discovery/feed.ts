/**
 * Pages that clients poll, and wait for: each has an index, which grows when its contents change, and a hash of them.
 *
 *   request ──► page as the client has it ──► waits ──► change ──► everyone who waits gets the new page, made once
 *           └─► another one: the newest at once                └─► time is over: not modified
 *
 * A slow client may miss pages between two of its requests, and never the newest. Indexes begin at the wall clock, so that
 * those of a control plane before a restart are smaller; a client that comes with one it cannot know gets the page.
 */
import type { Clock } from '../../kernel/clock.ts';
import { ContentHash } from '../../kernel/content-hash.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';

/** The most requests that wait at once. */
export const POLLS_MAX = 10_000;
/** The longest wait. */
export const POLL_WAIT_MS_MAX = 300_000;

/** One page at one moment. */
export interface Page {
  readonly index: number;
  /** Of HTTP, with its quotes. */
  readonly etag: string;
  readonly body: string;
}

/** What the client has already; both undefined: nothing. */
export interface Known {
  readonly index: number | undefined;
  /** If-None-Match as it was sent. */
  readonly etag: string | undefined;
}

/** Counts since the start. */
export class FeedTotals {
  answered = 0;
  unchanged = 0;
  refused = 0;
}

interface Waiter {
  readonly timer: Timer;
  readonly done: (page: Page) => void;
}

interface Entry {
  readonly make: () => string;
  page: Page;
  readonly waiters: Set<Waiter>;
}

/** See the head of this file. */
export class PageFeed {
  readonly totals = new FeedTotals();
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** Only pages that somebody waits for are kept. */
  readonly #entries = new Map<string, Entry>();
  /** Last index of each page that was ever asked for, by what it held. */
  readonly #seen = new Map<string, { readonly index: number; readonly etag: string }>();
  #lastIndex = 0;
  #waiting = 0;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether one more request may wait. */
  get full(): boolean {
    return this.#waiting >= POLLS_MAX;
  }

  /** The page as it is now. `key` names it, `make` gives its contents. */
  page(key: string, make: () => string): Page {
    const body = make();
    const etag = `"${new ContentHash().update(body).digest()}"`;
    const seen = this.#seen.get(key);
    if (seen?.etag === etag) return { index: seen.index, etag, body };
    this.#lastIndex = Math.max(this.#lastIndex + 1, Math.floor(this.#clock.wallMs()));
    this.#seen.set(key, { index: this.#lastIndex, etag });
    return { index: this.#lastIndex, etag, body };
  }

  /** Resolves when the page is another than `page`, or after `timeoutMs` with the same one. `onGone` takes a function that gives up. */
  next(
    key: string,
    page: Page,
    make: () => string,
    timeoutMs: number,
    onGone: (giveUp: () => void) => void,
  ): Promise<Page> {
    const entry = this.#entries.get(key) ?? { make, page, waiters: new Set<Waiter>() };
    this.#entries.set(key, entry);
    const { promise, resolve } = Promise.withResolvers<Page>();
    const finish = (next: Page) => {
      if (!entry.waiters.delete(waiter)) return;
      this.#waiting--;
      waiter.timer.cancel();
      if (entry.waiters.size === 0) this.#entries.delete(key);
      resolve(next);
    };
    const waiter: Waiter = { timer: this.#timers.after(timeoutMs, () => finish(page)), done: finish };
    entry.waiters.add(waiter);
    this.#waiting++;
    onGone(() => finish(page));
    return promise;
  }

  /** Something may have changed: whoever waits for what has is answered. */
  changed(): void {
    for (const [key, entry] of this.#entries) {
      const page = this.page(key, entry.make);
      if (page.etag === entry.page.etag) continue;
      entry.page = page;
      for (const { done } of [...entry.waiters]) done(page);
    }
  }

  /** Nobody waits any more. */
  close(): void {
    for (const { page, waiters } of [...this.#entries.values()]) for (const { done } of [...waiters]) done(page);
  }
}

/** Whether what the client has is this page. An index decides where both are given. */
export function isKnown({ index, etag }: Page, known: Known): boolean {
  if (known.index !== undefined) return known.index === index;
  if (known.etag === undefined) return false;
  const tags = known.etag.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || known.etag.trim() === '*';
}
