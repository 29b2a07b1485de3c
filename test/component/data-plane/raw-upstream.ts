/** An endpoint that records every byte it gets and answers by a script. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type RequestMessage, readRequests } from './http-text.ts';

/** One connection to the endpoint, as a script sees it. */
export class UpstreamConnection {
  readonly socket: Socket;
  /** Complete requests so far. */
  readonly requests: RequestMessage[] = [];
  /** Why what came is not HTTP, or null. */
  problem: string | null = null;
  /** The proxy has ended or cut the connection. */
  ended = false;
  closed = false;
  /** Everything that came, as latin1 text. */
  text = '';
  /** Where in the text the first request begins that is not complete. */
  #rest = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Takes bytes that came, and tells the requests that they completed. */
  take(chunk: Buffer): readonly RequestMessage[] {
    this.text += chunk.latin1Slice();
    const { messages, rest, problem } = readRequests(this.text.slice(this.#rest));
    this.#rest += rest;
    this.problem ??= problem;
    this.requests.push(...messages);
    return messages;
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }
}

/** What an endpoint does. Every hook may be left out. */
export interface UpstreamScript {
  /** A request is complete. `index` counts those of this connection from 0. Default: 200 with the path as body. */
  readonly onRequest?: (request: RequestMessage, connection: UpstreamConnection, index: number) => void;
  /** Bytes have come; called before `onRequest`. */
  readonly onData?: (connection: UpstreamConnection, chunk: Buffer) => void;
  readonly onConnect?: (connection: UpstreamConnection) => void;
  /** The proxy has ended its side. Default: this side ends, too. */
  readonly onEnd?: (connection: UpstreamConnection) => void;
  /** Speaks TLS. */
  readonly tls?: TlsOptions;
  /** False: bytes are neither kept nor read as HTTP, for tests that send very much. */
  readonly parse?: boolean;
}

export class RawUpstream {
  readonly connections: UpstreamConnection[] = [];
  readonly #server: Server;
  /** As accepted, handshakes under way included. */
  readonly #sockets = new Set<Socket>();
  readonly #script: UpstreamScript;

  private constructor(script: UpstreamScript) {
    this.#script = script;
    const options = { noDelay: true, allowHalfOpen: true };
    const accept = (socket: Socket) => this.#accept(socket);
    const { tls } = script;
    this.#server = tls === undefined ? createServer(options, accept) : createTlsServer({ ...options, ...tls }, accept);
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket));
  }

  static async start(script: UpstreamScript = {}): Promise<RawUpstream> {
    const upstream = new RawUpstream(script);
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Complete requests of all connections, in the order of the connections. */
  get requests(): readonly RequestMessage[] {
    return this.connections.flatMap((each) => each.requests);
  }

  /** Everything that came, connection by connection. */
  get text(): string {
    return this.connections.map((each) => each.text).join('');
  }

  get openConnections(): number {
    return this.connections.filter((each) => !each.closed).length;
  }

  async stop(): Promise<void> {
    for (const each of this.connections) each.socket.destroy();
    for (const each of this.#sockets) each.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const connection = new UpstreamConnection(socket);
    this.connections.push(connection);
    socket.on('error', () => undefined);
    socket.on('end', () => {
      connection.ended = true;
      if (this.#script.onEnd === undefined) socket.end();
      else this.#script.onEnd(connection);
    });
    socket.on('close', () => {
      connection.ended = true;
      connection.closed = true;
    });
    socket.on('data', (chunk: Buffer) => this.#read(connection, chunk));
    this.#script.onConnect?.(connection);
  }

  #read(connection: UpstreamConnection, chunk: Buffer): void {
    this.#script.onData?.(connection, chunk);
    if (this.#script.parse === false) return;
    let index = connection.requests.length;
    const onRequest = this.#script.onRequest ?? answerWithPath;
    for (const request of connection.take(chunk)) onRequest(request, connection, index++);
  }
}

/** A response with a length. */
export function response(body: string, fields = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n${fields}\r\n${body}`;
}

function answerWithPath(request: RequestMessage, connection: UpstreamConnection): void {
  connection.send(response(request.method === 'HEAD' ? '' : request.target));
}
