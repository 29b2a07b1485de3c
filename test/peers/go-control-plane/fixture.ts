/** One test: a control plane, a proxy that it drives, endpoints behind the proxy, clients in front, and who is in between. */
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import type { TestIdentity } from '../../fakes/certificates.ts';
import { until } from '../../until.ts';
import { missingGoPeers } from '../http2/go-peers.ts';
import { chosenKind, missingProxy, RunningProxy } from '../http2/proxies.ts';
import { ControlPlane, type Kind, type Seen } from './control-plane.ts';
import { type BootstrapChange, bootstrap } from './resources.ts';

/** Which proxy is judged. */
export const KIND = chosenKind();

/** Why these tests have to be skipped, or false. */
export const SKIP = missingGoPeers('go-control-plane') || missingProxy(KIND);

/** The two variants of xDS. */
export const VARIANTS = [
  { name: 'SotW', delta: false },
  { name: 'delta', delta: true },
] as const;

/** A proxy driven by a control plane. */
export class Driven {
  readonly control: ControlPlane;
  readonly proxy: RunningProxy;
  readonly delta: boolean;

  constructor(control: ControlPlane, proxy: RunningProxy, delta: boolean) {
    this.control = control;
    this.proxy = proxy;
    this.delta = delta;
  }

  /** Where the listener of the test is. */
  get port(): number {
    return this.proxy.port;
  }

  /** Waits for the answer to what was served last of a kind: an ACK, or a NACK with its text. */
  async answer(kind: Kind, version: string): Promise<Seen> {
    const requests = () => this.control.requests(({ type, nonce }) => type === kind && nonce !== undefined);
    return until(`an answer to ${kind} ${version}`, async () =>
      (await requests()).find((each) => this.delta || each.version === version || each.error !== undefined),
    );
  }

  /** The texts of all NACKs of a kind. */
  async nacks(kind: Kind): Promise<readonly string[]> {
    const all = await this.control.requests(({ type, error }) => type === kind && error !== undefined);
    return all.map(({ error }) => error!);
  }

  /** A statistic, waited for. */
  async statistic(name: string, fits: (value: number) => boolean = (value) => value > 0): Promise<number> {
    return until(`${name} in /stats`, async () => {
      const value = (await this.proxy.statistics()).get(name);
      return value !== undefined && fits(value) && value + 1;
    }).then((value) => value - 1);
  }

  async dump(query = ''): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.proxy.adminPort}/config_dump${query}`)).text();
  }
}

/** Starts both. `change` is of the bootstrap, and is told the port of the control plane. */
export async function start(
  t: Test,
  delta: boolean,
  change: BootstrapChange = {},
  options: readonly string[] = [],
): Promise<Driven> {
  const control = await ControlPlane.start(...options);
  t.teardown(() => control.stop());
  const proxy = await RunningProxy.start(KIND, {
    make: (_port, adminPort) => bootstrap(control.xdsPort, delta, adminPort, change),
    logLevel: 'debug',
  });
  t.teardown(() => proxy.stop());
  return new Driven(control, proxy, delta);
}

/** An endpoint that answers everything with its name, after `delayMs`. */
export async function endpoint(
  t: Test,
  name: string,
  how: { readonly tls?: TestIdentity; readonly http2?: boolean; readonly delayMs?: number } = {},
): Promise<{ readonly port: number; connections(): number }> {
  let connections = 0;
  const answer = async (_: unknown, response: { end(text: string): unknown }) => {
    if (how.delayMs !== undefined) await sleep(how.delayMs);
    response.end(name);
  };
  const pems = how.tls === undefined ? {} : { cert: how.tls.chainPem, key: how.tls.keyPem };
  const server = makeServer(how, pems, answer);
  server.on(how.tls === undefined ? 'connection' : 'secureConnection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

function makeServer(
  { tls, http2 = false }: { readonly tls?: TestIdentity; readonly http2?: boolean },
  pems: { readonly cert?: string; readonly key?: string },
  answer: (request: never, response: { end(text: string): unknown }) => void,
): Server {
  const handler = answer as never;
  if (http2) return (tls === undefined ? createHttp2Server(handler) : createSecureServer(pems, handler)) as never;
  return tls === undefined ? createServer(handler) : (createTlsServer(pems, handler) as never);
}

/** What a request came to: `200 name`, or the error's code. */
export async function ask(port: number, agent?: Agent): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', ...(agent && { agent }), timeout: 10_000 }, async (response) => {
      try {
        resolve(`${response.statusCode} ${await textOf(response)}`);
      } catch (error) {
        resolve((error as NodeJS.ErrnoException).code ?? String(error));
      }
    });
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.once('timeout', () => request.destroy(new Error('no answer within 10 s')));
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

/** Requests without a pause over a few connections, until stopped; counts what they came to. */
export class Load {
  readonly outcomes = new Map<string, number>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #runs: Promise<void>[];
  #stopped = false;

  constructor(port: number, clients = 4) {
    this.#runs = Array.from({ length: clients }, () => this.#run(port));
  }

  /** Waits until so many more requests have come to that. */
  async more(count: number, outcome: string): Promise<void> {
    const before = this.outcomes.get(outcome) ?? 0;
    await until(`${count} times ${outcome}`, () => (this.outcomes.get(outcome) ?? 0) >= before + count);
  }

  /** What did not come to one of these. */
  async stop(...good: readonly string[]): Promise<Record<string, number>> {
    this.#stopped = true;
    await Promise.all(this.#runs);
    this.#agent.destroy();
    return Object.fromEntries([...this.outcomes].filter(([outcome]) => !good.includes(outcome)));
  }

  async #run(port: number): Promise<void> {
    while (!this.#stopped) {
      const outcome = await ask(port, this.#agent);
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    }
  }
}

/** A TLS connection to that port: the common name of who answers, or the error's code. It stays open until closed. */
export async function handshake(
  port: number,
  options: { readonly ca: string; readonly identity?: TestIdentity },
): Promise<{ readonly name: string; readonly socket: TLSSocket }> {
  const { ca, identity } = options;
  const pems = identity === undefined ? {} : { cert: identity.chainPem, key: identity.keyPem };
  const socket = connect({ port, host: '127.0.0.1', ca, ...pems, rejectUnauthorized: false, servername: 'shop.test' });
  return new Promise((resolve) => {
    const ended = (error?: NodeJS.ErrnoException) => resolve({ name: error?.code ?? 'closed', socket });
    socket.once('secureConnect', () => {
      const name = String(socket.getPeerCertificate().subject?.CN);
      // Under TLS 1.3 a server that refuses the client's certificate says so after the handshake.
      socket.write('GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n');
      socket.once('data', () => resolve({ name, socket }));
    });
    socket.on('error', ended);
    socket.once('close', () => ended());
  });
}

/** One more request on a connection: the first line of its answer. */
export function again(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (data: Buffer) => resolve(data.toString('latin1').split('\r\n')[0]!));
    socket.once('close', () => resolve('closed'));
    socket.write('GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n');
  });
}
