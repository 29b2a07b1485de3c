/** The `%COMMAND%`s of substitution formats, by name (envoyproxy.io, "Access logging", command operators). */
import { hostPortText } from '../../kernel/host-port.ts';
import { clientAddress } from './client-address.ts';
import type { HeaderValues } from './exchange-record.ts';
import { HeaderName } from './header-name.ts';
import type { Loggable } from './loggable.ts';
import { compileStartTime } from './start-time.ts';

/** Evaluates one command. `response` are the fields of the answer, null before there is one. */
export type Evaluate = (exchange: Loggable, response: HeaderValues | null) => string | number | null;

/** Commands without arguments. */
export const COMMANDS: Readonly<Record<string, Evaluate>> = {
  PROTOCOL: protocolOf,
  RESPONSE_CODE: ({ status }) => status,
  RESPONSE_CODE_DETAILS: responseCodeDetails,
  RESPONSE_FLAGS: (exchange) => responseFlags(exchange).join(',') || '-',
  RESPONSE_FLAGS_LONG: (exchange) => responseFlags(exchange).map(longName).join(',') || '-',
  BYTES_RECEIVED: ({ record }) => record?.bytesReceived ?? 0,
  BYTES_SENT: ({ record }) => record?.bytesSent ?? 0,
  DURATION: ({ manager, startedMs }) => Math.floor(manager.nowMs() - startedMs),
  REQUEST_DURATION: (exchange) => sinceStart(exchange, exchange.record?.requestDoneMs),
  RESPONSE_DURATION: (exchange) => sinceStart(exchange, exchange.record?.answerStartMs),
  RESPONSE_TX_DURATION: responseTxDuration,
  UPSTREAM_HOST: ({ upstreamHost }) => upstreamHost || null,
  UPSTREAM_LOCAL_ADDRESS: ({ record }) => record?.upstreamLocalAddress || null,
  // Connections to endpoints are not encrypted: there is no handshake to fail.
  UPSTREAM_TRANSPORT_FAILURE_REASON: () => null,
  UPSTREAM_CLUSTER: ({ clusterName }) => clusterName || null,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ attempts }) => attempts,
  UPSTREAM_PROTOCOL: ({ upstreamProtocol }) => upstreamProtocol || null,
  DOWNSTREAM_REMOTE_ADDRESS: (exchange) => {
    const { address, port } = clientAddress(exchange);
    return hostPortText({ host: address, port });
  },
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (exchange) => clientAddress(exchange).address,
  DOWNSTREAM_REMOTE_PORT: (exchange) => clientAddress(exchange).port,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: ({ downstream }) => hostPortText(downstream.connection.directRemote),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: ({ downstream }) => downstream.connection.directRemote.host,
  DOWNSTREAM_LOCAL_ADDRESS: ({ downstream }) => hostPortText(downstream.connection.local),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ downstream }) => downstream.connection.local.host,
  DOWNSTREAM_LOCAL_PORT: ({ downstream }) => downstream.connection.local.port,
  DOWNSTREAM_TLS_VERSION: ({ downstream }) => downstream.connection.tls?.version || null,
  DOWNSTREAM_TLS_CIPHER: ({ downstream }) => downstream.connection.tls?.cipher || null,
  DOWNSTREAM_PEER_SUBJECT: ({ downstream }) => downstream.connection.tls?.subject ?? null,
  DOWNSTREAM_PEER_URI_SAN: ({ downstream }) => downstream.connection.tls?.names('uri') || null,
  DOWNSTREAM_PEER_DNS_SAN: ({ downstream }) => downstream.connection.tls?.names('dns') || null,
  REQUESTED_SERVER_NAME: ({ downstream }) => downstream.connection.serverName,
  CONNECTION_ID: ({ downstream }) => downstream.connection.id,
  HOSTNAME: ({ manager }) => manager.hostname,
  ROUTE_NAME: ({ route }) => route?.config.name || null,
  // Virtual clusters are not honoured: no request has one.
  VIRTUAL_CLUSTER_NAME: () => null,
  STREAM_ID: (exchange) => requestField(exchange, REQUEST_ID),
};

/** Commands with arguments: compiled from them. */
export const PARAMETERISED: Readonly<Record<string, (args: readonly string[]) => Evaluate>> = {
  REQ: requestHeader,
  RESP: responseHeader,
  START_TIME: (args) => {
    const render = compileStartTime(args[0] ?? '');
    return ({ manager, startedMs }) => render(manager.wallTimeOf(startedMs));
  },
};

const REQUEST_ID = new HeaderName('x-request-id');

const LONG_NAMES: Readonly<Record<string, string>> = {
  DC: 'DownstreamConnectionTermination',
  DI: 'DelayInjected',
  DPE: 'DownstreamProtocolError',
  FI: 'FaultInjected',
  LH: 'FailedLocalHealthCheck',
  NC: 'NoClusterFound',
  NR: 'NoRouteFound',
  RL: 'RateLimited',
  SI: 'StreamIdleTimeout',
  UC: 'UpstreamConnectionTermination',
  UF: 'UpstreamConnectionFailure',
  UH: 'NoHealthyUpstream',
  UO: 'UpstreamOverflow',
  UPE: 'UpstreamProtocolError',
  UR: 'UpstreamRemoteReset',
  URX: 'UpstreamRetryLimitExceeded',
  UT: 'UpstreamRequestTimeout',
};

function longName(flag: string): string {
  return LONG_NAMES[flag] ?? flag;
}

/** The response flags in the order in which they were raised; empty when all went well. */
export function responseFlags({ flags, failure }: Loggable): readonly string[] {
  const own = failure === null || failure.flag === '-' ? [] : [failure.flag];
  return flags === null ? own : [...flags, ...own];
}

function protocolOf({ downstream }: Loggable): string | null {
  return downstream.protocol;
}

function responseCodeDetails({ failure, responseStarted, record }: Loggable): string | null {
  if (failure !== null) return failure.details;
  if (!responseStarted) return null;
  return record?.answerStartMs === -1 ? record.localDetails : 'via_upstream';
}

function sinceStart({ startedMs }: Loggable, ms: number | undefined): number | null {
  return ms === undefined || ms < 0 ? null : Math.floor(ms - startedMs);
}

function responseTxDuration({ record }: Loggable): number | null {
  if (record === null || record.answerStartMs < 0 || record.answerEndMs < 0) return null;
  return Math.floor(record.answerEndMs - record.answerStartMs);
}

function requestHeader(args: readonly string[]): Evaluate {
  const names = args.map((name) => new HeaderName(name));
  return (exchange) => {
    for (const name of names) {
      const value = requestField(exchange, name);
      if (value !== null) return value;
    }
    return null;
  };
}

/** The head is used up once it was forwarded; what went out still tells. */
function requestField(exchange: Loggable, name: HeaderName): string | null {
  const { head, sent, unreadable } = exchange;
  if (unreadable) return null;
  const request = sent ?? head;
  switch (name.name) {
    case ':method':
      return request.method || null;
    case ':path':
      return request.path || null;
    case ':authority':
      return request.authority || null;
    case ':scheme':
      return requestField(exchange, FORWARDED_PROTO) ?? exchange.manager.scheme;
    default:
      return request.first(name);
  }
}

const FORWARDED_PROTO = new HeaderName('x-forwarded-proto');

function responseHeader(args: readonly string[]): Evaluate {
  const names = args.map((name) => new HeaderName(name));
  return (exchange, response) => {
    for (const name of names) {
      const value = name.name === ':status' ? String(exchange.status) : (response?.first(name) ?? null);
      if (value !== null) return value;
    }
    return null;
  };
}
