/** Listeners for DNS, loaded once a configuration asks for one, and not before. */
import type { ListenerConfig } from '../config/model/listener.ts';
import type { DnsListener, DnsListenerConfig, DnsListenerDeps } from '../dns/dns-listener.ts';
import type { DnsListeners } from '../dns/dns-listeners.ts';
import type { InheritedSockets } from '../net/inherited-sockets.ts';

/** What it needs; `resolvConf` is the text of the machine's resolver configuration, empty when there is none. */
export interface LazyDnsDeps extends Omit<DnsListenerDeps, 'machine'> {
  readonly resolvConf: () => string;
}

/** Whether a listener is one for DNS. */
export function isDnsListener(config: ListenerConfig): config is DnsListenerConfig {
  return config.dns !== null;
}

/** See the head of this file. */
export class LazyDns {
  readonly #deps: LazyDnsDeps;
  readonly #inherited: InheritedSockets | null;
  #listeners: DnsListeners | null = null;

  constructor(deps: LazyDnsDeps, inherited: InheritedSockets | null) {
    this.#deps = deps;
    this.#inherited = inherited;
  }

  /** Opens the listener, or changes the one of that name. Rejects when it cannot bind. */
  async put(config: DnsListenerConfig): Promise<void> {
    this.#listeners ??= await this.#load();
    await this.#listeners.put(config);
  }

  remove(name: string): void {
    this.#listeners?.remove(name);
  }

  all(): readonly DnsListener[] {
    return this.#listeners?.all() ?? [];
  }

  /** Ends all of them. */
  close(): void {
    this.#listeners?.close();
  }

  async #load(): Promise<DnsListeners> {
    const { DnsListeners } = await import('../dns/dns-listeners.ts');
    const { MachineResolver } = await import('../dns/resolv-conf.ts');
    const { resolvConf, clock, ...rest } = this.#deps;
    return new DnsListeners({ ...rest, clock, machine: new MachineResolver(resolvConf, clock) }, this.#inherited);
  }
}
