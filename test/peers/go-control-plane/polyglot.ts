/** An endpoint that speaks HTTP/1.1, HTTP/2 and both over TLS at one port: how a service is taken from one to the other. */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { TestIdentity } from '../../fakes/certificates.ts';

const HANDSHAKE = 0x16;

/** Answers everything with what it was spoken to in: `http1`, `http2`, `https1` or `https2`. */
export async function polyglot(t: Test, { chainPem, keyPem }: TestIdentity): Promise<number> {
  const http1 = createHttpServer((_, response) => response.end('http1'));
  const http2 = createHttp2Server((_, response) => response.end('http2'));
  const secure = createSecureServer({ cert: chainPem, key: keyPem, allowHTTP1: true }, (request, response) =>
    response.end(request.httpVersion === '2.0' ? 'https2' : 'https1'),
  );
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const speaks = first[0] === HANDSHAKE ? secure : first.subarray(0, 3).toString() === 'PRI' ? http2 : http1;
      speaks.emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
