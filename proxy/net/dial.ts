/**
 * Dialling endpoints, with reads into the loop's shared buffer (`onread`, documented for net.connect).
 *
 * A dialer is what a cluster's transport socket comes to: plain TCP, TLS, and either of them behind a PROXY header. Each of
 * them can dial from a client's address as well.
 */
import { connect, Socket, type TcpNetConnectOpts } from 'node:net';
import type { SocketAddress } from '../config/model/common.ts';
import type { ClientSource } from './client-source.ts';
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
  /** Makes the same connections from a client's address. `onBindError` counts those that cannot have it. */
  from(source: ClientSource, onBindError: () => void): Pick<Dialer, 'dial'>;
}

/** Starts a connection. Options are those of net.connect. */
type OpenSocket = (address: SocketAddress, options?: Pick<TcpNetConnectOpts, 'onread'>) => Socket;

/** Plain TCP. */
export function plainDialer(loop: Loop): Dialer {
  return {
    dial: (address, handler) => dialPlain(loop, fromHere, address, handler),
    from: (source, onBindError) =>
      clientDialer(loop, source, onBindError, (open, address, handler) => dialPlain(loop, open, address, handler)),
  };
}

/** TLS from the first byte. */
export function tlsDialer(loop: Loop, tls: TlsClient): Dialer {
  return {
    dial: (address, handler) => tls.dial(loop, address, handler),
    from: (source, onBindError) =>
      clientDialer(loop, source, onBindError, (open, address, handler) => tls.over(loop, open(address), handler)),
  };
}

/** No connection is made; each is told why. `onRefused` counts them. */
export function refusingDialer(loop: Loop, why: string, onRefused: () => void): Dialer {
  const dial: Dialer['dial'] = (_address, handler) => {
    onRefused();
    return refuse(loop, new Error(why), handler);
  };
  return { dial, from: () => ({ dial }) };
}

/** The PROXY header in front of everything, TLS included. Null as `tls` sends what follows in the clear. */
export function proxyHeaderDialer(loop: Loop, version: 1 | 2, tls: TlsClient | null): Dialer {
  const dial: DialThrough = (open, address, handler, client) => {
    const header = proxyHeader(version, client);
    if (tls === null) {
      const transport = dialPlain(loop, open, address, handler);
      transport.socket.write(header);
      return transport;
    }
    const carrier = open(address);
    carrier.write(header);
    return tls.over(loop, carrier, handler);
  };
  return {
    dial: (address, handler, client) => dial(fromHere, address, handler, client),
    from: (source, onBindError) => clientDialer(loop, source, onBindError, dial),
  };
}

type DialThrough = (
  open: OpenSocket,
  address: SocketAddress,
  handler: DialHandler,
  client: ClientAddresses | null,
) => Transport;

const fromHere: OpenSocket = ({ host, port }, options) =>
  connect({ host, port, noDelay: true, allowHalfOpen: true, ...options });

function clientDialer(
  loop: Loop,
  source: ClientSource,
  onBindError: () => void,
  dial: DialThrough,
): Pick<Dialer, 'dial'> {
  return {
    dial(address, handler, client) {
      const fd = source.open(address);
      if (typeof fd === 'number') return dial((to, options) => connectWith(fd, to, options), address, handler, client);
      onBindError();
      return refuse(loop, fd, handler);
    },
  };
}

/** The descriptor is that of a socket which is bound, and not connected. */
function connectWith(
  fd: number,
  { host, port }: SocketAddress,
  options: Pick<TcpNetConnectOpts, 'onread'> = {},
): Socket {
  // Node's types do not name `manualStart`: nothing can be read before it is connected.
  const all: object = { fd, manualStart: true, allowHalfOpen: true, ...options };
  const socket = new Socket(all);
  socket.once('connect', () => socket.setNoDelay(true));
  return socket.connect({ host, port });
}

function refuse(loop: Loop, why: Error, handler: DialHandler): Transport {
  const socket = new Socket();
  const transport = new Transport(loop, socket, handler);
  socket.destroy(why);
  return transport;
}

function dialPlain(loop: Loop, open: OpenSocket, address: SocketAddress, handler: DialHandler): Transport {
  const socket = open(address, { onread: onread(loop, () => transport) });
  const transport: Transport = new Transport(loop, socket, handler);
  socket.once('connect', () => {
    loop.refresh();
    handler.onConnected();
  });
  return transport;
}
