/** Access logs of listeners, connection managers and TCP proxies. */
import type { AccessLog } from '../../../protos/gen/envoy/config/accesslog/v3/accesslog.ts';
import type { SubstitutionFormatString } from '../../../protos/gen/envoy/config/core/v3/substitution_format_string.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { type AnyMessage, typeNameOf, unpackAny } from '../../../protos/json/registry.ts';
import type { AccessLogConfig, JsonFormat } from '../model/access-log.ts';
import { decodeLogFilter } from './access-log-filter-decoder.ts';
import type { Decoding } from './decoding.ts';
import { DEFAULT_LOG_FORMAT, parseFormat } from './format-decoder.ts';
import { dataSourceText } from './values.ts';

/** Decodes access logs to a file, standard output or standard error; other kinds are refused before this. */
export function decodeAccessLogs(logs: readonly AccessLog[], path: Path, decoding: Decoding): AccessLogConfig[] {
  return logs.flatMap((log, i) => {
    const place = [...path, i, 'typed_config'];
    const any = log.configType?.value;
    if (any === undefined) {
      decoding.report(place, 'typed_config is required: a FileAccessLog, StdoutAccessLog or StderrAccessLog');
      return [];
    }
    const filter = log.filter === undefined ? null : decodeLogFilter(log.filter, [...path, i, 'filter'], decoding);
    return decodeAccessLog(any, place, decoding).map((each) => ({ ...each, filter }));
  });
}

function decodeAccessLog(any: AnyMessage, path: Path, decoding: Decoding): Omit<AccessLogConfig, 'filter'>[] {
  const file = unpackAny('envoy.extensions.access_loggers.file.v3.FileAccessLog', any);
  if (file !== undefined) {
    const format = decodeLogFormat(file.accessLogFormat?.value, path, decoding);
    return [{ sink: { kind: 'file', path: file.path }, format }];
  }
  const stdout = unpackAny('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', any);
  if (stdout !== undefined) {
    return [{ sink: { kind: 'stdout' }, format: decodeLogFormat(stdout.accessLogFormat?.value, path, decoding) }];
  }
  const stderr = unpackAny('envoy.extensions.access_loggers.stream.v3.StderrAccessLog', any);
  if (stderr === undefined) {
    decoding.report(path, `${typeNameOf(any.typeUrl)} is no access log`);
    return [];
  }
  return [{ sink: { kind: 'stderr' }, format: decodeLogFormat(stderr.accessLogFormat?.value, path, decoding) }];
}

function decodeLogFormat(
  message: SubstitutionFormatString | undefined,
  path: Path,
  decoding: Decoding,
): AccessLogConfig['format'] {
  const place = [...path, 'log_format'];
  const format = message?.format;
  if (format?.$case === 'jsonFormat') {
    return { kind: 'json', value: decodeJson(format.value ?? {}, [...place, 'json_format'], decoding) };
  }
  const textPlace = [...place, 'text_format_source'];
  const text = format === undefined ? DEFAULT_LOG_FORMAT : dataSourceText(format.value, textPlace, decoding);
  return { kind: 'text', parts: parseFormat(text, textPlace, decoding) };
}

/** Texts hold commands; everything else of JSON stays what it is. */
function decodeJson(value: unknown, path: Path, decoding: Decoding): JsonFormat {
  if (typeof value === 'string') return { kind: 'format', parts: parseFormat(value, path, decoding) };
  if (typeof value === 'number' || typeof value === 'boolean') return { kind: 'literal', value };
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((each, i) => decodeJson(each, [...path, i], decoding)) };
  }
  if (typeof value !== 'object' || value === null) return { kind: 'literal', value: null };
  const members = Object.entries(value).map(([key, each]) => ({
    key,
    value: decodeJson(each, [...path, key], decoding),
  }));
  return { kind: 'object', members };
}
