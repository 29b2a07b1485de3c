/**
 * Checks of the application that others ask for by name: the kubelet, whose own would come through interception, where a
 * connection is accepted whether the application listens or not.
 */
import type { Timers } from '../../kernel/timers.ts';
import { createProbe, type Probe, type ProbedCheck } from './probe.ts';

/** See the head of this file. */
export class NamedProbes {
  readonly #probes: ReadonlyMap<string, Probe>;
  /** Whoever asks for one that is being made gets the same answer: asking often costs the application nothing. */
  readonly #running = new Map<string, Promise<string | null>>();

  constructor(checks: ReadonlyMap<string, ProbedCheck>, timers: Timers) {
    this.#probes = new Map([...checks].map(([name, check]) => [name, createProbe(check, timers)]));
  }

  /** Null when the application is well, else a sentence; never rejects. Undefined: there is none of that name. */
  look(name: string): Promise<string | null> | undefined {
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const result = this.#probes
      .get(name)?.()
      .finally(() => this.#running.delete(name));
    if (result !== undefined) this.#running.set(name, result);
    return result;
  }
}
