/** Access logs of listeners, connection managers and TCP proxies. */
import type { AccessLog } from '../../../protos/gen/envoy/config/accesslog/v3/accesslog.ts';
import type { SubstitutionFormatString } from '../../../protos/gen/envoy/config/core/v3/substitution_format_string.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { type AnyMessage, typeNameOf, unpackAny } from '../../../protos/json/registry.ts';
import type { AccessLogConfig } from '../model.ts';
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
    return decodeAccessLog(any, place, decoding);
  });
}

function decodeAccessLog(any: AnyMessage, path: Path, decoding: Decoding): AccessLogConfig[] {
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
    return { kind: 'json', fields: decodeJsonFields(format.value ?? {}, [...place, 'json_format'], decoding) };
  }
  const textPlace = [...place, 'text_format_source'];
  const text = format === undefined ? DEFAULT_LOG_FORMAT : dataSourceText(format.value, textPlace, decoding);
  return { kind: 'text', parts: parseFormat(text, textPlace, decoding) };
}

function decodeJsonFields(
  json: Readonly<Record<string, unknown>>,
  path: Path,
  decoding: Decoding,
): { key: string; parts: ReturnType<typeof parseFormat> }[] {
  return Object.entries(json).map(([key, value]) => {
    const place = [...path, key];
    if (typeof value !== 'string')
      decoding.report(place, 'only texts are supported here, no nested objects, lists or numbers');
    return { key, parts: typeof value === 'string' ? parseFormat(value, place, decoding) : [] };
  });
}
