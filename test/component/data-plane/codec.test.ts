/** The codec of the client's side over sockets: what waits, what is answered early, and what is given up. */
import t from 'tap';
import { prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, start } from './harness.ts';
import { valuesOf } from './http-text.ts';
import { response } from './raw-upstream.ts';

t.test('an upload that waited behind a slow answer is read to its end', async (t) => {
  let answerFirst: () => void = () => undefined;
  const { harness, upstream } = await start(t, {
    onRequest: ({ target, body }, connection) => {
      if (target === '/slow') answerFirst = () => connection.send(response('slow'));
      else connection.send(response(String(body.length)));
    },
  });
  const client = harness.client();
  const size = 500_000;
  client.send('GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n');
  client.send(`POST /large HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
  await eventually(() => upstream.requests.length === 1, 'the first request');
  await new Promise((resolve) => setTimeout(resolve, 100));
  answerFirst();
  const answers = await client.answered(2);
  t.same(
    answers.map((each) => each.body),
    ['slow', String(size)],
  );
});

t.test('an answer to half a request says that the connection closes', async (t) => {
  const { harness } = await start(t, {
    onData: (connection) => connection.send(response('enough', '', '413 Content Too Large')),
  });
  const client = harness.client();
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nabc');
  const answer = (await client.answered(1))[0]!;
  t.equal(answer.status, 413);
  t.same(valuesOf(answer, 'connection'), ['close']);
  await client.end();
});

t.test('a client that waits for 100 gets none when it is answered at once', async (t) => {
  const { harness } = await start(
    t,
    {},
    {
      table: routeTable('t', [virtualHost(['*'], [route(prefixMatch('/known'), { kind: 'non-forwarding' })])]),
    },
  );
  const client = harness.client();
  client.send('POST /unknown HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
  const answer = (await client.answered(1))[0]!;
  t.equal(answer.status, 404);
  t.equal(client.responses.messages.length, 1, 'no interim answer');
  t.same(valuesOf(answer, 'connection'), ['close']);
});

t.test('a head that does not come is given up by the stream idle timeout, too', async (t) => {
  const { harness } = await start(t, {}, { manager: { streamIdleTimeoutMs: 100, requestHeadersTimeoutMs: 0 } });
  const client = harness.client();
  client.send('GET / HTTP/1.1\r\nHost: a');
  const answer = (await client.answered(1))[0]!;
  t.equal(answer.status, 408);
  t.match(answer.head, /stream_idle_timeout/);
  await client.end();
  t.equal(harness.plane.activator.managerStats()[0]!.rqIdleTimeout, 1);
});

t.test('an endpoint that refuses an upload and goes away is heard', async (t) => {
  const { harness } = await start(t, {
    parse: false,
    onData: ({ socket }) => {
      socket.removeAllListeners('data');
      socket.end(response('enough', 'connection: close\r\n', '413 Content Too Large'), () => socket.destroy());
    },
  });
  const statuses = new Map<number, number>();
  for (let i = 0; i < 30; i++) {
    const client = harness.client();
    client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 900000\r\n\r\n${'x'.repeat(400_000)}`);
    const { status } = (await client.answered(1))[0]!;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    client.destroy();
  }
  t.same([...statuses], [[413, 30]]);
});
