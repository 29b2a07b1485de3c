/** TLS that is loaded once a configuration asks for it, and not before. */
import { filterChainsOf } from '../config/filter-chains.ts';
import type { Snapshot } from '../config/snapshot.ts';

type TlsModule = typeof import('./tls.ts');

export class LazyTls {
  #module: TlsModule | null = null;

  /** Loads what the snapshot needs. Has to come before anything is made of it. */
  async loadFor({ listeners, clusters }: Snapshot): Promise<void> {
    if (this.#module !== null) return;
    const chains = [...listeners.values()].flatMap(filterChainsOf);
    if (![...chains, ...clusters.values()].some(({ tls }) => tls !== null)) return;
    this.#module = await import('./tls.ts');
  }

  /** Null as long as no configuration has asked for it. */
  get module(): TlsModule | null {
    return this.#module;
  }
}
