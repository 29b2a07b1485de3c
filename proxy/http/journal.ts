/** Whoever remembers exchanges for people: the flight recorder. */
import type { Exchange } from './exchange.ts';

export interface ExchangeJournal {
  /** The exchange is over. HOT. */
  record(exchange: Exchange, nowMs: number): void;
}
