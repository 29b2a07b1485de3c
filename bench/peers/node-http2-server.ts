/**
 * The usual Node design for gRPC: node:http2 on both sides, one session to each endpoint, streams piped into each other,
 * and with features on the same work as the other peers. Run by the benches: `node node-http2-server.ts SCENARIO_AS_JSON`.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import { type NodeEndpoint, NodeEndpoints } from './node-endpoints.ts';
import { endpointPorts, LIMITS, type Scenario } from './scenario.ts';

/** One proxy with its endpoints and the sessions to them. */
class Http2Proxy {
  readonly endpoints: NodeEndpoints;
  readonly #sessions = new Map<NodeEndpoint, http2.ClientHttp2Session>();

  constructor(ports: readonly number[]) {
    this.endpoints = new NodeEndpoints(ports);
  }

  /** Features off: everything to the first endpoint. */
  forward(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    this.#send(stream, headers, this.endpoints.all[0]!);
  }

  /** Features on. */
  forwardWithFeatures(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const endpoint = this.endpoints.begin(headers[':authority'] ?? '', headers[':path'] ?? '');
    if (typeof endpoint === 'number') {
      stream.respond({ ':status': endpoint }, { endStream: true });
      return;
    }
    headers['x-request-id'] = randomUUID();
    headers['x-forwarded-for'] = stream.session?.socket.remoteAddress;
    headers['x-forwarded-proto'] = 'http';
    stream.once('close', () => this.endpoints.end(endpoint, hasFailed(stream)));
    this.#send(stream, headers, endpoint);
  }

  #send(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, endpoint: NodeEndpoint): void {
    const request = this.#session(endpoint).request(headers);
    const fail = () => {
      request.close(http2.constants.NGHTTP2_CANCEL);
      if (stream.headersSent || stream.destroyed) stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      else stream.respond({ ':status': 502 }, { endStream: true });
    };
    let trailers: http2.IncomingHttpHeaders = {};
    request.setTimeout(LIMITS.requestTimeoutMs, fail);
    request.on('error', fail);
    stream.on('error', () => request.close(http2.constants.NGHTTP2_CANCEL));
    request.on('trailers', (received) => {
      trailers = received;
    });
    request.on('response', (head) => {
      if (stream.destroyed) return;
      stream.respond(head, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      request.pipe(stream);
    });
    stream.pipe(request);
  }

  #session(endpoint: NodeEndpoint): http2.ClientHttp2Session {
    const open = this.#sessions.get(endpoint);
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const session = http2.connect(endpoint.target);
    // Its streams are told, too; a new session is made for the next request.
    session.on('error', () => session.destroy());
    this.#sessions.set(endpoint, session);
    return session;
  }
}

/** Whether its endpoint failed it. A client that left before the answer says nothing about the endpoint. */
function hasFailed(stream: http2.ServerHttp2Stream): boolean {
  if (stream.rstCode === http2.constants.NGHTTP2_INTERNAL_ERROR) return true;
  return stream.headersSent && Number(stream.sentHeaders[':status']) >= 500;
}

function main(scenario: Scenario): void {
  const proxy = new Http2Proxy(endpointPorts(scenario));
  const server = http2.createServer();
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    if (scenario.features) proxy.forwardWithFeatures(stream, headers);
    else proxy.forward(stream, headers);
  });
  server.on('sessionError', () => undefined);
  server.listen({ port: scenario.port, host: '127.0.0.1', backlog: 4096 });
  http
    .createServer((_, response) => response.end(JSON.stringify(proxy.endpoints.counts)))
    .listen({ port: scenario.adminPort, host: '127.0.0.1' });
}

main(JSON.parse(process.argv[2] ?? '') as Scenario);
