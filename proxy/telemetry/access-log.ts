/**
 * Access logs of one connection manager: what is kept of an exchange while it runs, and the lines that it becomes.
 *
 *   begin ──► record (bytes, times, headers of the answer that a format asks for) ──► end: filter ─► format ─► sink
 */
import type { Random } from '../../kernel/random.ts';
import type { AccessLogConfig, JsonFormat } from '../config/model/access-log.ts';
import type { FormatPart } from '../config/model/header-edits.ts';
import type { Exchange, ExchangeLog } from '../http/exchange.ts';
import { ExchangeRecord } from '../http/exchange-record.ts';
import { Format } from '../http/format.ts';
import { HeaderName } from '../http/header-name.ts';
import type { Loggable } from '../http/loggable.ts';
import type { Runtime } from '../routing/runtime.ts';
import type { AccessLogFiles, LogSink } from './access-log-file.ts';
import { compileLogFilter, type LogTest } from './access-log-filter.ts';

/** What stands for a command without a value. */
const ABSENT = '-';

const TRANSFER_ENCODING = new HeaderName('transfer-encoding');

interface CompiledLog {
  readonly test: LogTest | null;
  readonly line: (exchange: Loggable, record: ExchangeRecord) => string;
  readonly sink: LogSink;
}

/** What access logs are made with. */
export interface AccessLogDeps {
  readonly files: AccessLogFiles;
  readonly runtime: Runtime;
  readonly random: Random;
}

/** The logs of one connection manager. */
export class AccessLogs implements ExchangeLog {
  readonly #logs: readonly CompiledLog[];
  readonly #wanted: readonly HeaderName[];

  /** Opens the sinks. Throws with one sentence when a file cannot be opened. */
  constructor(configs: readonly AccessLogConfig[], deps: AccessLogDeps) {
    this.#wanted = responseHeaders(configs).map((name) => new HeaderName(name));
    this.#logs = configs.map((config) => ({
      test: config.filter === null ? null : compileLogFilter(config.filter, deps.runtime, deps.random),
      line: compileLine(config.format),
      sink: deps.files.open(config.sink),
    }));
  }

  begin(exchange: Exchange): void {
    const { head, body, bodyStart, bodyEnd, requestDone, startedMs } = exchange;
    const record = new ExchangeRecord(this.#wanted, head.first(TRANSFER_ENCODING) !== null);
    record.requestBody(body, bodyStart, bodyEnd, requestDone, startedMs);
    exchange.record = record;
  }

  end(exchange: Loggable): void {
    const { record } = exchange;
    if (record === null) return;
    for (const { test, line, sink } of this.#logs) {
      if (test === null || test(exchange)) sink.write(line(exchange, record));
    }
  }
}

function compileLine(format: AccessLogConfig['format']): CompiledLog['line'] {
  if (format.kind === 'text') {
    const text = new Format(format.parts);
    return (exchange, record) => text.evaluate(exchange, record.answer, ABSENT) ?? ABSENT;
  }
  const render = compileJson(format.value);
  return (exchange, record) => `${render(exchange, record)}\n`;
}

type RenderJson = (exchange: Loggable, record: ExchangeRecord) => string;

/** Members are sorted by name, and commands that count give numbers, as in Envoy. */
function compileJson(format: JsonFormat): RenderJson {
  switch (format.kind) {
    case 'literal': {
      const text = JSON.stringify(format.value);
      return () => text;
    }
    case 'format': {
      const text = new Format(format.parts);
      return (exchange, record) => JSON.stringify(text.value(exchange, record.answer, ABSENT));
    }
    case 'list': {
      const items = format.items.map(compileJson);
      return (exchange, record) => `[${items.map((render) => render(exchange, record)).join()}]`;
    }
    case 'object': {
      const sorted = [...format.members].sort((a, b) => (a.key < b.key ? -1 : 1));
      const members = sorted.map(({ key, value }) => ({ name: `${JSON.stringify(key)}:`, render: compileJson(value) }));
      return (exchange, record) => `{${members.map(({ name, render }) => name + render(exchange, record)).join()}}`;
    }
  }
}

/** Names of the response headers that these logs show. */
function responseHeaders(configs: readonly AccessLogConfig[]): string[] {
  const parts = configs.flatMap(({ format }) => (format.kind === 'text' ? format.parts : jsonParts(format.value)));
  const names = parts.flatMap((part) => (part.kind === 'command' && part.command === 'RESP' ? part.args : []));
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

function jsonParts(format: JsonFormat): readonly FormatPart[] {
  switch (format.kind) {
    case 'literal':
      return [];
    case 'format':
      return format.parts;
    case 'list':
      return format.items.flatMap(jsonParts);
    case 'object':
      return format.members.flatMap(({ value }) => jsonParts(value));
  }
}
