/**
 * One bound listener: accepts connections and hands each to the codec of its filter chain.
 *
 *   opening ─► active ─► draining (no new connections; open ones close behind their answer) ─► closed
 */
import type { Socket } from 'node:net';
import type { ListenerConfig } from '../config/model/listener.ts';
import type { ConnectionManager } from '../http/connection-manager.ts';
import { FIXED_LIMITS, type Http1Limits } from '../http1/limits.ts';
import { MessageHead } from '../http1/message-head.ts';
import { Http1ServerConnection, type ServerConnectionOwner } from '../http1/server-connection.ts';
import { type Acceptor, type ListeningSocket, listen } from '../net/accept.ts';
import type { Loop } from '../net/loop.ts';
import type { Transport, TransportHandler } from '../net/transport.ts';
import { ListenerStats } from './listener-stats.ts';

export class Listener implements Acceptor, ServerConnectionOwner {
  readonly stats = new ListenerStats();
  config: ListenerConfig;
  readonly #loop: Loop;
  #manager: ConnectionManager;
  readonly #head = new MessageHead(FIXED_LIMITS.headerCountMax);
  readonly #connections = new Set<Http1ServerConnection>();
  #accepting: Http1ServerConnection | null = null;
  #socket: ListeningSocket | null = null;
  #onEmpty: (() => void) | null = null;

  constructor(config: ListenerConfig, manager: ConnectionManager, loop: Loop) {
    this.config = config;
    this.#manager = manager;
    this.#loop = loop;
  }

  /** The bound address; the port is real even when 0 was configured. Null before `open` and after `close`. */
  get address(): { readonly host: string; readonly port: number } | null {
    return this.#socket?.address ?? null;
  }

  get manager(): ConnectionManager {
    return this.#manager;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Binds. Rejects with a message that names listener, address and cause. */
  async open(): Promise<void> {
    const { host, port } = this.config.address;
    const { tcpBacklog, name, reusePort } = this.config;
    try {
      this.#socket = await listen(this.#loop, { host, port, backlog: tcpBacklog, reusePort }, this);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new Error(`listener ${name}: cannot bind ${host}:${port}: ${cause}`);
    }
  }

  /** Takes another configuration of the same address. Open connections end behind their next answer, which says so. */
  update(config: ListenerConfig, manager: ConnectionManager): void {
    this.config = config;
    if (manager === this.#manager) return;
    this.#manager = manager;
    for (const connection of this.#connections) connection.retire();
  }

  accept(socket: Socket): TransportHandler {
    this.stats.cxTotal++;
    this.stats.cxActive++;
    const { config } = this.#manager;
    const limits: Http1Limits = {
      headBytes: config.maxRequestHeadersBytes,
      headerCount: Math.min(config.maxHeadersCount, FIXED_LIMITS.headerCountMax),
      startLineBytes: Math.min(16_384, config.maxRequestHeadersBytes),
    };
    const remote = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    this.#accepting = new Http1ServerConnection(this.#loop, this.#manager, limits, this.#head, remote, this);
    return this.#accepting;
  }

  attached(transport: Transport): void {
    const connection = this.#accepting!;
    this.#accepting = null;
    this.#connections.add(connection);
    connection.attach(transport);
  }

  onClosed(connection: Http1ServerConnection): void {
    this.#connections.delete(connection);
    this.stats.cxActive--;
    this.stats.cxDestroy++;
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /** Answers carry `connection: close` from now on; idle connections close after the drain timeout. Goes on accepting. */
  askToLeave(): void {
    for (const connection of this.#connections) connection.retire();
  }

  /** Stops accepting and lets open connections end. Resolves when none is left. */
  drain(): Promise<void> {
    this.stopAccepting();
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size === 0) this.#onEmpty?.();
    return empty;
  }

  stopAccepting(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  /** Ends everything now. */
  destroy(): void {
    this.stopAccepting();
    for (const connection of this.#connections) connection.destroy();
  }
}

/** `::ffff:1.2.3.4` is how a dual-stack socket shows an IPv4 peer; everyone else writes `1.2.3.4`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
