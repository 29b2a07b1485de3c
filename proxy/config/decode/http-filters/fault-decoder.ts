/** envoy.extensions.filters.http.fault.v3.HTTPFault, with Envoy's runtime keys where none is set. */
import type { FaultDelay } from '../../../../protos/gen/envoy/extensions/filters/common/fault/v3/fault.ts';
import type { FaultAbort, HTTPFault } from '../../../../protos/gen/envoy/extensions/filters/http/fault/v3/fault.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { FaultConfig } from '../../model/http-filter.ts';
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
