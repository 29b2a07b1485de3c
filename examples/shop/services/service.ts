/**
 * What every service of the shop needs and no more: a JSON server on node:http that ends without losing a request,
 * calls to other services by name, and settings that change while it runs.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Answers one request; what it returns is sent as JSON, and what it throws as a 502 that says why. */
export type Handler = (request: IncomingMessage, url: URL) => unknown;

/** Passed on with every call, so that the mesh can tell which calls belong to one request. */
const PASSED_ON = ['x-request-id', 'traceparent', 'tracestate'];

/**
 * Serves `handlers`, by method and path such as "GET /products", on 127.0.0.1 and the PORT that the mesh chose, and
 * /healthz. On SIGTERM it takes no new connection, finishes what it has begun, and exits.
 */
export function serve(handlers: Readonly<Record<string, Handler>>): void {
  const server = createServer((request, response) => {
    // Once closing, every answer also ends its connection, so that nobody sends the next request into the void.
    if (!server.listening) response.setHeader('connection', 'close');
    void answer(handlers, request, response);
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

/**
 * Calls another service through the mesh, such as http://catalog/products: the environment has an HTTP_PROXY, so the
 * request goes to our sidecar, which picks an instance. Throws when the answer is not 2xx.
 */
export async function call(request: IncomingMessage, url: string, init: RequestInit = {}): Promise<unknown> {
  const headers: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const response = await fetch(url, { ...init, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/**
 * One setting, read from the file that our sidecar keeps up to date: `outrider config set` shows in the next answer.
 */
export function setting(key: string, fallback: string): string {
  const file = process.env.OUTRIDER_SETTINGS_FILE;
  if (file === undefined) return fallback;
  try {
    const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    return settings[key] ?? fallback;
  } catch {
    // Not written yet: the mesh has no setting for us so far.
    return fallback;
  }
}

async function answer(
  handlers: Readonly<Record<string, Handler>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const handler = handlers[`${request.method} ${url.pathname}`];
  try {
    if (url.pathname === '/healthz') send(response, 200, { status: 'ok' });
    else if (handler === undefined) send(response, 404, { error: `no ${request.method} ${url.pathname} here` });
    else send(response, 200, await handler(request, url));
  } catch (error) {
    send(response, 502, { error: error instanceof Error ? error.message : String(error) });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
