/** envoy.extensions.filters.http.fault.v3.HTTPFault, with Envoy's runtime keys where none is set; and faults that expire. */
import type { FaultDelay } from '../../../../protos/gen/envoy/extensions/filters/common/fault/v3/fault.ts';
import type { FaultAbort, HTTPFault } from '../../../../protos/gen/envoy/extensions/filters/http/fault/v3/fault.ts';
import type { ExpiringFault } from '../../../../protos/gen/outrider/filters/http/v1/limits.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { ExpiringFaultConfig, FaultConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeHeaderMatch } from '../matcher-decoder.ts';
import { durationMs, runtimeFraction } from '../values.ts';

/** The filter's settings, its own or those of a route. */
export function decodeFault(message: HTTPFault, path: Path, decoding: Decoding): FaultConfig {
  return {
    kind: 'fault',
    delay: message.delay === undefined ? null : decodeDelay(message.delay, message),
    abort: message.abort === undefined ? null : decodeAbort(message.abort, message),
    upstreamCluster: message.upstreamCluster,
    headers: message.headers.map((each, i) => decodeHeaderMatch(each, [...path, 'headers', i], decoding)),
    downstreamNodes: message.downstreamNodes,
    maxActiveFaults: message.maxActiveFaults ?? null,
    maxActiveFaultsRuntimeKey: message.maxActiveFaultsRuntime || 'fault.http.max_active_faults',
  };
}

/** How far ahead faults may end: nobody remembers longer that there are some. */
const LIFETIME_HOURS_MAX = 24;
/** What clocks of machines may differ by. */
const CLOCK_SKEW_MS = 60_000;

/**
 * outrider.filters.http.v1.ExpiringFault. One that has expired is no error: the configuration that holds it may be pushed
 * again, and then does nothing.
 */
export function decodeExpiringFault(message: ExpiringFault, path: Path, decoding: Decoding): ExpiringFaultConfig {
  const { fault, expiresAt } = message;
  const place = [...path, 'expires_at'];
  const expiresAtMs = expiresAt === undefined ? 0 : expiresAt.seconds * 1_000 + expiresAt.nanos / 1e6;
  if (fault === undefined) decoding.report([...path, 'fault'], 'fault is required');
  if (expiresAt === undefined) decoding.report(place, 'expires_at is required: faults end by themselves');
  else if (expiresAtMs > decoding.sources.wallMs() + LIFETIME_HOURS_MAX * 3_600_000 + CLOCK_SKEW_MS)
    decoding.report(place, `expires_at is more than ${LIFETIME_HOURS_MAX} hours ahead; set it anew for longer`);
  const config = fault === undefined ? NO_FAULT : decodeFault(fault, [...path, 'fault'], decoding);
  return { kind: 'expiring-fault', fault: config, expiresAtMs };
}

const NO_FAULT: FaultConfig = {
  kind: 'fault',
  delay: null,
  abort: null,
  upstreamCluster: '',
  headers: [],
  downstreamNodes: [],
  maxActiveFaults: null,
  maxActiveFaultsRuntimeKey: '',
};

function decodeDelay({ faultDelaySecifier: specifier, percentage }: FaultDelay, fault: HTTPFault) {
  const runtimeKey = fault.delayPercentRuntime || 'fault.http.delay.fixed_delay_percent';
  return {
    fixedMs: specifier?.$case === 'fixedDelay' ? durationMs(specifier.value, 0) : null,
    percentage: runtimeFraction({ defaultValue: percentage, runtimeKey }),
    durationRuntimeKey: fault.delayDurationRuntime || 'fault.http.delay.fixed_duration_ms',
  };
}

function decodeAbort({ errorType, percentage }: FaultAbort, fault: HTTPFault): NonNullable<FaultConfig['abort']> {
  const runtimeKey = fault.abortPercentRuntime || 'fault.http.abort.abort_percent';
  return {
    status: decodeStatus(errorType),
    percentage: runtimeFraction({ defaultValue: percentage, runtimeKey }),
    httpRuntimeKey: fault.abortHttpStatusRuntime || 'fault.http.abort.http_status',
    grpcRuntimeKey: fault.abortGrpcStatusRuntime || 'fault.http.abort.grpc_status',
  };
}

function decodeStatus(errorType: FaultAbort['errorType']): NonNullable<FaultConfig['abort']>['status'] {
  switch (errorType?.$case) {
    case 'httpStatus':
      return { kind: 'http', code: errorType.value };
    case 'grpcStatus':
      return { kind: 'grpc', code: errorType.value };
    default:
      return { kind: 'header' };
  }
}
