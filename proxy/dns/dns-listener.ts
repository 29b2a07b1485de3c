/**
 * A listener for DNS, over UDP and TCP on one address.
 *
 *   question ──► a name of the table, or what a search list made of one ──► answered here
 *            └─► anything else ──► the machine's resolvers, or those that are configured; refused where there are none
 *
 * Its table is replaced in place: no question is lost by a change of names.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Answer } from '../../kernel/dns/answer.ts';
import { Forwarder } from '../../kernel/dns/forwarder.ts';
import { isPrivate } from '../../kernel/dns/private-networks.ts';
import type { Query } from '../../kernel/dns/query.ts';
import { type Asker, DnsServer } from '../../kernel/dns/server.ts';
import type { Upstream } from '../../kernel/dns/upstream.ts';
import type { Random } from '../../kernel/random.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { SocketAddress } from '../config/model/common.ts';
import type { DnsConfig, DnsForwarding } from '../config/model/dns.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import { bindProblem } from '../net/bind-problem.ts';
import type { HandedSocket, InheritedSockets } from '../net/inherited-sockets.ts';
import { answerFrom, type NamedEndpoint } from './dns-answers.ts';
import { DnsFilterStats } from './dns-stats.ts';
import { DnsTable } from './dns-table.ts';
import type { MachineResolver } from './resolv-conf.ts';

/** What it needs. */
export interface DnsListenerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: MachineResolver;
  /** Endpoints of a cluster that take traffic. */
  readonly endpointsOf: (cluster: string) => readonly NamedEndpoint[];
}

/** A listener whose configuration has a filter for DNS. */
export type DnsListenerConfig = ListenerConfig & { readonly dns: DnsConfig };

const REFUSED: Answer = { rcode: 'REFUSED', authoritative: false, answers: [], authorities: [], additionals: [] };
const DNS_PORT = 53;
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** See the head of this file. */
export class DnsListener {
  readonly stats = new DnsFilterStats();
  readonly server: DnsServer;
  readonly #deps: DnsListenerDeps;
  #config: DnsListenerConfig;
  #table: DnsTable;
  #forwarder: Forwarder | null;
  #address: SocketAddress | null = null;
  /** Sockets of another process that are not answered at yet, or were handed to this one. */
  #inherited: readonly HandedSocket[] = [];

  constructor(config: DnsListenerConfig, deps: DnsListenerDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#table = new DnsTable(config.dns);
    this.#forwarder = this.#createForwarder(config.dns.forward);
    this.server = new DnsServer({
      clock: deps.clock,
      timers: deps.timers,
      recursionAvailable: true,
      resolve: (query, asker) => this.#resolve(query, asker),
    });
  }

  get config(): DnsListenerConfig {
    return this.#config;
  }

  /** As bound; null before and after. */
  get address(): SocketAddress | null {
    return this.#address;
  }

  /** Null: it asks nobody. */
  get forwarder(): Forwarder | null {
    return this.#forwarder;
  }

  /** Binds, or takes the sockets that were inherited. Rejects with a message that names listener, address and cause. */
  async open(inherited: InheritedSockets | null = null): Promise<void> {
    const { name, address, reusePort } = this.#config;
    const { host, port } = address;
    const purpose = `listener ${name}`;
    const datagrams = inherited?.take(purpose, host, port, true);
    const connections = inherited?.take(purpose, host, port);
    if (datagrams !== undefined && connections !== undefined) {
      this.#inherited = [datagrams, connections];
      this.#address = { host, port: datagrams.boundPort };
      void inherited!.begun.then(() => this.#adopt(datagrams.fd, connections.fd));
      return;
    }
    try {
      this.#address = { host, port: await this.server.listen(host, port, reusePort) };
    } catch (error) {
      const { cause = error } = error as Error;
      throw new Error(`listener ${name}: DNS cannot bind ${host}:${port}: ${bindProblem(cause, port)}`);
    }
  }

  async #adopt(datagrams: number, connections: number): Promise<void> {
    if (this.#address !== null) await this.server.adopt({ datagrams, connections });
  }

  /** Other names, or others who are asked, from the next question on. */
  update(config: DnsListenerConfig): void {
    const before = this.#config.dns;
    this.#config = config;
    this.#table = new DnsTable(config.dns);
    if (JSON.stringify(before.forward) === JSON.stringify(config.dns.forward)) return;
    this.#forwarder?.close();
    this.#forwarder = this.#createForwarder(config.dns.forward);
  }

  /** What a successor inherits; empty when it is not bound. */
  get handed(): readonly HandedSocket[] {
    const { descriptors } = this.server;
    if (this.#address === null) return [];
    if (descriptors === undefined) return this.#inherited;
    const { host, port } = this.#config.address;
    const common = { purpose: `listener ${this.#config.name}`, host, port, boundPort: this.#address.port };
    return [
      { ...common, datagrams: true, fd: descriptors.datagrams },
      { ...common, fd: descriptors.connections },
    ];
  }

  /** A successor has the sockets: no new connections from here on. */
  stopAccepting(): void {
    this.server.stopAccepting();
  }

  /** Ends it. */
  close(): void {
    this.#address = null;
    this.server.close();
    this.#forwarder?.close();
  }

  #resolve(query: Query, { transport, address }: Asker): Answer | Promise<Buffer | null> {
    const { clock, random, machine, endpointsOf } = this.#deps;
    const { stats } = this;
    stats.asked(query.type);
    const serial = Math.floor(clock.wallMs() / 1000) % 2 ** 32;
    const { search } = machine.current;
    const own = answerFrom(query, { table: this.#table, endpointsOf, search, random, stats, serial });
    if (own !== null) return own;
    if (this.#forwarder === null || !query.recursionDesired || !isPrivate(address)) {
      stats.refused++;
      return REFUSED;
    }
    stats.passedOn(query.type);
    return this.#forwarder.forward(query, transport);
  }

  #createForwarder(forward: DnsForwarding | null): Forwarder | null {
    if (forward === null) return null;
    const { timeoutMs: tryMs, tries, pendingMax } = forward;
    return new Forwarder(() => this.#upstreams(forward), this.#deps.timers, { tryMs, tries, pendingMax });
  }

  /** Without this listener itself: it would ask itself for ever. */
  #upstreams({ resolvers, systemFirst }: DnsForwarding): readonly Upstream[] {
    const system = () => this.#deps.machine.current.nameservers.map((host) => ({ host, port: DNS_PORT }));
    const wanted = resolvers.length === 0 || systemFirst ? system() : resolvers;
    const others = wanted.filter((each) => !this.#isOwn(each));
    return others.length === 0 && systemFirst ? resolvers : others;
  }

  #isOwn({ host, port }: Upstream): boolean {
    if (port !== this.#address?.port) return false;
    const own = this.#address.host;
    return own === host || (WILDCARDS.includes(own) && /^127\.|^::1$/.test(host));
  }
}
