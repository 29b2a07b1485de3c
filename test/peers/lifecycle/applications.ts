/** Applications of meshes under load, and how to speak to the one that is no HTTP. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Answers with its number after 5 ms. */
export const WEB = `
import { createServer } from 'node:http';
const server = createServer((request, response) => setTimeout(() => response.end(process.env.OUTRIDER_REPLICA), 5));
server.listen(process.env.PORT, '127.0.0.1');
process.once('SIGTERM', () => server.close(() => process.exit(0)));
`;

/** Says what it hears, and its number to whom asks who it is. */
export const ECHO = `
import { createServer } from 'node:net';
createServer((socket) => {
  socket.on('data', (data) => socket.write(String(data) === 'who' ? process.env.OUTRIDER_REPLICA : data));
  socket.on('error', () => {});
}).listen(process.env.PORT, '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
`;

/** A connection to echo through a client's sidecar, once it stands. */
export async function dialEcho(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('CONNECT echo:7 HTTP/1.1\r\nHost: echo:7\r\n\r\n');
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(15_000) })) as [Buffer];
    head += chunk.toString('latin1');
  }
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
  return socket;
}

/** What comes back for a word. */
export async function echoOf(socket: Socket, word: string): Promise<string> {
  socket.write(word);
  const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(15_000) })) as [Buffer];
  return chunk.toString();
}
