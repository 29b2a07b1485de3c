/** The listeners of one loop by name: opened, changed in place and drained as configuration asks. */
import type { ListenerConfig } from '../config/model/listener.ts';
import { Listener } from '../listener/listener.ts';
import type { ListenerStats } from '../listener/listener-stats.ts';
import { Redirects } from '../listener/redirects.ts';
import type { RunningChains } from '../listener/running-chain.ts';
import { Transparency } from '../listener/transparency.ts';
import type { InheritedSockets } from '../net/inherited-sockets.ts';
import type { Loop } from '../net/loop.ts';

export class ListenerSet {
  readonly #loop: Loop;
  readonly #limitOf: (name: string) => number;
  readonly #inherited: InheritedSockets | null;
  readonly #listeners = new Map<string, Listener>();
  /** Removed ones whose connections have not all ended. */
  readonly #draining = new Set<Listener>();
  readonly #redirects = new Redirects(() => this.#ports());
  readonly #transparency = new Transparency();
  added = 0;
  modified = 0;
  removed = 0;
  createFailure = 0;

  /** `limitOf` tells how many connections the listener of a name may have. */
  constructor(loop: Loop, limitOf: (name: string) => number, inherited: InheritedSockets | null = null) {
    this.#loop = loop;
    this.#inherited = inherited;
    this.#limitOf = limitOf;
  }

  all(): readonly Listener[] {
    return [...this.#listeners.values()];
  }

  get drainingCount(): number {
    return this.#draining.size;
  }

  get(name: string): Listener | undefined {
    return this.#listeners.get(name);
  }

  /** Opens the listener, or changes the one of that name. Another address means another socket. Rejects when it cannot bind. */
  async put(config: ListenerConfig, running: RunningChains, stats: ListenerStats): Promise<void> {
    if (config.filters.originalDestination) await this.#redirects.load();
    const existing = this.#listeners.get(config.name);
    if (existing !== undefined && sameAddress(existing.config, config)) {
      await this.#transparency.prepare(config);
      existing.update(config, running);
      this.modified++;
      return;
    }
    const limit = () => this.#limitOf(config.name);
    const listener = new Listener(config, running, stats, this.#loop, this.#redirects, this.#transparency, limit);
    try {
      await this.#transparency.prepare(config);
      await listener.open(this.#inherited);
    } catch (error) {
      this.createFailure++;
      throw error;
    }
    this.#listeners.set(config.name, listener);
    if (existing === undefined) this.added++;
    else this.#drain(existing);
  }

  *#ports(): Iterable<number> {
    for (const { address } of [...this.#listeners.values(), ...this.#draining])
      if (address !== null) yield address.port;
  }

  remove(name: string): void {
    const listener = this.#listeners.get(name);
    if (listener === undefined) return;
    this.#listeners.delete(name);
    this.removed++;
    this.#drain(listener);
  }

  #drain(listener: Listener): void {
    this.#draining.add(listener);
    void listener.drain().then(() => this.#draining.delete(listener));
  }

  /** Stops accepting everywhere; resolves when the last connection has ended. */
  async drainAll(): Promise<void> {
    await Promise.all(this.all().map((listener) => listener.drain()));
  }

  /** Those that are open, and removed ones whose connections have not all ended. */
  everyone(): readonly Listener[] {
    return [...this.#listeners.values(), ...this.#draining];
  }

  destroy(): void {
    for (const listener of [...this.#listeners.values(), ...this.#draining]) listener.destroy();
    this.#listeners.clear();
  }
}

function sameAddress(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.address.host === b.address.host && a.address.port === b.address.port;
}
