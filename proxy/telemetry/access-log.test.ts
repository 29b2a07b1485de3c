import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { fakeExchange, requestHead } from '../../test/fakes/fake-exchange.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import type { AccessLogConfig, AccessLogFilterConfig } from '../config/model/access-log.ts';
import type { FormatPart } from '../config/model/header-edits.ts';
import { NO_ROUTE } from '../http/failure.ts';
import { Http1Outgoing } from '../http1/outgoing.ts';
import { Runtime } from '../routing/runtime.ts';
import { AccessLogs } from './access-log.ts';
import { AccessLogFiles } from './access-log-file.ts';
import { compileLogFilter } from './access-log-filter.ts';

const command = (name: string, ...args: string[]): FormatPart => ({
  kind: 'command',
  command: name,
  args,
  maxLength: null,
});
const text = (value: string): FormatPart => ({ kind: 'text', text: value });

/** What the logs write for one GET of /x. */
function linesOf(format: AccessLogConfig['format'], filter: AccessLogFilterConfig | null = null): string[] {
  const lines: string[] = [];
  const files = { open: () => ({ write: (line: string) => lines.push(line) }) } as unknown as AccessLogFiles;
  const deps = { files, runtime: new Runtime(), random: seededRandom() };
  const logs = new AccessLogs([{ sink: { kind: 'stdout' }, format, filter }], deps);
  const exchange = fakeExchange(new FakeClock(), requestHead('GET /x', 'User-Agent: me'));
  logs.begin(exchange);
  exchange.fail(NO_ROUTE);
  logs.end(exchange);
  return lines;
}

t.test('a line of text says - for what there is not', (t) => {
  const parts = [
    command('REQ', ':path'),
    text(' '),
    command('REQ', 'x-no', 'user-agent'),
    text(' '),
    command('UPSTREAM_HOST'),
  ];
  t.same(linesOf({ kind: 'text', parts: [...parts, text('\n')] }), ['/x me -\n']);
  t.same(linesOf({ kind: 'text', parts: [command('UPSTREAM_HOST')] }), ['-']);
  t.end();
});

t.test('JSON keeps its shape and its numbers, sorted by name', (t) => {
  const member = (key: string, ...parts: FormatPart[]) => ({ key, value: { kind: 'format', parts } as const });
  const value = {
    kind: 'object',
    members: [
      member('z', command('RESPONSE_CODE')),
      member('mixed', text('c'), command('RESPONSE_CODE'), command('UPSTREAM_HOST')),
      member('none', command('UPSTREAM_HOST')),
      { key: 'list', value: { kind: 'list', items: [{ kind: 'literal', value: true }, member('', text('"')).value] } },
    ],
  } as const;
  t.same(linesOf({ kind: 'json', value }), ['{"list":[true,"\\""],"mixed":"c404-","none":null,"z":404}\n']);
  t.end();
});

t.test('filters decide what is logged', (t) => {
  const clock = new FakeClock();
  const exchange = fakeExchange(clock, requestHead('GET /', 'X-Log: 1'));
  exchange.fail(NO_ROUTE);
  clock.advance({ ms: 50 });
  const runtime = new Runtime(new Map([['limit', '404']]));
  const passes = (filter: AccessLogFilterConfig) => compileLogFilter(filter, runtime, seededRandom())(exchange);
  const status = (op: 'equal' | 'at-least' | 'at-most', value: number, runtimeKey: string | null = null) =>
    passes({ kind: 'status', comparison: { op, value, runtimeKey } });
  t.same([status('equal', 404), status('at-least', 405), status('at-most', 404)], [true, false, true]);
  t.ok(status('equal', 200, 'limit'), 'the runtime has the last word');
  t.ok(passes({ kind: 'duration', comparison: { op: 'at-least', value: 50, runtimeKey: null } }));
  t.same(
    [['NR'], ['UF', 'UT'], []].map((flags) => passes({ kind: 'flags', flags })),
    [true, false, true],
  );
  const yes: AccessLogFilterConfig = { kind: 'not-health-check' };
  const no: AccessLogFilterConfig = { kind: 'runtime', fraction: { numerator: 0, denominator: 100, runtimeKey: null } };
  t.same([passes({ kind: 'and', filters: [yes, no] }), passes({ kind: 'or', filters: [yes, no] })], [false, true]);
  const header: AccessLogFilterConfig = {
    kind: 'header',
    match: { name: 'x-log', test: { kind: 'present', present: true }, invert: false, missingAsEmpty: false },
  };
  t.ok(passes(header));
  exchange.sent = new Http1Outgoing('GET / HTTP/1.1\r\nHost: a\r\n\r\nx-log: body');
  t.notOk(passes(header), 'what went out counts');
  t.end();
});

t.test('lines reach the file together, also behind a rotation and at the end', async (t) => {
  const clock = new FakeClock();
  const files = new AccessLogFiles(new FakeTimers(clock), silentLogger);
  const path = join(t.testdir(), 'access.log');
  const sink = files.open({ kind: 'file', path });
  t.equal(files.open({ kind: 'file', path }), sink, 'one file for one path');
  const content = async (of: string, expected: string) => {
    while (readFileSync(of, 'utf8').length < expected.length) await turn();
    t.equal(readFileSync(of, 'utf8'), expected);
  };
  sink.write('one\n');
  sink.write('two\n');
  t.equal(readFileSync(path, 'utf8'), '', 'not on the way of the request');
  clock.advance({ seconds: 1 });
  await content(path, 'one\ntwo\n');
  const rotated = `${path}.1`;
  renameSync(path, rotated);
  files.reopen();
  // A write that is under way ends in the old file first.
  while (!existsSync(path)) await turn();
  sink.write('three\n');
  files.close();
  await content(path, 'three\n');
  await content(rotated, 'one\ntwo\n');
  t.throws(() => files.open({ kind: 'file', path: join(path, 'no') }), /ENOTDIR/);
});
