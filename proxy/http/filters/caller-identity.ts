import type { Exchange } from '../exchange.ts';

/**
 * Who calls, as TLS has proved it: the first URI name of the client's certificate, else its first DNS name, else its
 * subject, as for principals of RBAC. Null in the clear and without a certificate: what a client writes proves nothing.
 */
export function callerIdentity({ downstream }: Exchange): string | null {
  return downstream.connection.tls?.identities[0] || null;
}
