/** node:http2 as client and server, and an endpoint that writes frames by hand. Everything ends with the test. */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import type { Http2Options } from '../../../proxy/config/model/common.ts';
import type { RetryPolicyConfig } from '../../../proxy/config/model/route.ts';
import { FRAME, PREFACE, settings } from '../../fakes/http2-frames.ts';
import { type Frame, RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, type Harness } from './harness.ts';

/** Settings of the configuration model, Envoy's defaults but for smaller windows. */
export const HTTP2_OPTIONS: Http2Options = {
  maxConcurrentStreams: 1_024,
  initialStreamWindowBytes: 65_536,
  initialConnectionWindowBytes: 1_048_576,
  allowConnect: false,
};

/** What makes a cluster speak HTTP/2. */
export const OVER_HTTP2: Partial<ClusterConfig> = { protocol: 'http2' };

/** One more attempt, soon, for whatever `retryOn` is set to. */
export const RETRY: RetryPolicyConfig = {
  retryOn: [],
  numRetries: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backoffBaseMs: 1,
  backoffMaxMs: 5,
  rateLimitedResetHeaders: [],
  rateLimitedMaxMs: 300_000,
  omittedHosts: [],
  avoidPreviousHosts: false,
  hostSelectionMaxAttempts: 1,
};

/** A request as the endpoint saw it. */
export interface SeenRequest {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  body: string;
  trailers: IncomingHttpHeaders;
}

export interface Http2Endpoint {
  readonly port: number;
  readonly server: Http2Server;
  readonly sessions: Set<ServerHttp2Session>;
  /** Complete requests, in the order in which they were complete. */
  readonly requests: SeenRequest[];
}

/** `seen` is complete when the stream has ended. */
export type StreamScript = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, seen: SeenRequest) => void;

/** An HTTP/2 endpoint in the clear. By default it answers a complete request with its path. */
export async function startHttp2Endpoint(
  t: Test,
  script: StreamScript | null = null,
  options: ServerOptions = {},
): Promise<Http2Endpoint> {
  const server = createServer(options);
  const sessions = new Set<ServerHttp2Session>();
  const requests: SeenRequest[] = [];
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (accepted, headers, _, rawHeaders) => {
    const stream = accepted as ServerHttp2Stream;
    const seen: SeenRequest = { headers, rawHeaders, body: '', trailers: {} };
    stream.on('error', () => undefined);
    stream.on('trailers', (trailers) => {
      seen.trailers = trailers;
    });
    if (script !== null) {
      requests.push(seen);
      script(stream, headers, seen);
      return;
    }
    void bodyOf(stream).then((body) => {
      seen.body = body;
      requests.push(seen);
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end(headers[':path']);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const each of sessions) each.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, server, sessions, requests };
}

/** Everything that comes, as latin1 text; rejects never. */
export function bodyOf(stream: NodeJS.EventEmitter): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    stream.on('data', (chunk: Buffer) => {
      body += chunk.latin1Slice();
    });
    stream.on('end', () => resolve(body));
    stream.on('close', () => resolve(body));
  });
}

/** A client of one connection. */
export async function connectHttp2(
  t: Test,
  port: number,
  options: ClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`, options);
  session.on('error', () => undefined);
  t.teardown(() => session.destroy());
  await once(session, 'connect');
  return session;
}

/** How a request ended. */
export interface Reply {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  /** Statuses of interim answers. */
  readonly interim: readonly number[];
  /** The error code with which the stream was closed; 0 for none. */
  readonly code: number;
  /** The answer came to its regular end. */
  readonly whole: boolean;
}

export interface RequestParts {
  readonly headers?: OutgoingHttpHeaders;
  /** Undefined: none. */
  readonly body?: Buffer | string | readonly Buffer[];
  readonly trailers?: OutgoingHttpHeaders;
}

/** Sends a request and waits for its end, whatever that is. With an expectation the body waits for its 100. */
export function ask(session: ClientHttp2Session, path: string, parts: RequestParts = {}): Promise<Reply> {
  const { headers = {}, body, trailers } = parts;
  const complete = body === undefined && trailers === undefined;
  const stream = session.request(
    { ':path': path, ':authority': 'a.test', ...headers },
    { endStream: complete, waitForTrailers: trailers !== undefined },
  );
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  const send = () => {
    if (typeof body === 'string' || Buffer.isBuffer(body)) stream.write(body);
    else for (const each of body ?? []) stream.write(each);
    if (!complete) stream.end();
  };
  if (headers.expect === undefined) send();
  else stream.on('continue', send);
  return replyOf(stream);
}

/** Collects an answer. */
export function replyOf(stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const interim: number[] = [];
    let body = '';
    let whole = false;
    stream.on('response', (each) => {
      headers = each;
    });
    stream.on('headers', (each) => interim.push(Number(each[':status'])));
    stream.on('trailers', (each) => {
      trailers = each;
    });
    stream.on('data', (chunk: Buffer) => {
      body += chunk.latin1Slice();
    });
    stream.on('end', () => {
      whole = true;
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      const code = stream.rstCode ?? 0;
      resolve({
        status: Number(headers[':status'] ?? 0),
        headers,
        body,
        trailers,
        interim,
        code,
        whole: whole && code === 0,
      });
    });
  });
}

/** An endpoint whose frames the test writes. */
export interface RawHttp2Endpoint {
  readonly port: number;
  /** In the order in which they came. */
  readonly connections: RawHttp2[];
  /** The connection with that number, once it is there. */
  connection(index: number): Promise<RawHttp2>;
}

export async function startRawHttp2Endpoint(
  t: Test,
  script: (connection: RawHttp2) => void = () => undefined,
  pairs: readonly (readonly [number, number])[] = [],
): Promise<RawHttp2Endpoint> {
  const connections: RawHttp2[] = [];
  const server = createTcpServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    void behindPreface(socket).then(() => {
      const connection = new RawHttp2(socket, { opening: settings(pairs) });
      connections.push(connection);
      script(connection);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const each of connections) each.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    connections,
    connection: async (index) => {
      await eventually(() => connections.length > index, `connection ${index}`);
      return connections[index]!;
    },
  };
}

/** Tells `take` of the stream of every request whose head comes, in their order. */
export async function eachRequest(connection: RawHttp2, take: (stream: number) => void): Promise<void> {
  const seen = new Set<number>();
  const isNew = ({ type, stream }: Frame) => type === FRAME.headers && !seen.has(stream);
  while (!connection.closed) {
    const head = await connection.waitFor(isNew, 'a request').catch(() => null);
    if (head === null) return;
    seen.add(head.stream);
    take(head.stream);
  }
}

/** Takes the client's preface off a connection. */
async function behindPreface(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  while (socket.read(PREFACE.length) === null) await once(socket, 'readable');
  socket.removeAllListeners('readable');
}

/**
 * Waits until the data plane has nothing in flight, takes its configuration away, and waits until its connections to
 * endpoints are gone. Clients have to be closed before. What is left over is told by name.
 */
export async function toRest(harness: Harness): Promise<void> {
  const names = [...harness.plane.activator.snapshot.clusters.keys()];
  const clusters = names.map((name) => harness.plane.clusters.get(name)!.stats);
  const managers = harness.plane.activator.managerStats();
  const left = () =>
    [
      ...managers.flatMap((each) => [
        ['downstream_cx_active', each.cxActive],
        ['downstream_cx_http2_active', each.cxHttp2Active],
        ['downstream_rq_active', each.rqActive],
        ['http2.streams_active', each.http2.streamsActive],
      ]),
      ...clusters.flatMap((each) => [
        ['upstream_rq_active', each.rqActive],
        ['upstream_rq_pending_active', each.rqPendingActive],
        ['retries_active', each.inUse.retries],
        ['upstream http2.streams_active', each.http2.streamsActive],
      ]),
    ]
      .filter(([, value]) => value !== 0)
      .map((each) => each.join(' '));
  await eventuallyNothing(left);
  await harness.apply({ clusters: [] });
  await eventuallyNothing(() =>
    clusters.filter(({ cxActive }) => cxActive !== 0).map((each) => `upstream_cx_active ${each.cxActive}`),
  );
}

async function eventuallyNothing(left: () => readonly string[]): Promise<void> {
  await eventually(() => left().length === 0, 'nothing to be left', 5_000).catch(() => {
    throw new Error(`left over: ${left().join(', ')}`);
  });
}
