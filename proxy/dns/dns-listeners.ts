/** The DNS listeners of a process by name: opened, changed in place and closed as configuration asks. */
import type { InheritedSockets } from '../net/inherited-sockets.ts';
import { DnsListener, type DnsListenerConfig, type DnsListenerDeps } from './dns-listener.ts';

/** See the head of this file. */
export class DnsListeners {
  readonly #deps: DnsListenerDeps;
  readonly #inherited: InheritedSockets | null;
  readonly #listeners = new Map<string, DnsListener>();

  constructor(deps: DnsListenerDeps, inherited: InheritedSockets | null) {
    this.#deps = deps;
    this.#inherited = inherited;
  }

  all(): readonly DnsListener[] {
    return [...this.#listeners.values()];
  }

  /** Opens the listener, or changes the one of that name. Rejects when it cannot bind; the one before goes on. */
  async put(config: DnsListenerConfig): Promise<void> {
    const existing = this.#listeners.get(config.name);
    if (existing !== undefined && sameAddress(existing.config, config)) {
      existing.update(config);
      return;
    }
    const listener = new DnsListener(config, this.#deps);
    await listener.open(this.#inherited);
    existing?.close();
    this.#listeners.set(config.name, listener);
  }

  /** Nothing happens where there is none. */
  remove(name: string): void {
    this.#listeners.get(name)?.close();
    this.#listeners.delete(name);
  }

  /** Ends all of them. */
  close(): void {
    for (const listener of this.all()) listener.close();
    this.#listeners.clear();
  }
}

function sameAddress({ address: a }: DnsListenerConfig, { address: b }: DnsListenerConfig): boolean {
  return a.host === b.host && a.port === b.port;
}
