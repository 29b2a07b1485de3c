import fc from 'fast-check';
import t from 'tap';
import { DEADLINE_HEADER } from '../../../protos/contract/hop-headers.ts';
import { requestHead, responseHead } from '../../../test/fakes/fake-exchange.ts';
import { isEndless } from '../../http/endless.ts';
import { parseGrpcTimeoutMs } from '../../http/grpc-timeout.ts';
import { LastNumberLine } from '../../http/header-line.ts';
import { HeaderName } from '../../http/header-name.ts';
import { Http1Outgoing } from '../../http1/outgoing.ts';
import { announcedMs, tellDeadline, tellDeadlineAgain } from './hop-deadline.ts';

const DEADLINE = new HeaderName(DEADLINE_HEADER);
const GRPC = new HeaderName('grpc-timeout');

t.test('what a request says of its deadline counts, the sooner of both for calls', (t) => {
  const table: readonly (readonly [readonly string[], boolean, number])[] = [
    [[], false, Number.POSITIVE_INFINITY],
    [['x-outrider-deadline: 250'], false, 250],
    [['x-outrider-deadline: 0'], false, 0],
    [['x-outrider-deadline: -1'], false, Number.POSITIVE_INFINITY],
    [['x-outrider-deadline: 1.5'], false, Number.POSITIVE_INFINITY],
    [['x-outrider-deadline: 9999999999'], false, Number.POSITIVE_INFINITY],
    [['grpc-timeout: 1S'], false, Number.POSITIVE_INFINITY],
    [['grpc-timeout: 1S'], true, 1_000],
    [['grpc-timeout: 1S', 'x-outrider-deadline: 250'], true, 250],
    [['grpc-timeout: 100u', 'x-outrider-deadline: 250'], true, 0.1],
  ];
  for (const [lines, grpc, ms] of table) t.equal(announcedMs(requestHead('GET /', ...lines), grpc), ms, lines.join());
  t.end();
});

t.test('what is left is told, and a call is told no more than it said', (t) => {
  const table = [
    { lines: [], leftMs: 99.9, deadline: '99', grpc: null },
    { lines: ['x-outrider-deadline: 250'], leftMs: 250, deadline: '250', grpc: null },
    { lines: ['x-outrider-deadline: 250'], leftMs: 80, deadline: '80', grpc: null },
    { lines: ['grpc-timeout: 1S'], leftMs: 1_000, deadline: '1000', grpc: '1S' },
    { lines: ['grpc-timeout: 1S'], leftMs: 80, deadline: '80', grpc: '80m' },
    { lines: ['grpc-timeout: 1H'], leftMs: 3_600_000, deadline: '3600000', grpc: '1H' },
    { lines: ['x-outrider-deadline: 250'], leftMs: 1e12, deadline: '250', grpc: null },
  ];
  for (const { lines, leftMs, deadline, grpc } of table) {
    const head = requestHead('POST /', ...lines);
    tellDeadline(head, leftMs, true, new LastNumberLine(DEADLINE_HEADER));
    t.equal(head.first(DEADLINE), deadline);
    t.equal(head.first(GRPC), grpc);
    const sent = new Http1Outgoing(`POST / HTTP/1.1\r\nhost: a\r\n${lines.map((each) => `${each}\r\n`).join('')}\r\n`);
    tellDeadlineAgain(sent, leftMs, true);
    t.equal(sent.first(DEADLINE), deadline, 'and again for another attempt');
    t.equal(sent.first(GRPC), grpc);
  }
  t.end();
});

t.test('no hop makes a deadline longer', (t) => {
  const property = fc.property(
    fc.integer({ min: 1, max: 999_999_999 }),
    fc.array(fc.record({ tookMs: fc.double({ min: 0, max: 50, noNaN: true }), timeoutMs: fc.integer({ min: 1 }) })),
    (firstMs, hops) => {
      let before = firstMs;
      for (const { tookMs, timeoutMs } of hops) {
        const head = requestHead(
          'POST /',
          `x-outrider-deadline: ${before}`,
          `grpc-timeout: ${Math.min(before, 99_999_999)}m`,
        );
        const leftMs = Math.min(announcedMs(head, true), timeoutMs) - tookMs;
        if (leftMs < 1) return true;
        tellDeadline(head, leftMs, true, new LastNumberLine(DEADLINE_HEADER));
        const told = Number(head.first(DEADLINE));
        if (told > leftMs || parseGrpcTimeoutMs(head.first(GRPC))! > Math.max(told, leftMs)) return false;
        before = told;
      }
      return true;
    },
  );
  fc.assert(property);
  t.end();
});

t.test('events and the answers to calls have no end of their own', (t) => {
  t.equal(isEndless(responseHead(200, 'content-type: text/event-stream')), true);
  t.equal(isEndless(responseHead(200, 'content-type: Text/Event-Stream; charset=utf-8')), true);
  t.equal(isEndless(responseHead(200, 'content-type: application/grpc+proto')), true);
  t.equal(isEndless(responseHead(200, 'content-type: text/plain')), false);
  t.equal(isEndless(responseHead(200)), false);
  t.end();
});
