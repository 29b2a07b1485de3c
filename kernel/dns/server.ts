/**
 * A DNS server over UDP and TCP on one port (RFC 1035, section 4.2; RFC 7766). What is answered is its owner's; it reads,
 * bounds, encodes and counts.
 *
 *   datagram ──► limit of its source ─┐
 *   connection ──► length, message ───┴─► readQuery ──► resolve ──► answer, cut to what the client takes
 */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type ListenOptions, type Server } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Timers } from '../timers.ts';
import { type Answer, bytesMax, encodeAnswer, encodeRefusal, encodeTruncated, isTruncated } from './answer.ts';
import { type Query, RCODE, type Rcode, readQuery } from './query.ts';
import { SourceLimit } from './source-limit.ts';
import { serveConnection } from './tcp-connection.ts';
import { DnsTotals } from './totals.ts';

/** Who asks, and how. */
export interface Asker {
  readonly transport: 'udp' | 'tcp';
  readonly address: string;
}

/** What the owner does with a question: answers, or has somebody else's message to pass on; null: server failure. */
export type Resolve = (query: Query, asker: Asker) => Answer | Promise<Buffer | null>;

/** What the server needs. */
export interface DnsServerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly resolve: Resolve;
  /** Whether clients may ask for what is not the owner's. */
  readonly recursionAvailable: boolean;
  /** Answers a second to one source over UDP. */
  readonly perSource?: number;
}

const STATE = 'state symbol';

/** File descriptors of both sockets. */
export interface DnsDescriptors {
  readonly datagrams: number;
  readonly connections: number;
}

const FAILURE: Answer = { rcode: 'SERVFAIL', authoritative: false, answers: [], authorities: [], additionals: [] };
const NAMES = Object.keys(RCODE) as readonly Rcode[];
const CONNECTIONS_MAX = 256;
/** Another one may have the port over UDP that is free over TCP. */
const BIND_TRIES = 5;

/** See the head of this file. */
export class DnsServer {
  readonly totals = new DnsTotals();
  readonly #deps: DnsServerDeps;
  readonly #limit: SourceLimit;
  #datagrams: Datagrams | undefined;
  #connections: Server | undefined;
  readonly #closers = new Set<() => void>();

  constructor(deps: DnsServerDeps) {
    this.#deps = deps;
    this.#limit = new SourceLimit(deps.clock, deps.perSource);
  }

  /**
   * Listens; the port that it got. `host` is an IP address. Port 0 chooses one. `reusePort`: others of the same user may
   * have it, too. Rejects when it is taken.
   */
  async listen(host: string, port: number, reusePort = false): Promise<number> {
    for (let left = BIND_TRIES; ; left--) {
      try {
        return await this.#bind(host, port, reusePort);
      } catch (cause) {
        this.close();
        if (port !== 0 || left === 1) throw new Error(`DNS cannot listen: ${(cause as Error).message}`, { cause });
      }
    }
  }

  /** Answers at sockets that another process has bound, and goes on to. */
  async adopt({ datagrams, connections }: DnsDescriptors): Promise<void> {
    await this.#acceptAt({ fd: connections });
    const socket = createSocket('udp4');
    // It is bound, and listens at once; the first datagrams are there already.
    this.#answerAt(socket);
    socket.bind({ fd: datagrams });
  }

  /** Of its sockets, for another process; undefined when it does not listen, or the platform does not tell. */
  get descriptors(): DnsDescriptors | undefined {
    const datagrams = descriptorOfDatagrams(this.#datagrams);
    const connections = descriptorOf(this.#connections);
    return datagrams === undefined || connections === undefined ? undefined : { datagrams, connections };
  }

  /** No new connections; what is open goes on, and datagrams are answered. */
  stopAccepting(): void {
    this.#connections?.close();
    this.#connections = undefined;
  }

  /** Ends it, with the connections. */
  close(): void {
    this.#datagrams?.close();
    this.#datagrams = undefined;
    this.#connections?.close();
    this.#connections = undefined;
    for (const close of this.#closers) close();
  }

  async #bind(host: string, port: number, reusePort: boolean): Promise<number> {
    const bound = await this.#acceptAt({ host, port, reusePort });
    const datagrams = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', reusePort });
    datagrams.bind(bound, host);
    await once(datagrams, 'listening');
    this.#answerAt(datagrams);
    return bound;
  }

  async #acceptAt(options: ListenOptions | { readonly fd: number }): Promise<number> {
    const connections = createServer();
    this.#connections = connections.listen(options);
    await once(connections, 'listening');
    connections.on('connection', (socket) => {
      const { totals } = this;
      if (this.#closers.size >= CONNECTIONS_MAX) {
        totals.refusedConnections++;
        socket.destroy();
        return;
      }
      const asker: Asker = { transport: 'tcp', address: plain(socket.remoteAddress ?? '') };
      const close = serveConnection(socket, this.#deps.timers, {
        answer: (message) => this.#answer(message, asker),
        onBroken: () => totals.refusedConnections++,
        onEnd: () => this.#closers.delete(close),
      });
      this.#closers.add(close);
    });
    connections.on('error', () => {});
    return (connections.address() as AddressInfo).port;
  }

  #answerAt(datagrams: Datagrams): void {
    this.#datagrams = datagrams;
    datagrams.on('error', () => {});
    datagrams.on('message', (message, { address, port }) => this.#datagram(message, plain(address), address, port));
  }

  #datagram(message: Buffer, source: string, address: string, port: number): void {
    const send = (answer: Buffer | undefined) => {
      // Whoever cannot be reached asks again.
      if (answer !== undefined) this.#datagrams?.send(answer, port, address, () => {});
    };
    const admitted = this.#limit.admit(source);
    if (admitted === 'answer') {
      void this.#answer(message, { transport: 'udp', address: source }).then(send);
      return;
    }
    this.totals.limited++;
    const query = admitted === 'truncate' ? readQuery(message) : undefined;
    if (query?.kind === 'query') send(encodeTruncated(query, this.#deps.recursionAvailable));
  }

  /** Undefined: no answer. Never rejects. */
  async #answer(message: Buffer, asker: Asker): Promise<Buffer | undefined> {
    const { totals } = this;
    const query = readQuery(message);
    if (query === undefined) {
      totals.dropped++;
      return undefined;
    }
    totals.queries[asker.transport]++;
    if (query.kind === 'refusal') {
      totals.rcodes[query.rcode]++;
      return encodeRefusal(query);
    }
    const bytes = await this.#resolved(query, asker);
    if (isTruncated(bytes)) totals.truncated++;
    const name = NAMES[bytes.readUInt16BE(2) & 15];
    if (name !== undefined) totals.rcodes[name]++;
    return bytes;
  }

  async #resolved(query: Query, asker: Asker): Promise<Buffer> {
    const { resolve, recursionAvailable } = this.#deps;
    const limit = bytesMax(query, asker.transport);
    const result = resolve(query, asker);
    if (!(result instanceof Promise)) return encodeAnswer(query, result, limit, recursionAvailable);
    const passed = await result;
    if (passed === null) return encodeAnswer(query, FAILURE, limit, recursionAvailable);
    return passed.length <= limit ? passed : encodeTruncated(query, recursionAvailable);
  }
}

/** Neither kind of socket documents its handle. */
function descriptorOf(connections: Server | undefined): number | undefined {
  return fdOf((connections as unknown as { readonly _handle?: Handle | null } | undefined)?._handle);
}

function descriptorOfDatagrams(datagrams: Datagrams | undefined): number | undefined {
  const state = datagrams && Object.getOwnPropertySymbols(datagrams).find((each) => each.description === STATE);
  if (state === undefined) return undefined;
  return fdOf((datagrams as unknown as Readonly<Record<symbol, { readonly handle?: Handle | null }>>)[state]?.handle);
}

function fdOf(handle: Handle | null | undefined): number | undefined {
  return handle?.fd === undefined || handle.fd < 0 ? undefined : handle.fd;
}

interface Handle {
  readonly fd?: number;
}

/** An IPv4 address is one also where a socket of IPv6 says it. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
