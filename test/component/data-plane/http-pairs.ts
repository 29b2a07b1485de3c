/** The same exchange over either protocol on either side: node's own clients and servers behind one interface. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import {
  createServer as createHttp2Server,
  type OutgoingHttpHeaders as Http2Headers,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Test } from 'tap';
import { ask, bodyOf, connectHttp2, type Reply } from './http2-peers.ts';

export type Version = 'h1' | 'h2';

/** A client and an endpoint, neither of which knows what the other speaks. */
export interface Pair {
  readonly client: Version;
  readonly endpoint: Version;
}

export const PAIRS: readonly Pair[] = [
  { client: 'h2', endpoint: 'h1' },
  { client: 'h1', endpoint: 'h2' },
  { client: 'h2', endpoint: 'h2' },
];

/** What is sent. */
export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** In these pieces; none is a request without a body. */
  readonly body?: readonly (Buffer | string)[];
  readonly trailers?: Readonly<Record<string, string>>;
}

/**
 * Sends one request to `path` and waits for the end of it. Of the answer's headers those are left out that begin with a
 * colon.
 */
export type Client = (path: string, sent?: Sent) => Promise<Reply>;

export async function startClient(t: Test, version: Version, port: number): Promise<Client> {
  return version === 'h1' ? (path, sent = {}) => askHttp1(port, path, sent) : http2Client(t, port);
}

async function http2Client(t: Test, port: number): Promise<Client> {
  const session = await connectHttp2(t, port);
  return async (path, { method, headers, body, trailers } = {}) => {
    const whole: Http2Headers = { ':method': method ?? 'GET', ...(headers as Http2Headers) };
    const reply = await ask(session, path, {
      headers: whole,
      ...(body !== undefined && { body: body.map((each) => Buffer.from(each)) }),
      ...(trailers !== undefined && { trailers: { ...trailers } }),
    });
    const plain = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !name.startsWith(':')));
    return { ...reply, headers: plain };
  };
}

function askHttp1(port: number, path: string, sent: Sent): Promise<Reply> {
  const { method = 'GET', headers = {}, body, trailers } = sent;
  return new Promise((resolve) => {
    const interim: number[] = [];
    const outgoing = request({
      port,
      host: '127.0.0.1',
      path,
      method,
      agent: false,
      headers: {
        host: 'a.test',
        ...(headers as OutgoingHttpHeaders),
        ...(trailers !== undefined && { 'transfer-encoding': 'chunked' }),
      },
    });
    const failed = () => resolve({ status: 0, headers: {}, body: '', trailers: {}, interim, code: 0, whole: false });
    outgoing.on('error', failed);
    outgoing.on('information', ({ statusCode }) => interim.push(statusCode));
    outgoing.on('response', (answer) => {
      answer.on('error', () => undefined);
      void bodyOf(answer).then((text) =>
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          body: text,
          trailers: answer.trailers,
          interim,
          code: 0,
          whole: answer.complete,
        }),
      );
    });
    const send = () => {
      for (const each of body ?? []) outgoing.write(each);
      if (trailers !== undefined) outgoing.addTrailers(Object.entries(trailers) as never);
      outgoing.end();
    };
    if (headers.expect === undefined) send();
    else {
      outgoing.on('continue', () => {
        interim.push(100);
        send();
      });
      outgoing.flushHeaders();
    }
  });
}

/** What an endpoint is asked, and how it answers: common to node's two servers. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authority: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
}

export interface Answering {
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
  write(chunk: string | Buffer): boolean;
  end(chunk?: string | Buffer): unknown;
  addTrailers(trailers: Record<string, string>): void;
  writeEarlyHints(hints: Record<string, string | string[]>): void;
  writeContinue(): void;
  setHeader(name: string, value: string | string[]): unknown;
  statusCode: number;
}

export type Handler = (asked: Asked, answer: Answering) => void;

/** An endpoint that answers complete requests. Returns its port. */
export async function startEndpoint(t: Test, version: Version, handler: Handler): Promise<number> {
  const sockets = new Set<Socket>();
  const onRequest = (incoming: Http2ServerRequest, outgoing: Http2ServerResponse) => {
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    void bodyOf(incoming as NodeJS.EventEmitter).then((body) => {
      const { method, url, headers, trailers } = incoming;
      const authority = String(headers[':authority'] ?? headers.host ?? '');
      const plain = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
      handler(
        { method, url, authority, headers: plain, body, trailers: trailers as NodeJS.Dict<string> },
        outgoing as unknown as Answering,
      );
    });
  };
  const server = version === 'h1' ? createServer(onRequest as never) : createHttp2Server(onRequest);
  if (version === 'h1') server.on('checkContinue', onRequest as never);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const each of sockets) each.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
