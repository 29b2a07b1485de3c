/** Who is connected to whom: what logs, filter chains and forwarded headers know of a client's connection. */
import type { Socket } from 'node:net';
import type { SocketAddress } from '../config/model/common.ts';
import type { ClientSource } from './client-source.ts';
import type { TlsPeer } from './tls/tls-peer.ts';

/** Both ends of a client's connection, as they shall be told to an endpoint. */
export interface ClientAddresses {
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
}

/** One accepted connection. Addresses are those of the socket, or of the PROXY header in front of it. */
export interface ConnectionInfo extends ClientAddresses {
  /** No other connection of this process has it. */
  readonly id: number;
  /** `local` is where the client was going before the kernel redirected it here. */
  readonly restored: boolean;
  /** The socket's own peer. */
  readonly directRemote: SocketAddress;
  /** Connections on its behalf come from there; null: from this machine's address. */
  readonly source: ClientSource | null;
  /** What the client asked for by TLS, whether or not TLS ends here; null when it did not. */
  readonly serverName: string | null;
  /** What TLS proved, where it ends here. */
  readonly tls: TlsPeer | null;
}

/** Where a redirected client was going; null for one that came by itself. */
export function restoredDestination({ restored, local }: ConnectionInfo): SocketAddress | null {
  return restored ? local : null;
}

/** The addresses of a socket. */
export function addressesOf(socket: Socket): ClientAddresses {
  return {
    remote: { host: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 },
    local: { host: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 },
  };
}

/** `::ffff:1.2.3.4` is how a dual-stack socket shows an IPv4 address; everyone else writes `1.2.3.4`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
