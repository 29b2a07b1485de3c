/** envoy.config.core.v3.HealthCheck with Envoy's defaults. */
import { type HeaderValueOption, RequestMethod } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import type {
  HealthCheck_GrpcHealthCheck as GrpcMessage,
  HealthCheck,
  HealthCheck_HttpHealthCheck as HttpMessage,
  HealthCheck_Payload as Payload,
  HealthCheck_TcpHealthCheck as TcpMessage,
} from '../../../protos/gen/envoy/config/core/v3/health_check.ts';
import { CodecClientType } from '../../../protos/gen/envoy/type/v3/http.ts';
import type { Int64Range } from '../../../protos/gen/envoy/type/v3/range.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type {
  CheckHeader,
  GrpcProbeConfig,
  HealthCheckConfig,
  HttpProbeConfig,
  StatusRange,
  TcpProbeConfig,
} from '../model/health-check.ts';
import type { Decoding } from './decoding.ts';
import { decodeHeaderAdds } from './header-edits-decoder.ts';
import { decodeStringMatch } from './matcher-decoder.ts';
import { durationMs } from './values.ts';

const NO_TRAFFIC_MS = 60_000;
const BODY_BYTES = 1_024;
/** What is kept of a body where the configuration sets no limit. */
const BODY_BYTES_MAX = 65_536;
const OK_ALONE: readonly StatusRange[] = [{ start: 200, end: 201 }];

const METHODS: Readonly<Partial<Record<RequestMethod, string>>> = {
  [RequestMethod.GET]: 'GET',
  [RequestMethod.HEAD]: 'HEAD',
  [RequestMethod.POST]: 'POST',
  [RequestMethod.PUT]: 'PUT',
  [RequestMethod.DELETE]: 'DELETE',
  [RequestMethod.OPTIONS]: 'OPTIONS',
  [RequestMethod.TRACE]: 'TRACE',
  [RequestMethod.PATCH]: 'PATCH',
};

/** The check of a cluster, or null for none. Like Envoy it takes one. */
export function decodeHealthChecks(
  messages: readonly HealthCheck[],
  path: Path,
  decoding: Decoding,
): HealthCheckConfig | null {
  const [first] = messages;
  if (messages.length > 1) decoding.report([...path, 1], 'an endpoint is checked in one way: remove the others');
  return first === undefined ? null : decodeHealthCheck(first, [...path, 0], decoding);
}

function decodeHealthCheck(message: HealthCheck, path: Path, decoding: Decoding): HealthCheckConfig {
  const intervalMs = durationMs(message.interval, 0);
  const noTrafficIntervalMs = durationMs(message.noTrafficInterval, NO_TRAFFIC_MS);
  const unhealthyIntervalMs = durationMs(message.unhealthyInterval, intervalMs);
  for (const [field, value] of [
    ['unhealthy_threshold', message.unhealthyThreshold],
    ['healthy_threshold', message.healthyThreshold],
  ] as const) {
    if (value === 0) decoding.report([...path, field], '0 checks decide nothing: it must be at least 1');
  }
  return {
    probe: decodeProbe(message, path, decoding),
    timeoutMs: durationMs(message.timeout, 0),
    intervalMs,
    initialJitterMs: durationMs(message.initialJitter, 0),
    intervalJitterMs: durationMs(message.intervalJitter, 0),
    intervalJitterPercent: message.intervalJitterPercent,
    unhealthyThreshold: message.unhealthyThreshold ?? 1,
    healthyThreshold: message.healthyThreshold ?? 1,
    altPort: message.altPort ?? null,
    reuseConnection: message.reuseConnection ?? true,
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs: durationMs(message.noTrafficHealthyInterval, noTrafficIntervalMs),
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: durationMs(message.unhealthyEdgeInterval, unhealthyIntervalMs),
    healthyEdgeIntervalMs: durationMs(message.healthyEdgeInterval, intervalMs),
    alpnProtocols: message.tlsOptions?.alpnProtocols ?? [],
  };
}

function decodeProbe({ healthChecker }: HealthCheck, path: Path, decoding: Decoding): HealthCheckConfig['probe'] {
  switch (healthChecker?.$case) {
    case 'httpHealthCheck':
      return decodeHttp(healthChecker.value, [...path, 'http_health_check'], decoding);
    case 'grpcHealthCheck':
      return decodeGrpc(healthChecker.value, [...path, 'grpc_health_check'], decoding);
    case 'tcpHealthCheck':
      return decodeTcp(healthChecker.value, [...path, 'tcp_health_check'], decoding);
    case undefined:
      // The constraints have reported it.
      return { kind: 'tcp', send: '', receive: [] };
  }
}

function decodeHttp(message: HttpMessage, path: Path, decoding: Decoding): HttpProbeConfig {
  const expectedStatuses = decodeStatuses(message.expectedStatuses, [...path, 'expected_statuses'], decoding);
  const { responseBufferSize = BODY_BYTES } = message;
  const method = METHODS[message.method] ?? 'GET';
  if (method === 'HEAD' && message.receive.length > 0)
    decoding.report([...path, 'receive'], 'the answer to HEAD has no body that could be looked at');
  return {
    kind: 'http',
    codec: message.codecClientType === CodecClientType.HTTP2 ? 'http2' : 'http1',
    host: message.host,
    method,
    path: message.path,
    headers: decodeHeaders(message.requestHeadersToAdd, [...path, 'request_headers_to_add'], decoding),
    removedHeaders: message.requestHeadersToRemove.map((name) => name.toLowerCase()),
    expectedStatuses: expectedStatuses.length === 0 ? OK_ALONE : expectedStatuses,
    retriableStatuses: decodeStatuses(message.retriableStatuses, [...path, 'retriable_statuses'], decoding),
    serviceName:
      message.serviceNameMatcher === undefined
        ? null
        : decodeStringMatch(message.serviceNameMatcher, [...path, 'service_name_matcher'], decoding),
    receive: decodePayloads(message.receive, [...path, 'receive'], decoding),
    bodyBytes: responseBufferSize === 0 ? BODY_BYTES_MAX : Math.min(responseBufferSize, BODY_BYTES_MAX),
  };
}

function decodeGrpc(message: GrpcMessage, path: Path, decoding: Decoding): GrpcProbeConfig {
  return {
    kind: 'grpc',
    service: message.serviceName,
    authority: message.authority,
    metadata: decodeHeaders(message.initialMetadata, [...path, 'initial_metadata'], decoding),
  };
}

function decodeTcp(message: TcpMessage, path: Path, decoding: Decoding): TcpProbeConfig {
  return {
    kind: 'tcp',
    send: message.send === undefined ? '' : decodePayload(message.send, [...path, 'send'], decoding),
    receive: decodePayloads(message.receive, [...path, 'receive'], decoding),
  };
}

function decodeStatuses(ranges: readonly Int64Range[], path: Path, decoding: Decoding): StatusRange[] {
  return ranges.map((range, i) => {
    const start = Number(range.start);
    const end = Number(range.end);
    if (start < 100 || end > 600 || start >= end)
      decoding.report([...path, i], `${start} to ${end} is no range of statuses: 100 to 600, the end is not in it`);
    return { start, end };
  });
}

/** A check belongs to no request: there is nothing that a command could be about. */
function decodeHeaders(options: readonly HeaderValueOption[], path: Path, decoding: Decoding): CheckHeader[] {
  return decodeHeaderAdds(options, path, decoding).map(({ name, value, action }, i) => {
    let text = '';
    for (const part of value) {
      if (part.kind === 'text') text += part.text;
      else decoding.report([...path, i, 'header', 'value'], 'checks have literal headers only: no %COMMAND%');
    }
    return { name, value: text, action };
  });
}

function decodePayloads(payloads: readonly Payload[], path: Path, decoding: Decoding): string[] {
  return payloads.map((payload, i) => decodePayload(payload, [...path, i], decoding));
}

/** `text` is hexadecimal. */
function decodePayload({ payload }: Payload, path: Path, decoding: Decoding): string {
  if (payload?.$case !== 'text') return payload?.value.latin1Slice() ?? '';
  if (!/^(?:[0-9a-f]{2})+$/i.test(payload.value))
    decoding.report([...path, 'text'], `${JSON.stringify(payload.value)} is not hexadecimal: two digits for each byte`);
  return Buffer.from(payload.value, 'hex').latin1Slice();
}
