/** What a field knows of itself, and which fields the table keeps. */
import fc from 'fast-check';
import t from 'tap';
import {
  TRAIT_CLIENT_CERT,
  TRAIT_ENVOY_HEADER,
  TRAIT_MAX_FORWARDS,
  TRAIT_UNDERSCORE,
} from '../../http/request-traits.ts';
import { KIND } from './field.ts';
import { FieldTable } from './field-table.ts';
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

const table = () => new FieldTable();

t.test('the static table is that of RFC 7541 Appendix A', (t) => {
  t.equal(STATIC_COUNT, 61);
  t.equal(STATIC_NAMES.length, 62);
  t.equal(STATIC_VALUES.length, 62);
  const samples = [
    [1, ':authority', ''],
    [2, ':method', 'GET'],
    [8, ':status', '200'],
    [16, 'accept-encoding', 'gzip, deflate'],
    [19, 'accept', ''],
    [32, 'cookie', ''],
    [47, 'max-forwards', ''],
    [61, 'www-authenticate', ''],
  ] as const;
  for (const [index, name, value] of samples) t.match(table().statics[index], { name, value, staticIndex: index });
  t.end();
});

t.test('a field has its place in the static table, by name or as a whole', (t) => {
  const cases = [
    [':method', 'POST', 3, 2],
    [':method', 'PUT', 0, 2],
    [':status', '500', 14, 8],
    [':status', '201', 0, 8],
    ['accept-encoding', 'gzip, deflate', 16, 16],
    ['via', '', 60, 60],
    ['x-a', '', 0, 0],
  ] as const;
  for (const [name, value, staticIndex, staticName] of cases) {
    const size = name.length + value.length + 32;
    t.match(table().intern(name, value), { name, value, staticIndex, staticName, size }, `${name}: ${value}`);
    t.match(table().fresh(name, value), { staticIndex, staticName });
    t.match(table().fresh(name, value, true), { staticIndex: 0, staticName, neverIndexed: true, indexable: false });
  }
  t.end();
});

t.test('a field has the kind of its name', (t) => {
  const kinds = {
    ':method': KIND.method,
    ':scheme': KIND.scheme,
    ':authority': KIND.authority,
    ':path': KIND.path,
    ':status': KIND.status,
    ':protocol': KIND.protocol,
    ':version': KIND.unknownPseudo,
    ':': KIND.unknownPseudo,
    host: KIND.host,
    'content-length': KIND.contentLength,
    te: KIND.te,
    cookie: KIND.cookie,
    expect: KIND.expect,
    connection: KIND.hopByHop,
    'keep-alive': KIND.hopByHop,
    'proxy-connection': KIND.hopByHop,
    'transfer-encoding': KIND.hopByHop,
    upgrade: KIND.hopByHop,
    'x-a': KIND.plain,
    'te-': KIND.plain,
  };
  for (const [name, kind] of Object.entries(kinds)) t.equal(table().intern(name, 'a').kind, kind, name);
  t.end();
});

t.test('a field is valid by RFC 9113 section 8.2.1', (t) => {
  const valid = [
    ['x-a', ''],
    ['x-a', 'a b\tc'],
    ['x-a', '\x80\xff'],
    [':path', '/'],
    ["!#$%&'*+-.^_`|~09az", '"'],
  ] as const;
  const invalid = [
    ['', 'a'],
    [':', 'a'],
    ['X-a', 'a'],
    ['x-A', 'a'],
    ['x a', 'a'],
    ['x:a', 'a'],
    ['::a', 'a'],
    [':Path', '/'],
    ['x-\xe4', 'a'],
    ['x-a\0', 'a'],
    ['x-a', ' a'],
    ['x-a', 'a '],
    ['x-a', '\ta'],
    ['x-a', 'a\t'],
    ['x-a', ' '],
    ['x-a', 'a\0b'],
    ['x-a', 'a\rb'],
    ['x-a', 'a\nb'],
    ['x-a', 'a\x01b'],
    ['x-a', 'a\x7fb'],
    ['x-a', '\u0100'],
  ] as const;
  for (const [name, value] of valid) t.ok(table().intern(name, value).valid, JSON.stringify([name, value]));
  for (const [name, value] of invalid) t.notOk(table().intern(name, value).valid, JSON.stringify([name, value]));
  t.end();
});

t.test('a field has the traits of its name', (t) => {
  const traits = {
    'x-a': 0,
    x_a: TRAIT_UNDERSCORE,
    'x-envoy-a': TRAIT_ENVOY_HEADER,
    'x-outrider-a_b': TRAIT_ENVOY_HEADER | TRAIT_UNDERSCORE,
    'x-envoy-': 0,
    'x-outrider-': 0,
    'x-envoyage': 0,
    'x-forwarded-client-cert': TRAIT_CLIENT_CERT,
    'max-forwards': TRAIT_MAX_FORWARDS,
  };
  for (const [name, bits] of Object.entries(traits)) t.equal(table().intern(name, 'a').traits, bits, name);
  t.end();
});

t.test('a field is indexable when its value may come again', (t) => {
  const indexable = [
    [':authority', 'a'],
    [':path', '/shop.v1.Cart/Add'],
    ['user-agent', 'a'],
    ['content-type', 'application/grpc'],
    ['cookie', 'x'.repeat(20)],
    ['x-envoy-upstream-service-time', '7'],
    ['x-a', 'x'.repeat(1024 - 32 - 3)],
  ] as const;
  const not = [
    [':path', '/search?q=a'],
    ['x-request-id', 'a'],
    ['traceparent', 'a'],
    ['content-length', '5'],
    ['date', 'a'],
    ['set-cookie', 'a'],
    ['grpc-message', 'a'],
    ['x-envoy-upstream-service-time', '12'],
    ['x-a', 'x'.repeat(1024 - 32 - 2)],
    [':method', 'GET'],
  ] as const;
  for (const [name, value] of indexable) {
    t.match(table().intern(name, value), { indexable: true, neverIndexed: false }, name);
    t.match(table().fresh(name, value), { indexable: false, neverIndexed: false }, `${name}, taken to come once`);
  }
  for (const [name, value] of not)
    t.match(table().intern(name, value), { indexable: false, neverIndexed: false }, name);
  t.end();
});

t.test('credentials and short cookies are never indexed, whoever sends them', (t) => {
  const secrets = [
    ['authorization', 'Bearer a'],
    ['proxy-authorization', 'a'],
    ['cookie', 'x'.repeat(19)],
  ] as const;
  for (const [name, value] of secrets) {
    t.match(table().intern(name, value), { neverIndexed: true, indexable: false, staticIndex: 0 }, name);
    t.match(table().fresh(name, value), { neverIndexed: true }, name);
    t.match(table().fromLine(`${name}: ${value}`), { neverIndexed: true }, name);
  }
  t.end();
});

t.test('a field has its HTTP/1 line', (t) => {
  const field = table().fresh('x-a', 'b');
  t.equal(field.line, 'x-a: b\r\n');
  t.equal(field.line, 'x-a: b\r\n');
  t.end();
});

t.test('what may come again is one object, and what may not is not kept', (t) => {
  const fields = table();
  t.equal(fields.intern('x-a', 'b'), fields.intern('x-a', 'b'));
  t.not(fields.intern('x-a', 'b'), fields.intern('x-a', 'c'));
  t.equal(fields.intern(':method', 'GET'), fields.statics[2]);
  t.equal(fields.fresh(':method', 'GET'), fields.statics[2]);
  t.not(fields.intern('x-request-id', 'b'), fields.intern('x-request-id', 'b'));
  t.not(fields.fresh('x-a', 'b'), fields.intern('x-a', 'b'));
  t.same(fields.kept, { fields: 2, lines: 0 });
  t.end();
});

t.test('a line is read as HTTP/1 has it', (t) => {
  const fields = table();
  const cases = [
    ['X-A: b', 'x-a', 'b'],
    ['x-a:b', 'x-a', 'b'],
    ['X-A: \t b c\t ', 'x-a', 'b c'],
    ['x-a:', 'x-a', ''],
    ['x-a: b: c', 'x-a', 'b: c'],
    ['x-a: \xa0b', 'x-a', '\xa0b'],
    ['x-a', 'x-a', ''],
  ] as const;
  for (const [line, name, value] of cases) {
    const field = fields.fromLine(line);
    t.match(field, { name, value }, line);
    t.equal(fields.fromLine(line), field);
    t.equal(fields.intern(name, value), field);
  }
  t.equal(fields.fromLine('Accept-Encoding: gzip, deflate'), fields.statics[16]);
  t.equal(fields.kept.lines, cases.length + 1);
  fields.fromLine('X-Request-Id: 1');
  fields.fromLine(`x-a: ${' '.repeat(5000)}b`);
  t.equal(fields.kept.lines, cases.length + 1, 'neither one-off values nor much white space');
  t.end();
});

t.test('neither map holds more than 8,192 entries or a mebibyte, and it goes on from the start', (t) => {
  const fields = table();
  const first = fields.intern('x-a', '0');
  let fieldsMax = 0;
  let linesMax = 0;
  for (let i = 0; i < 20_000; i++) {
    fields.fromLine(`x-a: ${i}`);
    fieldsMax = Math.max(fieldsMax, fields.kept.fields);
    linesMax = Math.max(linesMax, fields.kept.lines);
  }
  t.same([fieldsMax, linesMax], [8192, 8192]);
  t.not(fields.intern('x-a', '0'), first);
  t.equal(fields.intern('x-a', '19999'), fields.fromLine('x-a: 19999'));

  const large = table();
  fieldsMax = 0;
  for (let i = 0; i < 3000; i++) {
    large.intern(`x-${i}`, 'x'.repeat(980));
    large.intern('x-huge', `${i}${'x'.repeat(2000)}`);
    fieldsMax = Math.max(fieldsMax, large.kept.fields);
  }
  t.ok(fieldsMax > 1000 && fieldsMax * 1014 <= 2 ** 20);
  t.end();
});

t.test('whatever the texts, a field gives them back', (t) => {
  const fields = table();
  const text = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) });
  const property = fc.property(text, text, (name, value) => {
    const all = [fields.intern(name, value), fields.fresh(name, value), fields.fresh(name, value, true)];
    return all.every((field) => field.name === name && field.value === value);
  });
  fc.assert(property);
  t.end();
});
