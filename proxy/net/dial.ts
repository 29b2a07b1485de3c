/** Dialling endpoints, with reads into the loop's shared buffer (`onread`, documented for net.connect). */
import { connect } from 'node:net';
import type { SocketAddress } from '../config/model.ts';
import type { Loop } from './loop.ts';
import { Transport, type TransportHandler } from './transport.ts';

/** A handler that is told when its connection stands. */
export interface DialHandler extends TransportHandler {
  onConnected(): void;
}

/** Starts a TCP connection. The outcome is `onConnected`, or `onClose` with the error. Writes before that are queued. */
export function dial(loop: Loop, address: SocketAddress, handler: DialHandler): Transport {
  const socket = connect({
    host: address.host,
    port: address.port,
    noDelay: true,
    allowHalfOpen: true,
    onread: {
      buffer: loop.readBuffer,
      callback: (length, buffer) => {
        transport.handler.onBytes(buffer as Buffer, 0, length);
        return true;
      },
    },
  });
  const transport = new Transport(socket, handler);
  socket.once('connect', () => handler.onConnected());
  return transport;
}
