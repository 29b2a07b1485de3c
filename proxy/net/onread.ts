/**
 * Node's `onread` option: reads go into the loop's shared buffer, or for a while into one that the transport's handler
 * has given, without an event or an allocation on the way.
 *
 * The buffer is asked for again after every read. An answer other than a buffer keeps the one there is, which costs
 * nothing that could be measured.
 */
import type { OnReadOpts } from 'node:net';
import { HEADROOM_BYTES, type Loop } from './loop.ts';
import type { Transport } from './transport.ts';

/** The option for a socket whose transport, made after the socket, `transportOf` tells. */
export function onread(loop: Loop, transportOf: () => Transport): OnReadOpts {
  let first = true;
  // The types want a buffer always; Node takes only what is one.
  const nextBuffer = (): Uint8Array => {
    if (!first) return transportOf().takeReadBuffer() as Uint8Array;
    first = false;
    return loop.readView;
  };
  return {
    buffer: nextBuffer,
    callback: (length, buffer) => {
      if (buffer === loop.readView) transportOf().receive(loop.readBuffer, HEADROOM_BYTES, length);
      else transportOf().receive(buffer as Buffer, 0, length);
      return true;
    },
  };
}
