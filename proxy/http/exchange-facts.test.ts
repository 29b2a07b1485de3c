import t from 'tap';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { fakeExchange, requestHead, responseHead } from '../../test/fakes/fake-exchange.ts';
import { clientAddress } from './client-address.ts';
import { ExchangeRecord } from './exchange-record.ts';
import { NO_ROUTE } from './failure.ts';
import { COMMANDS, responseFlags } from './format-commands.ts';
import { HeaderName } from './header-name.ts';
import { rewriteHost, rewritePath } from './host-rewrite.ts';
import { LocalHead } from './local-head.ts';
import { compileStartTime, isStartTimeFormat } from './start-time.ts';

const GET = () => requestHead('GET /a?b=1', 'X-Forwarded-For: 1.1.1.1, 2.2.2.2');

t.test('an answer made here is edited like any other', (t) => {
  const head = new LocalHead(301, 'location: http://a/\r\nX-A: 1\r\nx-a: 2\r\n');
  const name = new HeaderName('x-a');
  t.equal(head.first(name), '1');
  t.equal(head.value(head.find(name, 2)), '2');
  head.remove(name);
  head.add('server', 'here');
  t.equal(head.first(name), null);
  t.equal(head.lines(), 'location: http://a/\r\nserver: here\r\n');
  t.end();
});

t.test('what was rewritten is told to the endpoint', (t) => {
  const first = (head: ReturnType<typeof GET>, name: string) => head.first(new HeaderName(name));
  const head = requestHead('GET /old', 'X-Forwarded-Host: first');
  rewriteHost(head, 'b.test', true, true);
  rewritePath(head, '/new', true);
  t.equal(head.authority, 'b.test');
  t.equal(head.path, '/new');
  t.equal(first(head, 'x-forwarded-host'), 'first,a.test');
  t.equal(first(head, 'x-envoy-original-host'), 'a.test');
  t.equal(first(head, 'x-envoy-original-path'), '/old');
  const quiet = GET();
  rewriteHost(quiet, 'b.test', false, false);
  t.equal(first(quiet, 'x-forwarded-host'), null);
  t.equal(first(quiet, 'x-envoy-original-host'), null);
  t.end();
});

t.test('the client is the address in front of the trusted proxies, when it is one', (t) => {
  const at = (hop: number, ...lines: string[]) => {
    const exchange = fakeExchange(new FakeClock(), lines.length === 0 ? GET() : requestHead('GET /', ...lines));
    Object.assign(exchange.manager, { clientHop: hop });
    const { address, port } = clientAddress(exchange);
    return `${address}:${port}`;
  };
  t.equal(at(-1), '10.0.0.7:4711', 'that of the connection');
  t.equal(at(0), '2.2.2.2:0');
  t.equal(at(1), '1.1.1.1:0');
  t.equal(at(2), '10.0.0.7:4711', 'there are not that many');
  t.equal(at(0, 'X-Forwarded-For: unknown'), '10.0.0.7:4711');
  t.equal(at(1, 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 3.3.3.3'), '1.1.1.1:0', 'lines are one list');
  t.end();
});

t.test('bytes are counted without the framing of chunks, wherever a read ends', (t) => {
  const body = Buffer.from('5\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n');
  for (let size = 1; size <= body.length; size++) {
    const record = new ExchangeRecord([], true);
    for (let at = 0; at < body.length; at += size) {
      const end = Math.min(body.length, at + size);
      record.requestBody(body, at, end, end === body.length, 7);
    }
    t.equal(record.bytesReceived, 31, `in reads of ${size}`);
    t.equal(record.requestDoneMs, 7);
  }
  const plain = new ExchangeRecord([new HeaderName('x-up')], false);
  plain.requestBody(body, 0, 4, false, 1);
  plain.answerHead(responseHead(200, 'X-Up: 1', 'X-Other: 2'), false, 3);
  plain.answerBody(body, 0, 9, true, 4);
  t.match(plain, { bytesReceived: 4, requestDoneMs: -1, bytesSent: 9, answerStartMs: 3, answerEndMs: 4 });
  t.equal(plain.answer.first(new HeaderName('x-up')), '1');
  t.equal(plain.answer.first(new HeaderName('x-other')), null, 'nobody asked for it');
  t.end();
});

t.test('trailers are no part of a body', (t) => {
  const record = new ExchangeRecord([], true);
  const text = '3\r\nabc\r\n0\r\nX-Sum: abcdef\r\nB: 9\r\n\r\n';
  record.requestBody(Buffer.from(text), 0, text.length, true, 0);
  t.equal(record.bytesReceived, 3);
  t.end();
});

t.test('flags are told in the order in which they were raised', (t) => {
  const exchange = fakeExchange(new FakeClock(), GET());
  const flags = () => COMMANDS.RESPONSE_FLAGS!(exchange, null);
  t.equal(flags(), '-');
  exchange.addFlag('URX');
  exchange.addFlag('URX');
  exchange.failure = NO_ROUTE;
  t.equal(flags(), 'URX,NR');
  t.same(responseFlags(exchange), ['URX', 'NR']);
  t.equal(COMMANDS.RESPONSE_FLAGS_LONG!(exchange, null), 'UpstreamRetryLimitExceeded,NoRouteFound');
  t.end();
});

t.test('times are written as asked', (t) => {
  const date = new Date(Date.UTC(2026, 1, 3, 4, 5, 6, 7));
  t.equal(compileStartTime('')(date), '2026-02-03T04:05:06.007Z');
  t.equal(compileStartTime('%Y/%m/%dT%H:%M:%S%z %s')(date), '2026/02/03T04:05:06+0000 1770091506');
  t.equal(compileStartTime('%s.%3f %6f %f %9f %1f')(date), '1770091506.007 007000 007000000 007000000 0');
  t.equal(compileStartTime('%a, %d %b %y %T %Z %% %e')(date), 'Tue, 03 Feb 26 04:05:06 UTC %  3');
  t.ok(isStartTimeFormat('%Y %%'));
  t.notOk(isStartTimeFormat('%Q'));
  t.end();
});
