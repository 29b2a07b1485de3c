/** An endpoint that records every byte it gets and answers by a script. */
import { createServer, type Server, type Socket } from 'node:net';
import { type RequestMessage, readRequests } from './http-text.ts';

/** One connection to the endpoint, as a script sees it. */
export class UpstreamConnection {
  readonly socket: Socket;
  /** Complete requests so far. */
  requests: readonly RequestMessage[] = [];
  /** Why what came is not HTTP, or null. */
  problem: string | null = null;
  /** The proxy has ended or cut the connection. */
  ended = false;
  closed = false;
  readonly #chunks: Buffer[] = [];
  #text = '';

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Everything that came, as latin1 text. */
  get text(): string {
    if (this.#chunks.length > 0) this.#text += Buffer.concat(this.#chunks.splice(0)).toString('latin1');
    return this.#text;
  }

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }
}

/** What an endpoint does. Every hook may be left out. */
export interface UpstreamScript {
  /** A request is complete. `index` counts those of this connection from 0. Default: 200 with the path as body. */
  readonly onRequest?: (request: RequestMessage, connection: UpstreamConnection, index: number) => void;
  /** The head of a request, or more of it, has come; called before `onRequest`. */
  readonly onData?: (connection: UpstreamConnection, chunk: Buffer) => void;
  readonly onConnect?: (connection: UpstreamConnection) => void;
  /** False: bytes are recorded and not read as HTTP, for tests that send very much. */
  readonly parse?: boolean;
}

export class RawUpstream {
  readonly connections: UpstreamConnection[] = [];
  readonly #server: Server;
  readonly #script: UpstreamScript;

  private constructor(script: UpstreamScript) {
    this.#script = script;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
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
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const connection = new UpstreamConnection(socket);
    this.connections.push(connection);
    socket.on('error', () => undefined);
    socket.on('end', () => {
      connection.ended = true;
      socket.end();
    });
    socket.on('close', () => {
      connection.ended = true;
      connection.closed = true;
    });
    socket.on('data', (chunk: Buffer) => this.#read(connection, chunk));
    this.#script.onConnect?.(connection);
  }

  #read(connection: UpstreamConnection, chunk: Buffer): void {
    if (this.#script.parse !== false) connection.take(chunk);
    this.#script.onData?.(connection, chunk);
    if (this.#script.parse === false) return;
    const before = connection.requests.length;
    const { messages, problem } = readRequests(connection.text);
    connection.requests = messages;
    connection.problem = problem;
    const onRequest = this.#script.onRequest ?? answerWithPath;
    for (let i = before; i < messages.length; i++) onRequest(messages[i]!, connection, i);
  }
}

/** A response with a length. */
export function response(body: string, fields = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n${fields}\r\n${body}`;
}

function answerWithPath(request: RequestMessage, connection: UpstreamConnection): void {
  connection.send(response(request.method === 'HEAD' ? '' : request.target));
}
