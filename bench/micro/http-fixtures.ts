/** What the micro-benchmarks of both HTTP codecs stand on: a route table, a manager, and a socket that swallows. */
import type { Socket } from 'node:net';
import { SeededRandom } from '../../kernel/random.ts';
import { ConnectionManager } from '../../proxy/http/connection-manager.ts';
import { DateHeader } from '../../proxy/http/date-header.ts';
import type { Exchange } from '../../proxy/http/exchange.ts';
import { FilterChain } from '../../proxy/http/filter.ts';
import { ManagerStats } from '../../proxy/http/manager-stats.ts';
import type { Verdict } from '../../proxy/http/verdict.ts';
import type { ConnectionInfo } from '../../proxy/net/connection-info.ts';
import type { Loop } from '../../proxy/net/loop.ts';
import { RouteTable } from '../../proxy/routing/route-table.ts';
import { Runtime } from '../../proxy/routing/runtime.ts';
import { forward, httpManager, prefixMatch, route, routeTable, virtualHost } from '../../test/fakes/config-builders.ts';

const remote = { host: '10.0.0.1', port: 4711 };

/** A client's connection. */
export const CONNECTION: ConnectionInfo = {
  id: 0,
  remote,
  directRemote: remote,
  local: { host: '10.0.0.2', port: 80 },
  restored: false,
  source: null,
  serverName: null,
  tls: null,
};

/** Nobody asks what becomes of the connection. */
export const OWNER = { onClosed: (): void => undefined };

/** Thirty routes by other prefixes, and then the one of `prefix`. */
export function tableEndingIn(prefix: string): RouteTable {
  const routes = Array.from({ length: 30 }, (_, i) => route(prefixMatch(`/api/service-${i}/`), forward('a')));
  routes.push(route(prefixMatch(prefix), forward('a')));
  return new RouteTable(routeTable('t', [virtualHost(['*'], routes)]), new Runtime(), new SeededRandom(1));
}

/** A manager whose only filter is the endpoint. */
export function managerOf(
  loop: Loop,
  table: RouteTable,
  onRequest: (exchange: Exchange) => Verdict,
): ConnectionManager {
  const chain = new FilterChain([{ name: 'endpoint', onRequest, onResponse: null, onComplete: null }]);
  const shared = { loop, date: new DateHeader(), tls: false };
  return new ConnectionManager(httpManager(table.config), new ManagerStats('bench'), { chain, table }, shared);
}

/** Takes what is written and counts it. */
export function sinkSocket(): { readonly socket: Socket; written(): number } {
  let written = 0;
  const socket = {
    on: () => undefined,
    write: (data: string | Buffer) => {
      written += data.length;
    },
    writableNeedDrain: false,
    writableLength: 0,
  };
  return { socket: socket as unknown as Socket, written: () => written };
}
