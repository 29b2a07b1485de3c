import t from 'tap';
import { NO_EDITS } from '../../test/fakes/config-builders.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { fakeExchange, requestHead, responseHead } from '../../test/fakes/fake-exchange.ts';
import type { FormatPart, HeaderAdd } from '../config/model/header-edits.ts';
import { Http1Outgoing } from '../http1/outgoing.ts';
import { wireHeader, wireMethod, wirePath } from '../http1/wire-fields.ts';
import { ByteWriter } from '../net/byte-writer.ts';
import { Format } from './format.ts';
import { compileEdits } from './header-edits.ts';

const text = (value: string): FormatPart => ({ kind: 'text', text: value });
const command = (name: string, args: readonly string[] = [], maxLength: number | null = null): FormatPart => ({
  kind: 'command',
  command: name,
  args,
  maxLength,
});

function add(name: string, value: string, action: HeaderAdd['action'] = 'append', keepEmptyValue = false): HeaderAdd {
  return { name, value: value === '' ? [] : [text(value)], action, keepEmptyValue };
}

/** The header lines of a request behind the edits of one level. */
function edited(removals: readonly string[], additions: readonly HeaderAdd[], ...lines: readonly string[]): string[] {
  const head = requestHead('GET /', ...lines);
  const exchange = fakeExchange(new FakeClock(), head);
  const edits = compileEdits([{ ...NO_EDITS, requestRemove: removals, requestAdd: additions }], 'request');
  for (const each of edits ?? []) each.apply(head, exchange);
  const wire = head.composeRequest(new ByteWriter(), new Uint8Array(), Buffer.alloc(0), 0, 0);
  return wire.split('\r\n').slice(2, -2);
}

t.test('each action does what its name says, with and without a header there', (t) => {
  const there = (action: HeaderAdd['action']) => edited([], [add('X-A', 'new', action)], 'x-a: old');
  const absent = (action: HeaderAdd['action']) => edited([], [add('X-A', 'new', action)]);
  t.same([there('append'), absent('append')], [['x-a: old', 'X-A: new'], ['X-A: new']]);
  t.same([there('add-if-absent'), absent('add-if-absent')], [['x-a: old'], ['X-A: new']]);
  t.same([there('overwrite'), absent('overwrite')], [['X-A: new'], ['X-A: new']]);
  t.same([there('overwrite-if-exists'), absent('overwrite-if-exists')], [['X-A: new'], []]);
  t.end();
});

t.test('text beyond latin1 goes out as its UTF-8 bytes, none of which can be a line end', (t) => {
  const [line] = edited([], [add('x-name', '\u010d\u{1f600}')]);
  t.equal(Buffer.from(line!, 'latin1').toString('utf8'), 'x-name: \u010d\u{1f600}');
  t.notMatch(line, /[\r\n]/);
  t.end();
});

t.test('a level removes first and adds then', (t) => {
  t.same(edited(['x-a', 'x-b'], [add('X-A', 'new')], 'X-A: 1', 'x-b: 2', 'x-a: 3', 'x-c: 4'), ['x-c: 4', 'X-A: new']);
  t.end();
});

t.test('an empty value is added only when that is asked for', (t) => {
  t.same(edited([], [add('X-A', ''), add('X-B', '', 'append', true)]), ['X-B: ']);
  t.end();
});

t.test('levels apply one after the other, and no edits are none', (t) => {
  const head = requestHead('GET /');
  const exchange = fakeExchange(new FakeClock(), head);
  const level = (value: string) => ({ ...NO_EDITS, responseAdd: [add('X-A', value, 'overwrite')] });
  const response = responseHead(200);
  for (const each of compileEdits([level('first'), NO_EDITS, level('last')], 'response')!)
    each.apply(response, exchange, response);
  const out = new ByteWriter();
  response.composeResponse(out, '', Buffer.alloc(0), 0, 0);
  t.match(out.text(), /\r\nX-A: last\r\n\r\n$/);
  t.equal(compileEdits([NO_EDITS], 'request'), null);
  t.end();
});

t.test('a format is text and values in order, cut where that is asked for', (t) => {
  const clock = new FakeClock();
  const exchange = fakeExchange(clock, requestHead('POST /a?b', 'X-Long: abcdef'));
  const evaluate = (...parts: readonly FormatPart[]) => new Format(parts).evaluate(exchange, null);
  clock.advance({ ms: 12 });
  t.equal(new Format([text('a'), text('b')]).literal, 'ab');
  t.equal(evaluate(text('a'), text('b')), 'ab');
  t.equal(evaluate(command('REQ', ['x-long'], 3)), 'abc');
  t.equal(evaluate(command('REQ', ['x-none', 'X-Long'])), 'abcdef', 'the alternative');
  t.equal(evaluate(command('REQ', ['x-none'])), null, 'alone and absent');
  t.equal(evaluate(text('['), command('REQ', ['x-none']), text(']')), '[]');
  t.equal(
    evaluate(
      command('REQ', [':method']),
      text(' '),
      command('REQ', [':path']),
      text(' '),
      command('REQ', [':authority']),
    ),
    'POST /a?b a.test',
  );
  t.equal(evaluate(command('DURATION')), '12');
  t.equal(evaluate(command('DOWNSTREAM_REMOTE_ADDRESS')), '10.0.0.7:4711');
  t.equal(evaluate(command('START_TIME')), '2030-01-01T00:00:00.000Z');
  t.end();
});

t.test('behind the forwarding, a format tells the request as it went out', (t) => {
  const exchange = fakeExchange(new FakeClock(), requestHead('GET /before', 'X-A: before'));
  exchange.sent = new Http1Outgoing(
    'GET /after HTTP/1.1\r\nHost: b.test\r\nX-A: after\r\nx-request-id: 7\r\n\r\nx-b: body\r\n\r\n',
  );
  const evaluate = (name: string) => new Format([command('REQ', [name])]).evaluate(exchange, null);
  t.equal(evaluate('x-a'), 'after');
  t.equal(evaluate('X-Request-Id'), '7');
  t.equal(evaluate(':path'), '/after');
  t.equal(evaluate(':authority'), 'b.test');
  t.equal(evaluate('x-b'), null, 'the body is no header');
  t.end();
});

t.test('fields are read back from a request in text', (t) => {
  const wire = 'POST /x?y HTTP/1.1\r\nhost: a\r\nX-A:  1 \r\nx-a: 2\r\n\r\nbody';
  t.equal(wireMethod(wire), 'POST');
  t.equal(wirePath(wire), '/x?y');
  t.equal(wireHeader(wire, 'x-a'), '1');
  t.equal(wireHeader(wire, 'host'), 'a');
  t.equal(wireHeader(wire, 'x'), null);
  t.end();
});
