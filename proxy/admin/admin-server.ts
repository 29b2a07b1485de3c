/**
 * The admin port: Envoy's paths over what `app.ts` shows of the proxy. Not on the request path, hence node:http.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { SocketAddress } from '../config/model/common.ts';
import { descriptorOf } from '../net/accept.ts';
import type { HandedSocket, InheritedSockets } from '../net/inherited-sockets.ts';
import { type AdminEndpoint, type AdminReply, textReply } from './admin-endpoint.ts';
import { certsEndpoint } from './certs-page.ts';
import { clustersEndpoint } from './clusters-page.ts';
import { configDumpEndpoint } from './config-dump-page.ts';
import { explainEndpoint } from './explain-page.ts';
import { helpEndpoints, helpText } from './help-page.ts';
import { listenersEndpoint } from './listeners-page.ts';
import { recorderEndpoint } from './recorder-page.ts';
import { guard } from './request-guard.ts';
import { runtimeEndpoints } from './runtime-pages.ts';
import { serverEndpoints } from './server-pages.ts';
import { statsEndpoints } from './stats-pages.ts';
import type { AdminViews } from './views.ts';

/** Forms of runtime_modify are small. */
const BODY_BYTES_MAX = 65_536;
const REQUEST_TIMEOUT_MS = 10_000;
const PURPOSE = 'admin';

/** What the server needs. */
export interface AdminServerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where to listen; port 0 takes a free one. */
  readonly address: SocketAddress;
  /** Sockets of the process whose place this one takes. */
  readonly inherited?: InheritedSockets | null;
}

/** The admin port. */
export interface AdminServer {
  /** Binds and resolves with the bound address. Rejects with a message that names address and cause. */
  start(): Promise<SocketAddress>;
  /** What a successor inherits; null when it is not open. */
  readonly handed: HandedSocket | null;
  /** Opens no connection any more; those that are there go on. */
  stopAccepting(): void;
  /** Stops and cuts open connections. */
  close(): Promise<void>;
}

/** Makes the admin port over these views. */
export function createAdminServer(views: AdminViews, deps: AdminServerDeps): AdminServer {
  const { clock, logger, address } = deps;
  const endpoints = endpointsOf(views, deps);
  const reply = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    send(outgoing, await answer(endpoints, incoming), clock);
  };
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (incoming, outgoing) => {
    reply(incoming, outgoing).catch((error: unknown) => {
      logger.error({ err: error, path: incoming.url }, 'admin request failed');
      if (outgoing.headersSent) outgoing.destroy();
      else send(outgoing, textReply(`${error instanceof Error ? error.message : String(error)}\n`, 500), clock);
    });
  });
  return {
    start() {
      const { promise, resolve, reject } = Promise.withResolvers<SocketAddress>();
      server.once('error', (error) => {
        reject(new Error(`admin port: cannot bind ${address.host}:${address.port}: ${error.message}`));
      });
      const taken = deps.inherited?.take(PURPOSE, address.host, address.port);
      server.listen(taken === undefined ? { host: address.host, port: address.port } : { fd: taken.fd }, () => {
        const { address: host, port } = server.address() as AddressInfo;
        logger.info({ host, port }, 'admin port open');
        resolve({ host, port });
      });
      return promise;
    },
    get handed() {
      const fd = descriptorOf(server);
      if (fd === undefined) return null;
      return { purpose: PURPOSE, ...address, boundPort: (server.address() as AddressInfo).port, fd };
    },
    stopAccepting: () => void server.close(),
    close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      return promise;
    },
  };
}

function endpointsOf(views: AdminViews, { clock, logger }: AdminServerDeps): AdminEndpoint[] {
  const endpoints = [
    ...serverEndpoints(views, logger),
    ...statsEndpoints(views.stats),
    ...runtimeEndpoints(views),
    configDumpEndpoint(views),
    clustersEndpoint(views),
    listenersEndpoint(views),
    recorderEndpoint(views),
    explainEndpoint(views),
    certsEndpoint(views, () => clock.wallMs()),
  ];
  return [...endpoints, ...helpEndpoints(endpoints)];
}

async function answer(endpoints: readonly AdminEndpoint[], incoming: IncomingMessage): Promise<AdminReply> {
  const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'http://admin');
  const endpoint = endpoints.find(({ path }) => path === pathname);
  for (const [name, value] of new URLSearchParams(await readForm(incoming))) query.append(name, value);
  const refusal = guard({
    method: incoming.method ?? '',
    remoteAddress: incoming.socket.remoteAddress ?? '',
    host: incoming.headers.host,
    origin: incoming.headers.origin,
    fetchSite: headerText(incoming.headers['sec-fetch-site']),
    acceptLanguage: incoming.headers['accept-language'],
    changes: endpoint?.changes?.(query) ?? false,
  });
  if (refusal !== null) return textReply(`${refusal.message}\n`, refusal.status);
  if (endpoint === undefined) return textReply(`invalid path. ${helpText(endpoints)}`, 404);
  return endpoint.handle({ path: pathname, query });
}

/** The body of a form; anything else is read and not looked at. */
async function readForm(incoming: IncomingMessage): Promise<string> {
  const isForm = incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`the body is too large: at most ${BODY_BYTES_MAX} bytes are allowed`);
    if (isForm) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(outgoing: ServerResponse, { status, contentType, body, after }: AdminReply, clock: Clock): void {
  if (after !== undefined) outgoing.once('finish', after);
  outgoing.sendDate = false;
  outgoing.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
    server: 'envoy',
    date: new Date(clock.wallMs()).toUTCString(),
  });
  outgoing.end(body);
}

/** A header's first value. */
function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value[0] : value;
}
