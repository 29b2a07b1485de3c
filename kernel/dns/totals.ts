/**
 * What a DNS server counts.
 */
import type { Rcode } from './query.ts';

/** Counts since the start. */
export class DnsTotals {
  readonly queries = { udp: 0, tcp: 0 };
  readonly rcodes: Record<Rcode, number> = {
    NOERROR: 0,
    FORMERR: 0,
    SERVFAIL: 0,
    NXDOMAIN: 0,
    NOTIMP: 0,
    REFUSED: 0,
    BADVERS: 0,
  };
  truncated = 0;
  /** Messages that are no questions. */
  dropped = 0;
  /** Questions above the limit of their source. */
  limited = 0;
  /** Connections that were refused: too many, or no DNS. */
  refusedConnections = 0;
}
