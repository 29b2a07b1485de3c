/**
 * Dialling endpoints, with reads into the loop's shared buffer (`onread`, documented for net.connect).
 *
 * A dialer is what a cluster's transport socket comes to: plain TCP, TLS, and either of them behind a PROXY header.
 */
import { connect, Socket } from 'node:net';
import type { SocketAddress } from '../config/model/common.ts';
import type { ClientAddresses } from './connection-info.ts';
import type { Loop } from './loop.ts';
import { onread } from './onread.ts';
import { proxyHeader } from './proxy-header.ts';
import type { TlsClient } from './tls/tls-client.ts';
import { type DialHandler, Transport } from './transport.ts';

/** Makes the connections to the endpoints of one cluster. */
export interface Dialer {
  /** The outcome is `onConnected`, or `onClose` with the error. Writes before that are queued. */
  dial(address: SocketAddress, handler: DialHandler, client: ClientAddresses | null): Transport;
}

/** Plain TCP. */
export function plainDialer(loop: Loop): Dialer {
  return { dial: (address, handler) => dialPlain(loop, address, handler) };
}

/** TLS from the first byte. */
export function tlsDialer(loop: Loop, tls: TlsClient): Dialer {
  return { dial: (address, handler) => tls.dial(loop, address, handler) };
}

/** No connection is made; each is told why. `onRefused` counts them. */
export function refusingDialer(loop: Loop, why: string, onRefused: () => void): Dialer {
  return {
    dial(_address, handler) {
      onRefused();
      const socket = new Socket();
      const transport = new Transport(loop, socket, handler);
      socket.destroy(new Error(why));
      return transport;
    },
  };
}

/** The PROXY header in front of everything, TLS included. Null as `tls` sends what follows in the clear. */
export function proxyHeaderDialer(loop: Loop, version: 1 | 2, tls: TlsClient | null): Dialer {
  return {
    dial(address, handler, client) {
      const header = proxyHeader(version, client);
      if (tls === null) {
        const transport = dialPlain(loop, address, handler);
        transport.socket.write(header);
        return transport;
      }
      const carrier = connect({ host: address.host, port: address.port, noDelay: true, allowHalfOpen: true });
      carrier.write(header);
      return tls.over(loop, carrier, handler);
    },
  };
}

function dialPlain(loop: Loop, address: SocketAddress, handler: DialHandler): Transport {
  const socket: Socket = connect({
    host: address.host,
    port: address.port,
    noDelay: true,
    allowHalfOpen: true,
    onread: onread(loop, () => transport),
  });
  const transport: Transport = new Transport(loop, socket, handler);
  socket.once('connect', () => {
    loop.refresh();
    handler.onConnected();
  });
  return transport;
}
