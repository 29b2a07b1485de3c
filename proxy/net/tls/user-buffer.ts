/**
 * Makes a TLS server's socket read into a caller's buffer. Node has that, as `onread`, for sockets that it connects: the
 * option is ignored where TLS is put over a socket that exists. What it comes to is two properties of the socket and a
 * call of its handle, undocumented but the same from Node 20 to 26; where they are not as expected nothing is changed.
 */
import type { TLSSocket } from 'node:tls';

interface Handle {
  useUserBuffer?: (buffer: Uint8Array) => void;
}

/**
 * `onRead` is called with the length of each read, which stands at the start of `buffer` until it returns; false stops
 * reading until the socket's `_read` is called. False when this socket cannot do it.
 */
export function readIntoBuffer(socket: TLSSocket, buffer: Uint8Array, onRead: (length: number) => boolean): boolean {
  const handle = (socket as unknown as { readonly _handle: Handle | null })._handle;
  const bufferKey = symbolOf(socket, 'kBuffer');
  const callbackKey = symbolOf(socket, 'kBufferCb');
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  Object.assign(socket, { [bufferKey]: buffer, [callbackKey]: onRead });
  handle.useUserBuffer(buffer);
  return true;
}

function symbolOf(socket: TLSSocket, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((each) => each.description === description);
}
