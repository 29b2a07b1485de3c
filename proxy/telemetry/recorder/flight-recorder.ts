/**
 * The flight recorder: the latest exchanges of one event loop, and apart from them the latest that did not go smoothly,
 * so that a flood of good ones does not wash away what people look for. Two rings of records that are made once and
 * written over: recording allocates nothing. HOT.
 */
import type { Exchange } from '../../http/exchange.ts';
import type { ExchangeJournal } from '../../http/journal.ts';
import { FlightRecord } from './flight-record.ts';

/** How many of each are kept. */
export const FLIGHTS_KEPT = 256;

export class FlightRecorder implements ExchangeJournal {
  readonly #recent = new Ring(FLIGHTS_KEPT);
  readonly #troubled = new Ring(FLIGHTS_KEPT);
  #sequence = 0;

  /** An exchange is over. */
  record(exchange: Exchange, nowMs: number): void {
    this.#sequence++;
    const troubled = isTroubled(exchange);
    this.#recent.next().take(exchange, this.#sequence, nowMs, troubled);
    if (troubled) this.#troubled.next().take(exchange, this.#sequence, nowMs, troubled);
  }

  /** What is kept, the latest first; `troubled` ones may be older than the oldest of the others. */
  flights(): readonly FlightRecord[] {
    const bySequence = new Map<number, FlightRecord>();
    for (const each of [...this.#recent.all(), ...this.#troubled.all()]) bySequence.set(each.sequence, each);
    return [...bySequence.values()].sort((a, b) => b.sequence - a.sequence);
  }
}

/** It failed, or something had to be decided. */
function isTroubled({ failure, status, decisions, attempts }: Exchange): boolean {
  return failure !== null || status >= 500 || decisions !== null || attempts > 1;
}

/** Grows to its size with use, so that an idle sidecar stays small. */
class Ring {
  readonly #records: FlightRecord[] = [];
  readonly #size: number;
  #at = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** The record to write over. */
  next(): FlightRecord {
    const at = this.#at;
    this.#at = at + 1 === this.#size ? 0 : at + 1;
    if (at < this.#records.length) return this.#records[at]!;
    const record = new FlightRecord();
    this.#records.push(record);
    return record;
  }

  all(): readonly FlightRecord[] {
    return this.#records;
  }
}
