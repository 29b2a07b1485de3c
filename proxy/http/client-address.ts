/**
 * The address of the client that a request comes from, behind the proxies in front of this one (envoyproxy.io, HTTP header
 * manipulation, "x-forwarded-for"). Asked by logs and header edits. COLD.
 */
import { isIP } from 'node:net';
import { HeaderName } from './header-name.ts';
import type { Loggable } from './loggable.ts';
import type { HeaderFields } from './message.ts';

/** An address with its port; 0 where only the address is known. */
export interface ClientAddress {
  readonly address: string;
  readonly port: number;
}

const FORWARDED_FOR = new HeaderName('x-forwarded-for');

/** The address that the manager trusts: one of x-forwarded-for, or that of the connection. */
export function clientAddress(exchange: Loggable): ClientAddress {
  const { downstream, manager, head, sent } = exchange;
  const { clientHop } = manager;
  if (clientHop >= 0) {
    const chain = forwardedFor(sent === null ? head : sent.fields());
    const address = chain[chain.length - 1 - clientHop];
    if (address !== undefined && isIP(address) !== 0) return { address, port: 0 };
  }
  const { host, port } = downstream.connection.remote;
  return { address: host, port };
}

function forwardedFor(fields: HeaderFields): readonly string[] {
  const lines: string[] = [];
  for (let at = fields.find(FORWARDED_FOR, 0); at >= 0; at = fields.find(FORWARDED_FOR, at + 1)) {
    lines.push(fields.value(at));
  }
  // A line that was added here is not among those that came.
  if (lines.length === 0) lines.push(fields.first(FORWARDED_FOR) ?? '');
  return lines
    .join(',')
    .split(',')
    .map((each) => each.trim());
}
