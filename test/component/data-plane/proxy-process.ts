/** The proxy as a process of its own, in front of one endpoint: for tests of its memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { freePort } from '../../free-ports.ts';

const PROXY = join(import.meta.dirname, '..', '..', '..', 'bin', 'outrider');

/** What is set on the connection manager besides its route to the endpoint. */
export type ManagerFields = Readonly<Record<string, unknown>>;

/** A running proxy and where it listens. */
export interface ProxyProcess {
  readonly port: number;
  residentBytes(): number;
}

/** Starts `bin/outrider proxy -c` in front of that port; it ends with the test. */
export async function startProxy(t: Test, upstreamPort: number, manager: ManagerFields = {}): Promise<ProxyProcess> {
  const port = await freePort();
  const file = join(t.testdir(), 'proxy.json');
  writeFileSync(file, bootstrap(port, upstreamPort, manager));
  const child = spawn(process.execPath, [PROXY, 'proxy', '-c', file, '-l', 'off'], { stdio: 'ignore' });
  t.teardown(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  });
  await untilServed(port);
  return { port, residentBytes: () => residentBytes(child) };
}

function bootstrap(listen: number, upstream: number, fields: ManagerFields): string {
  const type = 'type.googleapis.com/envoy.extensions';
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const manager = {
    '@type': `${type}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'main',
    ...fields,
    route_config: {
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'a' } }] }],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': `${type}.filters.http.router.v3.Router` } }],
  };
  const many = 100_000;
  return JSON.stringify({
    static_resources: {
      listeners: [
        {
          name: 'main',
          address: address(listen),
          tcp_backlog_size: 4_096,
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'a',
          type: 'STATIC',
          connect_timeout: '5s',
          load_assignment: {
            cluster_name: 'a',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }],
          },
          circuit_breakers: {
            thresholds: [{ max_connections: many, max_pending_requests: many, max_requests: many }],
          },
        },
      ],
    },
  });
}

async function untilServed(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const served = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('close', () => undefined);
      setTimeout(() => socket.destroy(), 100);
    });
    if (served) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on ${port}`);
}

function residentBytes({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1_024;
}
