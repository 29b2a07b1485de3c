import t from 'tap';
import { cluster } from '../../fakes/config-builders.ts';
import { data, type FieldLine, FLAG, FRAME, get, headers, requestFields, rstStream } from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, Harness, start, startUpstream } from './harness.ts';
import { ask, connectHttp2, eachRequest, OVER_HTTP2, startRawHttp2Endpoint, toRest } from './http2-peers.ts';
import { response } from './raw-upstream.ts';

for (const endpoint of ['h1', 'h2'] as const) {
  t.test(
    `an answer that does not wait for the upload reaches the client, and the upload is stopped (${endpoint})`,
    async (t) => {
      const harness = new Harness(t);
      if (endpoint === 'h1') {
        const upstream = await startUpstream(t, { onData: ({ text }, _) => void text, parse: false });
        // The head is enough for it.
        upstream.connections;
        const early = await startUpstream(t, {
          parse: false,
          onData: (connection) => {
            if (!connection.closed) connection.send(response('enough', '', '403 Forbidden'));
          },
        });
        await harness.apply({ clusters: [cluster('a', [early.port])] });
      } else {
        const raw = await startRawHttp2Endpoint(t, (connection) => {
          void eachRequest(connection, (stream) =>
            connection.send(headers(stream, [[':status', '403']]), data(stream, Buffer.from('enough'), FLAG.endStream)),
          );
        });
        await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
      }
      const client = RawHttp2.connect(harness.port);
      t.teardown(() => client.destroy());
      client.send(headers(1, requestFields('POST', '/')), data(1, Buffer.from('first')));
      const reset = await client.waitFor(({ type }) => type === FRAME.rstStream, 'the end of the upload');
      t.equal(reset.payload.readUInt32BE(0), 0, 'NO_ERROR');
      const answer = client.frames.filter(({ stream }) => stream === 1);
      t.same(
        answer.map(({ type }) => type),
        [FRAME.headers, FRAME.data, FRAME.rstStream],
        'behind the whole answer',
      );
      t.ok(answer[1]!.flags & FLAG.endStream);
      client.send(data(1, Buffer.from('late'), FLAG.endStream), get(3));
      await client.waitFor(({ stream, type }) => stream === 3 && type === FRAME.headers, 'the next answer');
      t.equal(client.goaway, undefined, 'what was under way does no harm');
      client.destroy();
      await toRest(harness);
    },
  );
}

t.test(
  'a request whose body is not as long as it says is reset, and the endpoint does not take it for whole',
  async (t) => {
    for (const [length, sent] of [
      [5, 'four'],
      [3, 'four'],
    ] as const) {
      const { harness, upstream } = await start(t);
      const client = RawHttp2.connect(harness.port);
      t.teardown(() => client.destroy());
      client.send(
        headers(1, requestFields('POST', '/', [['content-length', String(length)]])),
        data(1, Buffer.from(sent), FLAG.endStream),
        get(3, '/next'),
      );
      const reset = await client.waitFor(({ type }) => type === FRAME.rstStream, 'a reset');
      t.equal(reset.stream, 1);
      t.equal(reset.payload.readUInt32BE(0), 1, 'PROTOCOL_ERROR');
      await client.waitFor(({ stream, flags }) => stream === 3 && (flags & FLAG.endStream) !== 0, 'the other answer');
      t.same(
        upstream.requests.map(({ target }) => target),
        ['/next'],
      );
      client.destroy();
      await toRest(harness);
    }
  },
);

/** Raw answers that go wrong once their head is out, with what an HTTP/2 endpoint sends for them. */
const BROKEN: readonly { readonly name: string; readonly frames: (stream: number) => Buffer[] }[] = [
  {
    name: 'shorter than its content-length',
    frames: (stream) => [
      headers(stream, [
        [':status', '200'],
        ['content-length', '10'],
      ]),
      data(stream, Buffer.from('short'), FLAG.endStream),
    ],
  },
  {
    name: 'longer than its content-length',
    frames: (stream) => [
      headers(stream, [
        [':status', '200'],
        ['content-length', '3'],
      ]),
      data(stream, Buffer.from('too long'), FLAG.endStream),
    ],
  },
  {
    name: 'reset in the middle',
    frames: (stream) => [
      headers(stream, [[':status', '200']]),
      data(stream, Buffer.from('part')),
      rstStream(stream, 2),
    ],
  },
  {
    name: 'with trailers that are none',
    frames: (stream) => [
      headers(stream, [[':status', '200']]),
      data(stream, Buffer.from('part')),
      headers(stream, [[':status', '200']], FLAG.endStream),
    ],
  },
];

for (const { name, frames } of BROKEN) {
  t.test(`an answer ${name} is not taken for whole by either kind of client`, async (t) => {
    const raw = await startRawHttp2Endpoint(t, (connection) => {
      void eachRequest(connection, (stream) => connection.send(...frames(stream)));
    });
    const harness = new Harness(t);
    await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
    const session = await connectHttp2(t, harness.port);
    const reply = await ask(session, '/');
    t.notOk(reply.whole, `HTTP/2: ${reply.status}, ${reply.body.length} bytes, code ${reply.code}`);
    t.not(reply.code, 0);
    const client = harness.client();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    await client.end();
    // When the fault came together with the head, nothing of the answer has gone out: then it is a 502.
    const statuses = client.answers.map(({ status }) => status);
    t.ok(statuses.length === 0 || statuses[0] === 502, `HTTP/1.1: ${JSON.stringify(client.text.slice(-40))}`);
    client.destroy();
    session.destroy();
    await toRest(harness);
    t.equal(raw.connections.length, 1, 'the connection to the endpoint stays');
  });
}

t.test('an answer that an HTTP/1.1 endpoint cuts is a reset for an HTTP/2 client', async (t) => {
  for (const head of ['content-length: 10\r\n\r\npart', 'transfer-encoding: chunked\r\n\r\n4\r\npart\r\n']) {
    const { harness } = await start(t, {
      onRequest: (_, { socket }) => void socket.end(`HTTP/1.1 200 OK\r\n${head}`),
    });
    const reply = await ask(await connectHttp2(t, harness.port), '/');
    t.equal(reply.status, 200);
    t.notOk(reply.whole);
    t.equal(reply.code, 2, 'INTERNAL_ERROR');
  }
});

const OK: FieldLine = [':status', '200'];
const MALFORMED: readonly (readonly [name: string, fields: readonly FieldLine[]])[] = [
  ['upper case in a name', [OK, ['X-Upper', '1']]],
  ['no :status', [['x-a', '1']]],
  ['nothing', []],
  [':status twice', [OK, OK]],
  [':status behind a field', [['x-a', '1'], OK]],
  ['a :status of two digits', [[':status', '20']]],
  ['a :status of letters', [[':status', 'abc']]],
  ['a :status with a space', [[':status', '200 ']]],
  ['a pseudo-header field of requests', [OK, [':path', '/']]],
  ['an unknown pseudo-header field', [OK, [':x', '1']]],
  ['connection', [OK, ['connection', 'close']]],
  ['keep-alive', [OK, ['keep-alive', '5']]],
  ['transfer-encoding', [OK, ['transfer-encoding', 'chunked']]],
  ['upgrade', [OK, ['upgrade', 'x']]],
  ['101', [[':status', '101']]],
  ['a line end in a value', [OK, ['x-a', '1\r\nset-cookie: a=b']]],
  ['NUL in a value', [OK, ['x-a', '1\0']]],
  ['a space in a name', [OK, ['x a', '1']]],
  ['a colon in a name', [OK, ['x:a', '1']]],
  ['an empty name', [OK, ['', '1']]],
  ['a space around a value', [OK, ['x-a', ' 1']]],
  ['two lengths', [OK, ['content-length', '1'], ['content-length', '1']]],
  ['a length that is no number', [OK, ['content-length', '+1']]],
];

t.test('an answer with a malformed head is a 502, and its connection goes on with the other streams', async (t) => {
  let broken: readonly FieldLine[] = [];
  let held = 0;
  const raw = await startRawHttp2Endpoint(t, (connection) => {
    let first = true;
    void eachRequest(connection, (stream) => {
      if (first) {
        held = stream;
        first = false;
      } else connection.send(headers(stream, broken, FLAG.endStream));
    });
  });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
  const session = await connectHttp2(t, harness.port);
  const other = ask(session, '/held');
  await eventually(() => held > 0, 'the first request');
  for (const [name, fields] of MALFORMED) {
    broken = fields;
    const reply = await ask(session, '/');
    t.equal(reply.status, 502, name);
    t.match(reply.headers['x-outrider-failure'], /^UPE; /);
    t.notMatch(JSON.stringify(reply.headers), /set-cookie/);
  }
  raw.connections[0]!.send(headers(held, [OK]), data(held, Buffer.from('still here'), FLAG.endStream));
  t.match(await other, { status: 200, body: 'still here', whole: true });
  t.equal(raw.connections.length, 1);
  t.equal(raw.connections[0]!.resets.get('PROTOCOL_ERROR'), MALFORMED.length, 'each was reset');
  t.equal(harness.plane.clusters.get('a')!.stats.http2.messagingError, MALFORMED.length);
  session.destroy();
  await toRest(harness);
});

t.test('bytes behind an answer that has no body do not reach the client', async (t) => {
  const smuggled = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
  for (const [method, status] of [
    ['HEAD', '200'],
    ['GET', '204'],
    ['GET', '304'],
  ] as const) {
    const raw = await startRawHttp2Endpoint(t, (connection) => {
      void eachRequest(connection, (stream) =>
        connection.send(headers(stream, [[':status', status]]), data(stream, smuggled, FLAG.endStream)),
      );
    });
    const harness = new Harness(t);
    await harness.apply({ clusters: [cluster('a', [raw.port], OVER_HTTP2)] });
    const client = harness.client();
    client.methods = [method];
    client.send(`${method} / HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    await client.until(() => client.ended || client.text.includes('\r\n\r\n'), 'an answer');
    await eventually(() => raw.connections[0]!.resets.size > 0, 'the reset of the stream');
    t.notMatch(client.text, /evil/, `HTTP/1.1, ${method} ${status}`);
    const reply = await ask(await connectHttp2(t, harness.port), '/', { headers: { ':method': method } });
    t.equal(reply.body, '', `HTTP/2, ${method} ${status}`);
  }
});
