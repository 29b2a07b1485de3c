/** What formats and log filters read: an exchange while it runs or when it is over, and a TCP session alike. */
import type { ConnectionInfo } from '../net/connection-info.ts';
import type { Route } from '../routing/route-table.ts';
import type { ExchangeManager } from './exchange.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { Failure } from './failure.ts';
import type { RequestHead } from './message.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

export interface Loggable {
  readonly manager: Pick<ExchangeManager, 'nowMs' | 'wallTimeOf' | 'hostname' | 'scheme' | 'clientHop'>;
  /** `protocol` is null where there is none above TCP. */
  readonly downstream: { readonly connection: ConnectionInfo; readonly protocol: string | null };
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  /** Means nothing when the request could not be read, and is used up once it was forwarded: then `sent` tells. */
  readonly head: RequestHead;
  readonly unreadable: boolean;
  readonly sent: OutgoingRequest | null;
  /** `HTTP/1.1`; empty while nothing was sent. */
  readonly upstreamProtocol: string;
  readonly route: Route | null;
  readonly clusterName: string;
  readonly upstreamHost: string;
  readonly attempts: number;
  readonly record: ExchangeRecord | null;
  /** Sent to the client; 0 for none. */
  readonly status: number;
  readonly responseStarted: boolean;
  /** It asks how this proxy is: no request of the application. */
  readonly healthCheck: boolean;
  readonly flags: readonly string[] | null;
  readonly failure: Failure | null;
}
