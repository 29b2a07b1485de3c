/** envoy.config.accesslog.v3.AccessLogFilter. */
import {
  type AccessLogFilter,
  type ComparisonFilter,
  ComparisonFilter_Op as Op,
} from '../../../protos/gen/envoy/config/accesslog/v3/accesslog.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { AccessLogFilterConfig, LogComparison } from '../model/access-log.ts';
import type { Decoding } from './decoding.ts';
import { decodeHeaderMatch } from './matcher-decoder.ts';
import { runtimeFraction } from './values.ts';

const OPS = { [Op.EQ]: 'equal', [Op.GE]: 'at-least', [Op.LE]: 'at-most' } as const;

/** Decodes a filter and those inside it. What is not supported has been refused before. */
export function decodeLogFilter(message: AccessLogFilter, path: Path, decoding: Decoding): AccessLogFilterConfig {
  const filter = message.filterSpecifier;
  switch (filter?.$case) {
    case 'statusCodeFilter':
      return { kind: 'status', comparison: decodeComparison(filter.value.comparison) };
    case 'durationFilter':
      return { kind: 'duration', comparison: decodeComparison(filter.value.comparison) };
    case 'notHealthCheckFilter':
      return { kind: 'not-health-check' };
    case 'runtimeFilter': {
      const { percentSampled: defaultValue, runtimeKey } = filter.value;
      return { kind: 'runtime', fraction: runtimeFraction({ defaultValue, runtimeKey }) };
    }
    case 'andFilter':
      return { kind: 'and', filters: decodeAll(filter.value.filters, [...path, 'and_filter', 'filters'], decoding) };
    case 'orFilter':
      return { kind: 'or', filters: decodeAll(filter.value.filters, [...path, 'or_filter', 'filters'], decoding) };
    case 'headerFilter': {
      const place = [...path, 'header_filter', 'header'];
      const { header } = filter.value;
      if (header !== undefined) return { kind: 'header', match: decodeHeaderMatch(header, place, decoding) };
      decoding.report(place, 'header is required');
      return { kind: 'not-health-check' };
    }
    case 'responseFlagFilter':
      return { kind: 'flags', flags: filter.value.flags };
    default:
      decoding.report(path, 'a filter must say what it tests: status_code_filter, duration_filter, header_filter, ...');
      return { kind: 'not-health-check' };
  }
}

function decodeAll(filters: readonly AccessLogFilter[], path: Path, decoding: Decoding): AccessLogFilterConfig[] {
  return filters.map((each, i) => decodeLogFilter(each, [...path, i], decoding));
}

function decodeComparison(message: ComparisonFilter | undefined): LogComparison {
  return {
    op: OPS[message?.op ?? Op.EQ],
    value: message?.value?.defaultValue ?? 0,
    runtimeKey: message?.value?.runtimeKey || null,
  };
}
