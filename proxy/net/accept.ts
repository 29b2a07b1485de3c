/**
 * Accepting connections whose bytes are read into the loop's shared buffer.
 *
 * Node offers `onread` (a caller's buffer) for sockets it dials, not for those it accepts. So the server accepts paused,
 * and the accepted handle is put into a new Socket that has `onread`. The handle property is undocumented but the same
 * from Node 20 to 26; where it does not look as expected the plain 'data' event is used, which costs 2 to 3
 * microseconds a request.
 */
import { closeSync } from 'node:fs';
import { createServer, type ListenOptions, type Server, Socket } from 'node:net';
import type { HandedSocket } from './inherited-sockets.ts';
import type { Loop } from './loop.ts';
import { onread } from './onread.ts';
import { Transport, UNHANDLED } from './transport.ts';

/** The part of Node's TCP handle that is used. */
interface StreamHandle {
  reading: boolean;
  readStart(): number;
}

interface HandleOwner {
  _handle: StreamHandle | null;
}

/** An open server socket. */
export interface ListeningSocket {
  /** The bound address; the port is the one the kernel chose when 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /** Of the socket, in this process: what a successor inherits. Undefined when the platform does not tell. */
  readonly fd: number | undefined;
  /** Stops accepting at once. Accepted connections live on. */
  close(): void;
}

/** A socket that is bound already. Node's own types do not name these options for `listen`. */
interface InheritedOptions {
  readonly fd: number;
  readonly backlog: number;
}

/**
 * Binds and accepts. Accepted sockets come paused: `adopt` them, or let TLS take them. Rejects with Node's error, whose
 * message names address and port.
 */
export function listen(
  options: ListenOptions | InheritedOptions,
  onConnection: (accepted: Socket) => void,
): Promise<ListeningSocket> {
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, onConnection);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.removeListener('error', reject);
      resolve(listening(server));
    });
  });
}

/**
 * A socket that was inherited: it is bound, and accepts from the moment on that `begun` resolves. `onError` hears why it does
 * not, which would be a mistake of ours.
 */
export function listenInherited(
  socket: HandedSocket,
  backlog: number,
  begun: Promise<void>,
  onConnection: (accepted: Socket) => void,
  onError: (error: Error) => void,
): ListeningSocket {
  let open: ListeningSocket | null = null;
  let closed = false;
  void begun
    .then(() => (closed ? null : listen({ fd: socket.fd, backlog }, onConnection)))
    .then((opened) => {
      open = opened;
      if (closed) open?.close();
    }, onError);
  return {
    address: { host: socket.host, port: socket.boundPort },
    fd: socket.fd,
    close: () => {
      if (closed) return;
      closed = true;
      if (open === null) closeSync(socket.fd);
      else open.close();
    },
  };
}

/** The descriptor of a server's socket; undefined when it is not open, or the platform does not tell. */
export function descriptorOf(server: Server): number | undefined {
  const fd = (server as unknown as { readonly _handle: { readonly fd?: number } | null })._handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}

function listening(server: Server): ListeningSocket {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`unexpected server address ${String(address)}`);
  return {
    address: { host: address.address, port: address.port },
    fd: descriptorOf(server),
    // The 'close' event would never come: the server still counts the sockets whose handles were taken.
    close: () => void server.close(),
  };
}

/** A transport over an accepted socket that has no handler yet, and reads once it is told to. */
export function adopt(loop: Loop, accepted: Socket): Transport {
  const transport: Transport = new Transport(
    loop,
    rewrap(accepted, loop, () => transport),
    UNHANDLED,
  );
  return transport;
}

function rewrap(accepted: Socket, loop: Loop, transportOf: () => Transport): Socket {
  const owner = accepted as unknown as HandleOwner;
  const handle = owner._handle;
  if (handle === null || typeof handle.readStart !== 'function') {
    accepted.on('data', (chunk: Buffer) => transportOf().receiveCopy(chunk));
    return accepted;
  }
  owner._handle = null;
  // SocketConstructorOpts does not name `handle`, the undocumented option this is about.
  const options: object = { handle, allowHalfOpen: true, onread: onread(loop, transportOf) };
  return new Socket(options);
}

/** Begins to read an adopted transport. */
export function startReading({ socket }: Transport): void {
  socket.resume();
  const handle = (socket as unknown as HandleOwner)._handle;
  if (handle !== null && !handle.reading) {
    handle.reading = true;
    handle.readStart();
  }
}
