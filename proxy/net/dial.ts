/** Dialling endpoints, with reads into the loop's shared buffer (`onread`, documented for net.connect). */
import { connect } from 'node:net';
import type { SocketAddress } from '../config/model/common.ts';
import { HEADROOM_BYTES, type Loop } from './loop.ts';
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
      buffer: loop.readView,
      callback: (length) => {
        transport.receive(loop.readBuffer, HEADROOM_BYTES, length);
        return true;
      },
    },
  });
  const transport = new Transport(loop, socket, handler);
  socket.once('connect', () => {
    loop.refresh();
    handler.onConnected();
  });
  return transport;
}
