/**
 * A sidecar is replaced under load, 500 requests a second over HTTP/1.1, HTTP/2 and TCP, on connections that are kept and on
 * new ones: nobody is refused and nothing fails. A replacement that is broken changes nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer as createTcp, type Server } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { testFolder } from '../folder.ts';
import { freePort } from '../free-ports.ts';
import { OUTRIDER, until } from '../integration/running-up.ts';

/** One request of each of the four kinds: 500 a second. */
const INTERVAL_MS = 8;
/** On a machine that has no time the load waits: this is about requests that are lost, not about slow ones. */
const PENDING_MAX = 200;
const PATIENCE_MS = 60_000;

interface Ports {
  readonly admin: number;
  readonly http: number;
  readonly tcp: number;
}

async function endpoints(t: Test) {
  const http = createHttp((incoming, outgoing) => {
    incoming.resume();
    incoming.on('end', () => setTimeout(() => outgoing.end('whole'), 5));
  }).listen(0, '127.0.0.1');
  const tcp = createTcp((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await Promise.all([once(http, 'listening'), once(tcp, 'listening')]);
  t.teardown(() => {
    http.close();
    http.closeAllConnections();
    tcp.close();
  });
  const portOf = (server: Server) => (server.address() as AddressInfo).port;
  return { http: portOf(http), tcp: portOf(tcp) };
}

const EXTENSIONS = 'type.googleapis.com/envoy.extensions.filters';

function bootstrapOf(ports: Ports, to: { readonly http: number; readonly tcp: number }, change: object = {}): string {
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const cluster = (name: string, port: number) => ({
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
  });
  const listener = (name: string, port: number, config: object) => ({
    name,
    traffic_direction: 'INBOUND',
    address: address(port),
    filter_chains: [{ filters: [{ name, typed_config: config }] }],
  });
  const manager = {
    '@type': `${EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'http',
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'http' } }] },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': `${EXTENSIONS}.http.router.v3.Router` } }],
  };
  const tcp = { '@type': `${EXTENSIONS}.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: 'tcp' };
  return JSON.stringify({
    admin: { address: address(ports.admin) },
    static_resources: {
      listeners: [listener('http', ports.http, manager), listener('tcp', ports.tcp, tcp)],
      clusters: [cluster('http', to.http), cluster('tcp', to.tcp)],
    },
    ...change,
  });
}

/** Requests of every kind, until stopped. */
class Load {
  readonly failures: string[] = [];
  readonly done = { keepAlive: 0, fresh: 0, http2: 0, tcp: 0 };
  /** HTTP/2 streams that went to the next connection. */
  again = 0;
  readonly #ports: Ports;
  readonly #agent = new Agent({ connections: 20, pipelining: 1 });
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #session: ClientHttp2Session | null = null;
  #turn = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
    const kinds = {
      keepAlive: () => this.#http1(false),
      fresh: () => this.#http1(true),
      http2: () => this.#http2(),
      tcp: () => this.#tcp(),
    };
    this.#timer = setInterval(() => {
      this.#turn++;
      if (this.#pending.size >= PENDING_MAX) return;
      for (const [name, run] of Object.entries(kinds)) {
        const one: Promise<void> = run()
          .then(
            () => void this.done[name as keyof typeof kinds]++,
            (error: Error) => void this.failures.push(`${name}: ${error.message}`),
          )
          .finally(() => this.#pending.delete(one));
        this.#pending.add(one);
      }
    }, INTERVAL_MS);
  }

  get total(): number {
    return Object.values(this.done).reduce((sum, each) => sum + each, 0);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    this.#session?.close();
    await this.#agent.destroy();
  }

  async #http1(reset: boolean): Promise<void> {
    const post = this.#turn % 2 === 0;
    const options = post ? ({ method: 'POST', body: 'x'.repeat(1_000) } as const) : ({ method: 'GET' } as const);
    const answer = await request(`http://127.0.0.1:${this.#ports.http}/`, {
      ...options,
      reset,
      dispatcher: this.#agent,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200 || text !== 'whole') throw new Error(`${answer.statusCode} "${text}"`);
  }

  /**
   * A stream that is refused was not begun, and belongs to the next connection (RFC 9113, section 8.7): Node's client refuses
   * those itself that it is handed between a GOAWAY and the news of it.
   */
  async #http2(): Promise<void> {
    try {
      await this.#stream();
    } catch (error) {
      if (!(error as Error).message.includes('NGHTTP2_REFUSED_STREAM')) throw error;
      this.again++;
      this.#session = null;
      await this.#stream();
    }
  }

  #stream(): Promise<void> {
    const session = this.#openSession();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stream = session.request({ ':path': '/' });
    let status = 0;
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('close', () =>
      status === 200 && text === 'whole' ? resolve() : reject(new Error(`${status} "${text}"`)),
    );
    return promise;
  }

  #openSession(): ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connectHttp2(`http://127.0.0.1:${this.#ports.http}`);
    session.on('error', (error) => this.failures.push(`http2 session: ${error.message}`));
    const gone = () => {
      if (this.#session === session) this.#session = null;
    };
    session.on('goaway', gone);
    session.on('close', gone);
    this.#session = session;
    return session;
  }

  /** Half of them speak for a second. */
  #tcp(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect(this.#ports.tcp, '127.0.0.1');
    const parts = this.#turn % 2 === 0 ? 1 : 10;
    let echoed = '';
    const say = (left: number) => {
      if (left === 0) socket.end();
      else {
        socket.write('part.');
        setTimeout(() => say(left - 1), 100);
      }
    };
    socket.on('connect', () => say(parts));
    socket.on('data', (chunk) => {
      echoed += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => (echoed === 'part.'.repeat(parts) ? resolve() : reject(new Error(`echoed "${echoed}"`))));
    return promise;
  }
}

class Replaced {
  output = '';
  readonly first: ChildProcess;
  readonly pids: number[] = [];
  readonly #admin: number;

  constructor(file: string, admin: number) {
    this.#admin = admin;
    const args = [OUTRIDER, 'proxy', '-c', file, '--drain-time-s', '15', '--hot-restart-timeout-s', '20'];
    this.first = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.pids.push(this.first.pid!);
    this.first.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      this.output += chunk;
    });
  }

  /** `ask` of the admin port by a new connection. */
  async ask(pathname: string, method: 'GET' | 'POST' = 'GET'): Promise<{ status: number; text: string }> {
    const url = `http://127.0.0.1:${this.#admin}${pathname}`;
    const answer = await request(url, { method, reset: true, headersTimeout: PATIENCE_MS });
    return { status: answer.statusCode, text: await answer.body.text() };
  }

  async restart(): Promise<{ status: number; text: string }> {
    const answer = await this.ask('/hot_restart', 'POST');
    if (answer.status === 200) this.pids.push((JSON.parse(answer.text) as { pid: number }).pid);
    return answer;
  }
}

const runs = (pid: number) => existsSync(`/proc/${pid}`);

t.setTimeout(240_000);

t.test('a sidecar is replaced under load: nothing is refused and nothing fails', async (t) => {
  const to = await endpoints(t);
  const ports = { admin: await freePort(), http: await freePort(), tcp: await freePort() };
  const file = path.join(testFolder(t), 'bootstrap.json');
  writeFileSync(file, bootstrapOf(ports, to));
  const sidecar = new Replaced(file, ports.admin);
  t.teardown(() => {
    for (const pid of sidecar.pids) if (runs(pid)) process.kill(pid, 'SIGKILL');
  });
  const ready = async () => (await sidecar.ask('/ready').catch(() => ({ status: 0 }))).status === 200;
  await until(ready, PATIENCE_MS, () => `not ready:\n${sidecar.output}`);
  const load = new Load(ports);
  t.teardown(() => load.stop());
  const more = async (count: number) => {
    const goal = load.total + count;
    await until(
      () => load.total >= goal || load.failures.length > 0,
      PATIENCE_MS,
      () => 'no load',
    );
  };
  await more(500);

  for (const epoch of [1, 2, 3]) {
    const answer = await sidecar.restart();
    t.equal(answer.status, 200, answer.text);
    await more(500);
    t.match((await sidecar.ask('/stats?filter=hot_restart_epoch')).text, `server.hot_restart_epoch: ${epoch}`);
    t.equal((await sidecar.ask('/ready')).status, 200);
  }
  const [first, second, third, last] = sidecar.pids as [number, number, number, number];
  // The predecessors end by themselves, with nothing cut.
  await until(
    () => ![first, second, third].some(runs),
    PATIENCE_MS,
    () => `they still run:\n${sidecar.output}`,
  );
  t.notMatch(sidecar.output, /are cut/);
  t.equal(sidecar.first.exitCode, 0);
  t.ok(runs(last));

  // Broken in three ways: it is refused, it cannot bind, it is never ready.
  const busy = createTcp().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const { port: taken } = busy.address() as AddressInfo;
  const nobody = await freePort();
  const broken: readonly (readonly [string, RegExp])[] = [
    [bootstrapOf(ports, to, { admn: {} }), /does not start: .*admn/s],
    [bootstrapOf({ ...ports, tcp: taken }, to), /does not start: .*EADDRINUSE/s],
    [waitingForEver(bootstrapOf(ports, to), nobody), /not ready after 20000 ms; it waits for .*control plane/],
  ];
  for (const [text, why] of broken) {
    writeFileSync(file, text);
    const answer = await sidecar.restart();
    t.equal(answer.status, 503);
    t.match(answer.text, why);
    await more(200);
    t.match(sidecar.output, /hot restart failed, and this process goes on/);
    t.ok(runs(last), 'the old one serves');
  }
  busy.close();

  // And once more, by the signal.
  writeFileSync(file, bootstrapOf(ports, to));
  process.kill(last, 'SIGUSR2');
  const replaced = async () => /hot_restart_epoch: 4/.test((await sidecar.ask('/stats?filter=epoch')).text);
  await until(replaced, PATIENCE_MS, () => `not replaced by the signal:\n${sidecar.output}`);
  await more(200);
  await until(
    () => /"epoch":4/.test(sidecar.output),
    PATIENCE_MS,
    () => sidecar.output,
  );
  const served = /"pid":(\d+),"epoch":4/.exec(sidecar.output)?.[1];
  sidecar.pids.push(Number(served));
  await load.stop();
  t.same(load.failures.slice(0, 10), []);
  t.equal(load.failures.length, 0);
  t.ok(load.again < load.done.http2 / 50, `${load.again} streams went to the next connection`);
  t.comment(JSON.stringify(load.done));
  process.kill(Number(served), 'SIGTERM');
  await until(
    () => !runs(Number(served)),
    PATIENCE_MS,
    () => 'the last one does not end',
  );
});

/** With a control plane that is not there. */
function waitingForEver(text: string, port: number): string {
  const bootstrap = JSON.parse(text) as { static_resources: { clusters: object[] } };
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  bootstrap.static_resources.clusters.push({
    name: 'xds',
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: 'xds', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  });
  const grpc = { envoy_grpc: { cluster_name: 'xds' } };
  const source = { ads: {}, resource_api_version: 'V3' };
  return JSON.stringify({
    node: { id: 'a', cluster: 'a' },
    ...bootstrap,
    dynamic_resources: {
      ads_config: { api_type: 'DELTA_GRPC', transport_api_version: 'V3', grpc_services: [grpc] },
      cds_config: source,
      lds_config: source,
    },
  });
}
