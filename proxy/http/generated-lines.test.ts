import t from 'tap';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { GeneratedLines, LINE_FORWARDED_PROTO, LINE_REQUEST_ID } from './generated-lines.ts';

const UUID = /^x-request-id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\r\n/;

t.test('each combination of lines is whole, in order and with an identifier of its own', (t) => {
  const lines = new GeneratedLines(seededRandom(), 'https');
  const text = (flags: number, timeoutMs = 0) => Buffer.from(lines.lines(flags, timeoutMs)).toString('latin1');
  t.equal(text(0), '');
  t.equal(text(LINE_FORWARDED_PROTO), 'x-forwarded-proto: https\r\n');
  t.equal(text(0, 15_000), 'x-envoy-expected-rq-timeout-ms: 15000\r\n');
  t.match(text(LINE_REQUEST_ID), UUID);
  const all = LINE_REQUEST_ID | LINE_FORWARDED_PROTO;
  const rest = 'x-forwarded-proto: https\r\nx-envoy-expected-rq-timeout-ms: 250\r\n';
  t.equal(text(all, 250).replace(UUID, ''), rest);
  const ids = new Set(Array.from({ length: 1_000 }, () => text(all, 250)));
  t.equal(ids.size, 1_000);
  t.equal(text(0, 15_000), 'x-envoy-expected-rq-timeout-ms: 15000\r\n', 'other combinations are left alone');
  t.end();
});
