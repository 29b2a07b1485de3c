/**
 * Policy routing for interception that keeps the client's address: the sidecar's connections to its application carry
 * addresses of clients, and what answers them has to stay on this machine. Arguments of ip(8). PURE.
 *
 *   what is marked, and what comes from loopback addresses and would go elsewhere ──► a table in which everything is local
 */
import { CLIENT_ADDRESS_MARK } from '../../protos/contract/sidecar-place.ts';

export type Family = 'ipv4' | 'ipv6';

/** Of the table, and of the rules that lead into it, between the kernel's own: local (0) and main (32766). */
const TABLE = '15006';
const MARKED = '15006';
const LOOPBACK = '15007';

const OF_FAMILY = { ipv4: ['-4', '127.0.0.0/8'], ipv6: ['-6', '::1'] } as const;

/** Something that ip(8) adds and deletes. */
export interface Route {
  readonly add: readonly string[];
  readonly del: readonly string[];
}

/** In the order in which they are added. */
export function policyRoutes(family: Family): readonly Route[] {
  const [option, loopback] = OF_FAMILY[family];
  const route = (object: 'route' | 'rule', ...what: readonly string[]): Route => ({
    add: [option, object, 'add', ...what],
    del: [option, object, 'del', ...what],
  });
  return [
    route('route', 'local', 'default', 'dev', 'lo', 'table', TABLE),
    route('rule', 'fwmark', String(CLIENT_ADDRESS_MARK), 'lookup', TABLE, 'pref', MARKED),
    // The kernel would refuse to answer from there to an address that is not its own.
    route('rule', 'from', loopback, 'lookup', TABLE, 'pref', LOOPBACK),
  ];
}
