/**
 * DNS for what has no sidecar: names of the mesh's domain, and everything else from others where that is wanted.
 *
 *   question ──► of the domain ──► zone
 *            └─► of another ─────► forwarded for clients of private networks, else REFUSED
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Answer } from '../../kernel/dns/answer.ts';
import { Forwarder } from '../../kernel/dns/forwarder.ts';
import { isPrivate } from '../../kernel/dns/private-networks.ts';
import type { Query } from '../../kernel/dns/query.ts';
import { type Asker, DnsServer } from '../../kernel/dns/server.ts';
import { hostPortText } from '../../kernel/host-port.ts';
import type { Random } from '../../kernel/random.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { Registry } from '../registry/registry.ts';
import type { State } from '../state/model.ts';
import { protocolsOfServices } from '../state/queries.ts';
import type { DnsSettings } from './settings.ts';
import { answerFrom } from './zone.ts';

/** What it needs. */
export interface MeshDnsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly registry: Pick<Registry, 'view'>;
  readonly state: () => State;
}

const REFUSED: Answer = { rcode: 'REFUSED', authoritative: false, answers: [], authorities: [], additionals: [] };

/** See the head of this file. */
export class MeshDns {
  readonly server: DnsServer;
  /** Null: everything else is refused. */
  readonly forwarder: Forwarder | null;
  readonly #settings: DnsSettings;
  readonly #deps: MeshDnsDeps;
  #address = '';
  #services: { readonly state: State; readonly protocols: ReadonlyMap<string, string> } | undefined;

  constructor(settings: DnsSettings, deps: MeshDnsDeps) {
    const { clock, timers } = deps;
    this.#settings = settings;
    this.#deps = deps;
    this.forwarder = settings.forward.length === 0 ? null : new Forwarder(() => settings.forward, timers);
    const recursionAvailable = this.forwarder !== null;
    this.server = new DnsServer({
      clock,
      timers,
      recursionAvailable,
      resolve: (query, asker) => this.#resolve(query, asker),
    });
  }

  /** Host and port; empty before it listens. */
  get address(): string {
    return this.#address;
  }

  /** Rejects when the address is taken. */
  async listen(): Promise<void> {
    const { host, port } = this.#settings.listen;
    const bound = await this.server.listen(host, port);
    this.#address = hostPortText({ host, port: bound });
  }

  close(): void {
    this.server.close();
    this.forwarder?.close();
  }

  #resolve(query: Query, { transport, address }: Asker): Answer | Promise<Buffer | null> {
    const { registry, clock, random } = this.#deps;
    const serial = Math.floor(clock.wallMs() / 1000) % 2 ** 32;
    const source = { domain: this.#settings.domain, services: this.#protocols(), registry: registry.view(), serial };
    const own = answerFrom(query, source, random);
    if (own !== null) return own;
    if (this.forwarder === null || !query.recursionDesired || !isPrivate(address)) return REFUSED;
    return this.forwarder.forward(query, transport);
  }

  /** Worked out once for each state. */
  #protocols(): ReadonlyMap<string, string> {
    const state = this.#deps.state();
    if (this.#services?.state !== state) this.#services = { state, protocols: protocolsOfServices(state) };
    return this.#services.protocols;
  }
}

/** A server that listens; null where the settings ask for none. */
export async function startDns(settings: DnsSettings | null, deps: MeshDnsDeps): Promise<MeshDns | null> {
  if (settings === null) return null;
  const dns = new MeshDns(settings, deps);
  await dns.listen();
  return dns;
}
