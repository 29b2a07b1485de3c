/**
 * The last load report of each instance: what scaling, metrics and people look at.
 */
import type { LoadReport } from '../../protos/gen/outrider/agent/v1/agent.ts';

/** A report and when it came, in clock time. */
export interface ReceivedLoad {
  readonly atMs: number;
  readonly report: LoadReport;
}

/** See the head of this file. */
export class LoadReports {
  readonly #last = new Map<string, ReceivedLoad>();

  record(instance: string, report: LoadReport, atMs: number): void {
    this.#last.set(instance, { atMs, report });
  }

  get(instance: string): ReceivedLoad | undefined {
    return this.#last.get(instance);
  }

  /** The instance is gone. */
  forget(instance: string): void {
    this.#last.delete(instance);
  }

  entries(): Iterable<[string, ReceivedLoad]> {
    return this.#last.entries();
  }
}
