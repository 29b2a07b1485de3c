/** Trailers of chunked bodies: forwarded where both sides are configured for them, and then only those that are safe. */
import t, { type Test } from 'tap';
import { start } from './harness.ts';
import { valuesOf } from './http-text.ts';

const HTTP1 = {
  acceptHttp10: true,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  allowChunkedLength: false,
};
const UNSAFE = 'Content-Length: 9\r\nAuthorization: evil\r\nX-Forwarded-For: evil\r\nX-Hop: evil\r\n';
const TRAILED_ANSWER =
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: X-Sum\r\nconnection: x-hop\r\n\r\n' +
  `2\r\nhi\r\n0\r\nX-Sum: 9\r\n${UNSAFE}\r\n`;
const HEAD =
  'POST /t HTTP/1.1\r\nHost: a.test\r\nTE: gzip, trailers\r\nConnection: TE, X-Hop\r\nTrailer: X-Req\r\n' +
  'Transfer-Encoding: chunked\r\n\r\n';
const BODY = `3\r\nabc\r\n0\r\nX-Req: 7\r\n${UNSAFE}\r\n`;

async function setUp(t: Test, listener: boolean, cluster: boolean, answer = TRAILED_ANSWER) {
  return start(
    t,
    { onRequest: (_, connection) => connection.send(answer) },
    { manager: { http1: { ...HTTP1, enableTrailers: listener } }, cluster: { enableTrailers: cluster } },
  );
}

t.test('safe trailers pass both ways when both sides want them', async (t) => {
  for (const cut of [0, 5, 20, BODY.length - 2]) {
    const { harness, upstream } = await setUp(t, true, true);
    const client = harness.client();
    client.send(HEAD + BODY.slice(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 10));
    client.send(BODY.slice(cut));
    const answer = (await client.answered(1))[0]!;
    const request = upstream.requests[0]!;
    t.match(upstream.text, /0\r\nX-Req: 7\r\n\r\n$/, `cut at ${cut}`);
    t.notMatch(upstream.text, /evil|content-length/i);
    t.equal(request.body, 'abc');
    t.same(valuesOf(request, 'te'), ['trailers'], 'said anew for this hop');
    t.same(valuesOf(request, 'connection'), ['te']);
    t.same(valuesOf(request, 'trailer'), ['X-Req']);
    t.match(client.text, /0\r\nX-Sum: 9\r\n\r\n$/);
    t.notMatch(client.text, /evil/);
    t.equal(answer.body, 'hi');
    t.same(valuesOf(answer, 'trailer'), ['X-Sum']);
  }
});

t.test('a request that is complete in one read keeps its trailers', async (t) => {
  const { harness, upstream } = await setUp(t, true, true);
  const client = harness.client();
  client.send(HEAD + BODY);
  await client.answered(1);
  t.match(upstream.text, /abc\r\n0\r\nX-Req: 7\r\n\r\n$/);
});

t.test('they are dropped, as in Envoy, unless both sides want them', async (t) => {
  for (const [listener, cluster] of [
    [false, false],
    [true, false],
    [false, true],
  ] as const) {
    const { harness, upstream } = await setUp(t, listener, cluster);
    const client = harness.client();
    client.send(HEAD + BODY);
    const answer = (await client.answered(1))[0]!;
    t.equal(answer.body, 'hi');
    t.notMatch(upstream.text, /x-req:|evil|trailer/i, `listener ${listener}, cluster ${cluster}`);
    t.notMatch(client.text, /x-sum|evil|trailer/i);
  }
});

t.test('an HTTP/1.0 client gets none', async (t) => {
  const { harness } = await setUp(t, true, true);
  const client = harness.client();
  client.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
  await client.end();
  t.equal(client.answers[0]!.body, 'hi');
  t.notMatch(client.text, /x-sum: 9/i);
});

t.test('a trailer section that is not valid is refused', async (t) => {
  const { harness } = await setUp(t, true, true, TRAILED_ANSWER.replace('X-Sum: 9', 'X-Sum : 9'));
  const client = harness.client();
  client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  t.equal((await client.answered(1))[0]!.status, 502);
  t.notMatch(client.text, /x-sum : 9/i);
});
