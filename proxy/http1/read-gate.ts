/**
 * Whether bytes of a client may come: not while its exchange wants none, nor while too much of later requests waits. Each
 * has its own say, so that neither undoes what the other asked for.
 */
import type { Transport } from '../net/transport.ts';

export class ReadGate {
  #transport!: Transport;
  #paused = false;
  #flooded = false;

  attach(transport: Transport): void {
    this.#transport = transport;
  }

  /** The exchange wants no bytes now. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#flooded) this.#transport.resume();
  }

  /** Too much waits. True when it did not before. */
  flood(): boolean {
    if (this.#flooded) return false;
    this.#flooded = true;
    this.#transport.pause();
    return true;
  }

  /** No longer too much waits. */
  ebb(): void {
    if (!this.#flooded) return;
    this.#flooded = false;
    if (!this.#paused) this.#transport.resume();
  }

  /** Nothing is wanted any longer: what comes is thrown away. */
  open(): void {
    this.resume();
    this.ebb();
  }
}
