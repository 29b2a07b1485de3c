/**
 * The good client and the server behind the proxy, in a process of their own, so that what a test does in its own one
 * does not slow them down: only the proxy can. The client sends one request after the other over HTTP/2.
 *
 *   /        ok                       /big    8 MB, as fast as they are taken
 *   /never   no answer at all         POST    ok, when the body is complete
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextMessage, stopChild } from './child-channel.ts';

/** Between an answer and the next request. */
const PAUSE_MS = 2;
const PATIENCE_MS = 10_000;
const PIECE = Buffer.alloc(16_384, 0x61);
const BIG_PIECES = 512;

/** What the good client has seen. */
export interface Experience {
  readonly latenciesMs: readonly number[];
  /** Why requests have failed. */
  readonly failures: readonly string[];
  /** Requests that have reached the server, everybody's. */
  readonly served: number;
  /** Most requests that the server had at once. */
  readonly servedAtOnce: number;
}

/** The p99, or the slowest of fewer than a hundred; NaN of none. */
export function p99(latenciesMs: readonly number[]): number {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

type Order = { readonly kind: 'begin'; readonly port: number } | { readonly kind: 'end' };
type Report =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'ended'; readonly seen: Experience };

/** See the head of this file. */
export class Neighbour {
  readonly #child: ChildProcess;
  /** Where the server listens. */
  readonly serverPort: number;

  private constructor(child: ChildProcess, serverPort: number) {
    this.#child = child;
    this.serverPort = serverPort;
  }

  /** Starts the process and its server. */
  static async start(): Promise<Neighbour> {
    const child = fork(import.meta.filename, { execArgv: [] });
    const report = await nextMessage<Report>(child, 'the neighbour');
    if (report.kind !== 'listening') throw new Error('the neighbour begins with something else than its port');
    return new Neighbour(child, report.port);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The client sends requests to that port from now on. */
  begin(port: number): void {
    this.#child.send({ kind: 'begin', port } satisfies Order);
  }

  /** The client finishes its request and tells what it has seen since `begin`. */
  async end(): Promise<Experience> {
    this.#child.send({ kind: 'end' } satisfies Order);
    const report = await nextMessage<Report>(this.#child, 'the neighbour');
    if (report.kind !== 'ended') throw new Error('the neighbour answers with something else than what it has seen');
    return report.seen;
  }

  async stop(): Promise<void> {
    await stopChild(this.#child);
  }
}

class Server {
  served = 0;
  atOnceMax = 0;
  #atOnce = 0;

  async listen(): Promise<number> {
    const server = createServer((request, response) => {
      this.served++;
      this.#atOnce++;
      this.atOnceMax = Math.max(this.atOnceMax, this.#atOnce);
      response.once('close', () => this.#atOnce--);
      request.on('error', () => undefined);
      request.resume();
      if (request.url === '/big') sendBig(response, BIG_PIECES);
      else if (request.url !== '/never') request.once('end', () => response.end('ok'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
    return (server.address() as AddressInfo).port;
  }

  forget(): void {
    this.served = 0;
    this.atOnceMax = this.#atOnce;
  }
}

function sendBig(response: ServerResponse, pieces: number): void {
  for (let left = pieces; left > 0; left--) {
    if (response.destroyed) return;
    if (response.write(PIECE)) continue;
    response.once('drain', () => sendBig(response, left - 1));
    return;
  }
  response.end();
}

class Client {
  readonly latenciesMs: number[] = [];
  readonly failures: string[] = [];
  #going = true;
  readonly #done: Promise<void>;

  constructor(port: number) {
    this.#done = this.#run(port);
  }

  async end(): Promise<void> {
    this.#going = false;
    await this.#done;
  }

  async #run(port: number): Promise<void> {
    let session = open(port);
    while (this.#going) {
      const start = performance.now();
      try {
        await requestOk(session);
        this.latenciesMs.push(performance.now() - start);
      } catch (error) {
        this.failures.push((error as Error).message);
        session.destroy();
        session = open(port);
      }
      await sleep(PAUSE_MS);
    }
    session.destroy();
  }
}

function open(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  return session;
}

function requestOk(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/' }, { signal: AbortSignal.timeout(PATIENCE_MS) });
    let status = 0;
    let body = '';
    stream.setEncoding('latin1');
    stream.on('response', (fields) => {
      status = Number(fields[':status']);
    });
    stream.on('data', (text: string) => (body += text));
    stream.on('error', reject);
    stream.on('close', () => {
      if (status === 200 && body === 'ok') resolve();
      else reject(new Error(`status ${status}, body ${JSON.stringify(body.slice(0, 100))}`));
    });
    stream.end();
  });
}

async function serve(): Promise<void> {
  const server = new Server();
  let client: Client | undefined;
  process.on('message', async (order: Order) => {
    if (order.kind === 'begin') {
      // One that a broken test has left behind.
      void client?.end();
      server.forget();
      client = new Client(order.port);
      return;
    }
    await client?.end();
    const { latenciesMs = [], failures = [] } = client ?? {};
    const seen = { latenciesMs, failures, served: server.served, servedAtOnce: server.atOnceMax };
    process.send!({ kind: 'ended', seen } satisfies Report);
  });
  // It ends with whoever has started it.
  process.on('disconnect', () => process.exit());
  process.send!({ kind: 'listening', port: await server.listen() } satisfies Report);
}

if (process.argv[1] === import.meta.filename) await serve();
