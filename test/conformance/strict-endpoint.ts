/**
 * An endpoint for very many requests: reads them as strictly as the RFC allows, keeps only what was wrong with them, and
 * answers with the target. Requests of the connection that is answered by `script` are answered by it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type RequestMessage, readRequests } from '../component/data-plane/http-text.ts';
import { response } from '../component/data-plane/raw-upstream.ts';

/** Answers a request, and returns true; false leaves it to the endpoint. */
export type EndpointScript = (request: RequestMessage, socket: Socket) => boolean;

export class StrictEndpoint {
  /** What was not HTTP, with the bytes in front of it; at most a few. */
  readonly problems: string[] = [];
  requestCount = 0;
  openConnections = 0;
  readonly #server: Server;
  readonly #script: EndpointScript;
  readonly #sockets = new Set<Socket>();

  private constructor(script: EndpointScript) {
    this.#script = script;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static async start(script: EndpointScript = () => false): Promise<StrictEndpoint> {
    const endpoint = new StrictEndpoint(script);
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', 1_024, resolve));
    return endpoint;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    let rest = '';
    this.openConnections++;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.openConnections--;
      this.#sockets.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      rest += chunk.latin1Slice();
      const read = readRequests(rest);
      if (read.problem !== null && this.problems.length < 5)
        this.problems.push(`${read.problem} in ${JSON.stringify(rest.slice(-600))}`);
      rest = rest.slice(read.rest);
      for (const request of read.messages) this.#answer(request, socket);
    });
  }

  #answer(request: RequestMessage, socket: Socket): void {
    this.requestCount++;
    if (this.#script(request, socket)) return;
    const { method, target } = request;
    if (method === 'HEAD') socket.write(response(''));
    else if (!target.includes('resp=chunked')) socket.write(response(target));
    else socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
  }
}
