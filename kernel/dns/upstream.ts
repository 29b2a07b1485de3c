/**
 * One question to one server, over either transport: what comes back is told as it is.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

/** A server that answers. */
export interface Upstream {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** Asks over UDP, from a port that the system chooses at random. The returned function ends it. */
export function overUdp(
  asked: Buffer,
  { host, port }: Upstream,
  onMessage: (answer: Buffer) => void,
  onFailure: () => void,
): () => void {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  socket.on('error', onFailure).on('message', onMessage);
  // Connected, it hears that address and port alone.
  socket.connect(port, host, (error?: Error) => (error === undefined ? socket.send(asked) : onFailure()));
  return () => socket.close();
}

/** Asks over a TCP connection of its own. The returned function ends it. */
export function overTcp(
  asked: Buffer,
  { host, port }: Upstream,
  onMessage: (answer: Buffer) => void,
  onFailure: () => void,
): () => void {
  const socket = connect({ host, port });
  let read: Buffer = Buffer.alloc(0);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(asked.length);
  socket.on('error', onFailure).on('close', onFailure);
  socket.on('data', (bytes: Buffer) => {
    read = Buffer.concat([read, bytes]);
    if (read.length >= 2 && read.length >= read.readUInt16BE(0) + 2)
      onMessage(read.subarray(2, read.readUInt16BE(0) + 2));
  });
  socket.write(Buffer.concat([length, asked]));
  return () => socket.destroy();
}
