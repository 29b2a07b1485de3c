/**
 * One bound listener: accepts connections, finds the filter chain of each, and hands it to what the chain does.
 *
 *   accepted ─► [inspection of the first bytes] ─► filter chain ─► [TLS] ─► the chain's service
 *
 *   opening ─► active ─► draining (no new connections; open ones close behind their answer) ─► closed
 */
import type { Socket } from 'node:net';
import { NOWHERE, Roster, type Rostered } from '../../kernel/roster.ts';
import type { SocketAddress } from '../config/model/common.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import { adopt, type ListeningSocket, listen, listenInherited, startReading } from '../net/accept.ts';
import { bindProblem } from '../net/bind-problem.ts';
import { addressesOf, type ConnectionInfo } from '../net/connection-info.ts';
import type { HandedSocket, InheritedSockets } from '../net/inherited-sockets.ts';
import type { Loop } from '../net/loop.ts';
import type { FirstWord, ServedConnection } from '../net/service.ts';
import { type Transport, UNHANDLED } from '../net/transport.ts';
import { ChainMatcher } from './chain-matcher.ts';
import { Departure } from './departure.ts';
import { type Inspected, Inspection, type InspectionFailure, type InspectionOwner } from './inspection.ts';
import type { ListenerStats } from './listener-stats.ts';
import type { Redirects } from './redirects.ts';
import { allChains, type RunningChain, type RunningChains } from './running-chain.ts';
import { Served, type ServedOwner } from './served.ts';
import { ServerFirst } from './server-first.ts';
import type { Transparency } from './transparency.ts';

const DRAIN_TIMEOUT_MS = 5_000;
const NOTHING = Buffer.alloc(0);

/** What a connection of which nothing was read looks like. */
const UNSEEN: Inspected = {
  client: null,
  serverName: '',
  transportProtocol: 'raw_buffer',
  applicationProtocols: [],
  bytes: NOTHING,
  ended: false,
  silent: false,
};

/** A socket on which TLS is being set up. */
interface Handshake extends Rostered {
  readonly socket: Socket;
}

/** How many connections a listener may have; asked at every one, since it can change at run time. */
export type ConnectionLimit = () => number;

export class Listener implements ServedOwner, InspectionOwner {
  readonly stats: ListenerStats;
  config: ListenerConfig;
  readonly #loop: Loop;
  readonly #limit: ConnectionLimit;
  readonly #redirects: Redirects;
  readonly #transparency: Transparency;
  #running: RunningChains;
  #matcher: ChainMatcher<RunningChain>;
  readonly #connections = new Roster<Served>();
  readonly #inspections = new Roster<Inspection>();
  readonly #securing = new Roster<Handshake>();
  readonly #serverFirst = new ServerFirst();
  #socket: ListeningSocket | null = null;
  readonly #departure: Departure;
  #draining = false;
  #onEmpty: (() => void)[] = [];

  constructor(
    config: ListenerConfig,
    running: RunningChains,
    stats: ListenerStats,
    loop: Loop,
    redirects: Redirects,
    transparency: Transparency,
    limit: ConnectionLimit = () => Infinity,
  ) {
    this.config = config;
    this.stats = stats;
    this.#loop = loop;
    this.#redirects = redirects;
    this.#transparency = transparency;
    this.#limit = limit;
    this.#running = running;
    this.#matcher = matcherOf(running);
    this.#departure = new Departure(loop, () => this.#served());
  }

  /** The bound address; the port is real even when 0 was configured. Null before `open` and after `close`. */
  get address(): { readonly host: string; readonly port: number } | null {
    return this.#socket?.address ?? null;
  }

  get chains(): RunningChains {
    return this.#running;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** How long clients get to leave, in milliseconds: the longest of its connection managers. */
  get drainTimeoutMs(): number {
    const times = allChains(this.#running).map(({ manager }) => manager?.config.drainTimeoutMs ?? DRAIN_TIMEOUT_MS);
    return Math.max(...times);
  }

  /** What a successor inherits; null when it is not bound. */
  get handed(): HandedSocket | null {
    const { address, fd } = this.#socket ?? {};
    if (address === undefined || fd === undefined) return null;
    return { purpose: purposeOf(this.config), ...this.config.address, boundPort: address.port, fd };
  }

  /** Binds, or takes the socket that was inherited. Rejects with a message that names listener, address and cause. */
  async open(inherited: InheritedSockets | null = null): Promise<void> {
    await this.#bind(inherited);
    try {
      this.#transparency.apply(this.config, this.#socket!.fd);
    } catch (error) {
      this.stopAccepting();
      throw error;
    }
  }

  async #bind(inherited: InheritedSockets | null): Promise<void> {
    const { host, port } = this.config.address;
    const { tcpBacklog, name, reusePort, ipv4Compat } = this.config;
    const taken = inherited?.take(purposeOf(this.config), host, port);
    if (taken !== undefined) {
      const broken = (error: Error) => {
        throw new Error(`listener ${name}: the inherited socket of ${host}:${port}: ${error.message}`);
      };
      const accept = (socket: Socket) => this.#accept(socket);
      this.#socket = listenInherited(taken, tcpBacklog, inherited!.begun, accept, broken);
      return;
    }
    try {
      this.#socket = await listen({ host, port, backlog: tcpBacklog, reusePort, ipv6Only: !ipv4Compat }, (socket) =>
        this.#accept(socket),
      );
    } catch (error) {
      throw new Error(`listener ${name}: cannot bind ${host}:${port}: ${bindProblem(error, port)}`);
    }
  }

  /** Takes another configuration of the same address. Connections of chains that are gone or changed are asked to leave. Throws. */
  update(config: ListenerConfig, running: RunningChains): void {
    this.#transparency.apply(config, this.#socket?.fd, this.config.transparent);
    this.config = config;
    this.#running = running;
    this.#matcher = matcherOf(running);
    const kept = new Set(allChains(running));
    for (const { connection, chain } of this.#connections.values()) if (!kept.has(chain)) connection?.retire();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the socket to the service

  #accept(socket: Socket): void {
    this.#loop.refresh();
    this.stats.cxTotal++;
    if (this.#size() >= this.#limit()) {
      this.stats.cxOverflow++;
      socket.destroy();
      return;
    }
    const destination = this.config.filters.originalDestination
      ? this.#redirects.of(socket, this.config.transparent ? (this.address?.port ?? null) : null)
      : 'direct';
    if (destination === 'own') {
      this.stats.redirectLoop++;
      socket.destroy();
      return;
    }
    this.stats.cxActive++;
    this.#look(socket, destination === 'direct' ? null : destination);
  }

  /** `restored` is where a redirected client was going. */
  #look(socket: Socket, restored: SocketAddress | null): void {
    const { tlsInspector, httpInspector, proxyProtocol } = this.config.filters;
    const wanted = proxyProtocol !== null || ((tlsInspector || httpInspector) && this.#matcher.only === null);
    if (!wanted) {
      this.#choose(socket, null, restored, UNSEEN, null);
      return;
    }
    const destination = destinationKey(socket, restored);
    if (proxyProtocol === null && this.#serverFirst.knows(destination)) {
      this.#choose(socket, null, restored, UNSEEN, (first) => this.#serverFirst.learn(destination, first));
      return;
    }
    const transport = adopt(this.#loop, socket);
    const inspection = new Inspection(this.#loop, transport, this.config.filters, restored, this);
    this.#inspections.add(inspection);
    this.stats.preCxActive++;
    transport.handler = inspection;
    startReading(transport);
  }

  onInspected(inspection: Inspection, seen: Inspected, restored: SocketAddress | null): void {
    this.#inspected(inspection);
    const { transport } = inspection;
    const destination = destinationKey(transport.socket, restored);
    const learn: FirstWord | null = seen.silent ? (first) => this.#serverFirst.learn(destination, first) : null;
    this.#choose(transport.socket, transport, restored, seen, learn);
  }

  onUninspected(inspection: Inspection, failure: InspectionFailure): void {
    this.#inspected(inspection);
    if (failure === 'timeout') this.stats.preCxTimeout++;
    else if (failure === 'proxy-header') this.stats.proxyProtocolError++;
    this.#left();
  }

  #inspected(inspection: Inspection): void {
    if (this.#inspections.delete(inspection)) this.stats.preCxActive--;
  }

  /** `adopted` is the transport over the socket when something was read from it already. */
  #choose(
    socket: Socket,
    adopted: Transport | null,
    restored: SocketAddress | null,
    seen: Inspected,
    firstWord: FirstWord | null,
  ): void {
    const direct = addressesOf(socket);
    const { remote, local } = seen.client ?? { ...direct, local: restored ?? direct.local };
    const { transportProtocol, applicationProtocols } = seen;
    const serverName = seen.serverName || null;
    const facts = { remote, local, directRemote: direct.remote, transportProtocol, applicationProtocols };
    const chain = this.#matcher.match({ ...facts, serverName: seen.serverName });
    if (chain === null) {
      this.stats.noFilterChainMatch++;
      socket.destroy();
      this.#left();
      return;
    }
    const { remote: directRemote } = direct;
    const info = {
      id: this.#loop.accepted++,
      remote,
      local,
      restored: restored !== null && seen.client === null,
      directRemote,
      source: this.#transparency.sourceOf(this.config, remote.host),
      serverName,
      tls: null,
    };
    if (chain.tls !== null && seen.ended) {
      // Whoever ends its side in the middle of a handshake cannot finish it.
      socket.destroy();
      this.#left();
    } else if (chain.tls !== null) this.#secure(chain, socket, adopted, seen, info);
    else this.#serve(chain, adopted ?? adopt(this.#loop, socket), info, seen, firstWord);
  }

  #secure(chain: RunningChain, socket: Socket, adopted: Transport | null, seen: Inspected, info: ConnectionInfo): void {
    // TLS reads the socket from here on.
    adopted?.pause();
    const handshake: Handshake = { place: NOWHERE, socket };
    this.#securing.add(handshake);
    chain.tls!.secure(socket, seen.bytes.length > 0 ? seen.bytes : null, (transport) => {
      this.#securing.delete(handshake);
      if (transport === null) {
        this.#left();
        return;
      }
      const { tls } = transport;
      this.#track(chain, transport, { ...info, tls, serverName: tls?.serverName ?? info.serverName }, null);
    });
  }

  #serve(
    chain: RunningChain,
    transport: Transport,
    info: ConnectionInfo,
    { bytes, ended }: Inspected,
    firstWord: FirstWord | null,
  ): void {
    this.#track(chain, transport, info, firstWord);
    if (bytes.length > 0) transport.receiveCopy(bytes);
    if (ended) transport.handler.onEnd();
    else startReading(transport);
  }

  #track(chain: RunningChain, transport: Transport, info: ConnectionInfo, firstWord: FirstWord | null): void {
    const served = new Served(chain, this);
    this.#connections.add(served);
    const connection = chain.service.serve(transport, info, served, firstWord);
    served.connection = connection;
    this.#departure.joined(connection);
    if (this.#draining) connection.drain();
  }

  onServed(served: Served): void {
    if (this.#connections.delete(served)) this.#left();
  }

  /** Connections now; those that are just being taken over are not among them yet. */
  #served(): ServedConnection[] {
    return this.#connections.values().flatMap(({ connection }) => connection ?? []);
  }

  #left(): void {
    this.stats.cxActive--;
    this.stats.cxDestroy++;
    if (this.#size() === 0) this.#emptied();
  }

  #emptied(): void {
    for (const tell of this.#onEmpty.splice(0)) tell();
  }

  #size(): number {
    return this.#connections.size + this.#inspections.size + this.#securing.size;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The end

  /**
   * Asks all connections to leave, spread over `spreadMs`: HTTP/1.1 by `connection: close` in the next answer, HTTP/2 by
   * GOAWAY; who is idle is closed after the drain timeout, or `idleMs` where that is later. Goes on accepting.
   */
  askToLeave(spreadMs = 0, idleMs = 0): void {
    this.#departure.start(spreadMs, idleMs);
  }

  /** Connections that were asked to leave. */
  get askedCount(): number {
    return this.#departure.asked;
  }

  /** Resolves when no connection is left; at once when none is there. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      if (this.#size() === 0) this.#emptied();
    });
  }

  /** Stops accepting and lets open connections end. Resolves when none is left. */
  drain(): Promise<void> {
    this.stopAccepting();
    this.#draining = true;
    for (const inspection of this.#inspections.values()) inspection.hurry();
    for (const connection of this.#served()) connection.drain();
    return this.empty();
  }

  /** Ends every connection that is left with what has been sent so far. */
  finish(): void {
    for (const connection of this.#served()) connection.finish();
  }

  stopAccepting(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  /** Ends everything now. */
  destroy(): void {
    this.stopAccepting();
    this.#departure.stop();
    for (const inspection of this.#inspections.values()) {
      inspection.transport.handler = UNHANDLED;
      inspection.destroy();
    }
    for (const { socket } of this.#securing.values()) socket.destroy();
    for (const connection of this.#served()) connection.destroy();
  }
}

function matcherOf({ chains, fallback }: RunningChains): ChainMatcher<RunningChain> {
  return new ChainMatcher(
    chains.map((chain) => ({ match: chain.config.match, value: chain })),
    fallback,
  );
}

function purposeOf({ name }: ListenerConfig): string {
  return `listener ${name}`;
}

function destinationKey(socket: Socket, restored: SocketAddress | null): string {
  const local = restored ?? addressesOf(socket).local;
  return `${local.host} ${local.port}`;
}
