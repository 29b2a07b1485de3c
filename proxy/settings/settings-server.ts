/**
 * The loopback port on which the application reads its settings.
 *
 *   GET /v1/config         {"revision": 7, "values": {"BANNER": "hello"}}
 *   GET /v1/config/:key    {"key", "value", "revision", "contentType"}, or 404
 *   GET /v1/scaling        {"catalog": {"desired": 3, "ready": 2, "revision": 5}}
 *
 * Each has an ETag. `?wait=SECONDS` with If-None-Match answers as soon as it differs, or 304 when the time is over.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Timers } from '../../kernel/timers.ts';
import { descriptorOf } from '../net/accept.ts';
import type { HandedSocket, InheritedSockets } from '../net/inherited-sockets.ts';
import { tagOf } from './settings-view.ts';

/** Longest wait; a longer one is cut. */
const WAIT_SECONDS_MAX = 300;
/** Most requests that wait at once. */
const WAITING_MAX = 256;
const HOST = '127.0.0.1';
const PURPOSE = 'settings';
const LOCAL_HOST = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/i;

/** What is served: a value for JSON by path, undefined when there is none. */
export type SettingsLookup = (path: string) => unknown;

/** See the head of this file. */
export class SettingsServer {
  readonly #lookup: SettingsLookup;
  readonly #timers: Timers;
  readonly #server: Server;
  #port = 0;
  readonly #waiting = new Set<() => void>();

  constructor(lookup: SettingsLookup, timers: Timers) {
    this.#lookup = lookup;
    this.#timers = timers;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  /** Listens on 127.0.0.1 and resolves with the port. Rejects when it is taken. */
  listen(port: number, inherited: InheritedSockets | null = null): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once('error', (error) => {
      reject(new Error(`settings port: cannot bind ${HOST}:${port}: ${error.message}`));
    });
    const taken = inherited?.take(PURPOSE, HOST, port);
    this.#port = port;
    this.#server.listen(taken === undefined ? { host: HOST, port } : { fd: taken.fd }, () =>
      resolve((this.#server.address() as AddressInfo).port),
    );
    return promise;
  }

  /** What a successor inherits; null when it is not open. */
  get handed(): HandedSocket | null {
    const fd = descriptorOf(this.#server);
    if (fd === undefined) return null;
    const { port: boundPort } = this.#server.address() as AddressInfo;
    return { purpose: PURPOSE, host: HOST, port: this.#port, boundPort, fd };
  }

  /** Opens no connection any more. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Something is different: whoever waits looks again. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    return promise;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://settings');
    const problem = problemOf(request, searchParams);
    if (problem !== null) {
      fail(response, problem);
      return;
    }
    const known = request.headers['if-none-match'];
    const waitSeconds = Number(searchParams.get('wait') ?? '0');
    const text = this.#text(pathname);
    const mayWait = waitSeconds > 0 && text !== null && known === tagOf(text);
    if (!mayWait) answer(response, pathname, text, known);
    else if (this.#waiting.size < WAITING_MAX) {
      this.#wait(pathname, known, Math.min(waitSeconds, WAIT_SECONDS_MAX), response);
    } else fail(response, { status: 429, code: 'too_many', message: `${WAITING_MAX} requests wait already` });
  }

  #wait(path: string, known: string, waitSeconds: number, response: ServerResponse): void {
    const finish = () => {
      timer.cancel();
      this.#waiting.delete(look);
      response.off('close', finish);
    };
    const look = () => {
      const text = this.#text(path);
      if (text !== null && tagOf(text) === known) return;
      finish();
      answer(response, path, text, known);
    };
    const timer = this.#timers.after(waitSeconds * 1000, () => {
      finish();
      answer(response, path, this.#text(path), known);
    });
    this.#waiting.add(look);
    response.once('close', finish);
  }

  #text(path: string): string | null {
    const value = this.#lookup(path);
    return value === undefined ? null : `${JSON.stringify(value)}\n`;
  }
}

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function problemOf({ headers, method }: IncomingMessage, query: URLSearchParams): Problem | null {
  if (!LOCAL_HOST.test(headers.host ?? '')) {
    return { status: 403, code: 'forbidden', message: 'ask by 127.0.0.1 or localhost' };
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, code: 'method_not_allowed', message: 'settings can only be read here: GET' };
  }
  const wait = query.get('wait') ?? '0';
  if (Number(wait) >= 0) return null;
  return {
    status: 400,
    code: 'invalid',
    message: `wait is "${wait}": it must be seconds, at most ${WAIT_SECONDS_MAX}`,
  };
}

function answer(response: ServerResponse, path: string, text: string | null, known: string | undefined): void {
  if (text === null) {
    fail(response, { status: 404, code: 'not_found', message: `there is nothing at ${path}` });
    return;
  }
  const etag = tagOf(text);
  response.setHeader('etag', etag);
  response.setHeader('cache-control', 'no-cache');
  if (known === etag) response.writeHead(304).end();
  else send(response, 200, text);
}

function fail(response: ServerResponse, { status, code, message }: Problem): void {
  send(response, status, `${JSON.stringify({ error: { code, message, details: [] } })}\n`);
}

function send(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}
