/** What HTTP/1.1 asks of a proxy, on sockets: connections, framing, interim answers, and peers that break off. */
import t from 'tap';
import { eventually, everythingTo, start } from './harness.ts';
import { valuesOf } from './http-text.ts';
import { response } from './raw-upstream.ts';

const HTTP10 = {
  acceptHttp10: true,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  allowChunkedLength: false,
  enableTrailers: false,
};

t.test('one connection on each side carries many requests', async (t) => {
  const { harness, upstream } = await start(t);
  const client = harness.client();
  for (let i = 0; i < 20; i++) t.equal((await client.get(`/${i}`)).body, `/${i}`);
  t.equal(upstream.connections.length, 1);
  t.equal(harness.plane.listeners.get('main')!.connectionCount, 1);
});

t.test('pipelined requests are answered in order, and an error behind them does not overtake', async (t) => {
  const { harness, upstream } = await start(t, {
    onRequest: ({ target }, connection) => {
      setTimeout(() => connection.send(response(target)), target === '/slow' ? 40 : 0);
    },
  });
  const client = harness.client();
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
  client.send(`${get('/slow')}${get('/b')}${get('/c')}BROKEN\r\n\r\n${get('/never')}`);
  await client.end();
  const { answers } = client;
  t.same(
    answers.map((each) => each.status),
    [200, 200, 200, 400],
  );
  t.same(
    answers.slice(0, 3).map((each) => each.body),
    ['/slow', '/b', '/c'],
  );
  t.equal(upstream.requests.length, 3);
});

t.test('hundreds of pipelined requests in one write are all answered', async (t) => {
  const { harness } = await start(t);
  const client = harness.client();
  const count = 3_000;
  const requests = Array.from({ length: count }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  client.send(requests.join(''));
  await client.until(() => client.text.includes(`\r\n\r\n/${count - 1}`), 'the last answer');
  const { answers } = client;
  t.equal(answers.length, count);
  t.ok(answers.every((each, i) => each.body === `/${i}`));
});

t.test('chunked requests pass with extensions and trailers dropped', async (t) => {
  const { harness, upstream } = await start(t);
  const client = harness.client();
  const head = 'POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';
  client.send(`${head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`);
  await client.answered(1);
  client.send(`${head}3;name=val\r\nabc\r\n0002\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n`);
  await client.answered(2);
  t.same(
    upstream.requests.map((each) => each.body),
    ['abcde', 'abcde'],
  );
  t.notMatch(upstream.text, /name=val|X-Trailer/i);
});

t.test('chunked answers pass with extensions and trailers dropped', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  const { harness } = await start(t, {
    onRequest: ({ target }, connection) => {
      if (target === '/clean') connection.send(`${head}3\r\nabc\r\n0\r\n\r\n`);
      else connection.send(`${head}3;x=y\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\n`);
    },
  });
  const client = harness.client();
  t.equal((await client.get('/clean')).body, 'abc');
  t.equal((await client.get('/odd')).body, 'abc');
  t.notMatch(client.text, /x=y|x-trailer/);
});

t.test(
  'an answer that runs to the close of the endpoint reaches the client in chunks, and its connection stays',
  async (t) => {
    const { harness, upstream } = await start(t, {
      onRequest: ({ target }, connection) => {
        if (target !== '/close') connection.send(response('next'));
        else connection.socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end');
      },
    });
    const client = harness.client();
    const answer = await client.get('/close');
    t.equal(answer.body, 'until the end');
    t.ok(answer.chunked);
    t.equal((await client.get('/next')).body, 'next');
    t.equal(upstream.connections.length, 2);
  },
);

t.test('an HTTP/1.0 client gets no chunks, and its connection lasts as long as it asked for', async (t) => {
  const { harness } = await start(
    t,
    {
      onRequest: ({ target }, connection) => {
        if (target === '/length') connection.send(response('ok'));
        else connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
      },
    },
    { manager: { http1: HTTP10 } },
  );
  const client = harness.client();
  client.send('GET /length HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n');
  t.same(valuesOf((await client.answered(1))[0]!, 'connection'), ['keep-alive']);
  client.send('GET /chunked HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n');
  await client.end();
  t.equal(client.answers[1]!.body, 'ok');
  t.same(valuesOf(client.answers[1]!, 'transfer-encoding'), []);
  t.same(valuesOf(client.answers[1]!, 'connection'), ['close']);
  const refused = await start(t);
  const second = refused.harness.client();
  second.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
  t.equal((await second.answered(1))[0]!.status, 426, 'not accepted unless configured');
  t.equal(refused.harness.plane.activator.managerStats()[0]!.rqActive, 0);
});

t.test('HEAD, 204 and 304 have no body whatever their heads say', async (t) => {
  const { harness } = await start(t, {
    onRequest: ({ method, target }, connection) => {
      if (method === 'HEAD') connection.send('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      else if (target === '/204') connection.send('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n');
      else connection.send('HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n');
    },
  });
  const client = harness.client();
  client.methods = ['HEAD', 'GET', 'GET', 'HEAD'];
  client.send('HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  t.same(valuesOf((await client.answered(1))[0]!, 'content-length'), ['1000']);
  t.same(valuesOf(await client.get('/204'), 'content-length'), [], 'a 204 has no length (RFC 9110 section 8.6)');
  t.same(valuesOf(await client.get('/304'), 'content-length'), ['1000']);
  client.send('HEAD /missing HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 3\r\n\r\n');
  t.equal((await client.answered(4))[3]!.status, 200);
});

t.test('a client that expects 100 gets it from here, and the endpoint sees no expectation', async (t) => {
  const { harness, upstream } = await start(t, {
    onRequest: (_, connection) => connection.send(`HTTP/1.1 100 Continue\r\n\r\n${response('thanks')}`),
  });
  const client = harness.client();
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  await client.until(() => client.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'), '100');
  client.send('hello');
  t.equal((await client.answered(1))[0]!.body, 'thanks');
  t.equal(client.responses.messages.filter((each) => each.status === 100).length, 1, 'once');
  t.equal(upstream.requests[0]!.body, 'hello');
  t.same(valuesOf(upstream.requests[0]!, 'expect'), []);
});

t.test('with proxy_100_continue the expectation and its answer pass', async (t) => {
  const { harness, upstream } = await start(
    t,
    {
      onData: (connection, chunk) => {
        if (chunk.includes('xpect')) connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      },
    },
    { manager: { proxy100Continue: true } },
  );
  const client = harness.client();
  client.send('POST /p HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  await client.until(() => client.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'), '100');
  client.send('hello');
  t.equal((await client.answered(1))[0]!.body, '/p');
  t.same(valuesOf(upstream.requests[0]!, 'expect'), ['100-continue']);
});

t.test('early hints are forwarded in front of the answer', async (t) => {
  const { harness } = await start(t, {
    onRequest: (_, connection) => connection.send(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${response('ok')}`),
  });
  const client = harness.client();
  await client.get('/');
  t.same(
    client.responses.messages.map((each) => each.status),
    [103, 200],
  );
});

t.test('an answer in the middle of an upload reaches the client, and both connections end', async (t) => {
  const { harness, upstream } = await start(t, {
    onData: (connection, chunk) => {
      if (chunk.includes('POST')) connection.send(response('too large', '', '413 Content Too Large'));
    },
  });
  const client = harness.client();
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\npart');
  const answer = (await client.answered(1))[0]!;
  t.equal(answer.status, 413);
  client.send('x'.repeat(100_000));
  await client.end();
  await eventually(() => upstream.connections[0]!.ended, 'the end of the connection to the endpoint');
  t.notOk(client.reset, 'the client can read its answer');
});

t.test('an endpoint may break off anywhere: the client gets one answer, or sees the cut', async (t) => {
  const whole = response('0123456789');
  const points = [0, 1, 9, 17, whole.length - 11, whole.length - 10, whole.length - 1];
  for (const point of points) {
    for (const how of ['end', 'reset'] as const) {
      const { harness } = await start(t, {
        onRequest: ({ target }, connection) => {
          if (target === '/after') connection.send(response('fine'));
          else {
            connection.socket.write(whole.slice(0, point), () => {
              if (how === 'end') connection.socket.end();
              else setTimeout(() => connection.socket.resetAndDestroy(), 5);
            });
          }
        },
      });
      const client = harness.client();
      client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      await client.until(() => client.answers.length > 0 || client.ended, 'an answer or the end');
      const headCame = point >= whole.length - 10;
      if (headCame) t.same(client.answers, [], `${how} behind ${point} bytes: cut`);
      else t.equal(client.answers[0]?.status, 503, `${how} behind ${point} bytes: 503`);
      const after = await (headCame ? harness.client() : client).get('/after');
      t.equal(after.body, 'fine');
      t.equal(harness.plane.clusters.get('a')!.stats.rqActive, 0);
    }
  }
});

t.test('garbage, a protocol switch nobody asked for and endless interim answers are refused', async (t) => {
  const answers: Record<string, string> = {
    '/garbage': 'SSH-2.0-OpenSSH_9\r\n\r\n',
    '/short-garbage': 'HELO\r\n',
    '/101': 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nraw',
    '/endless': 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(40),
  };
  const { harness } = await start(t, { onRequest: ({ target }, connection) => connection.send(answers[target]!) });
  for (const path of Object.keys(answers)) {
    const answer = await harness.client().get(path);
    t.equal(answer.status, 502, path);
    t.match(answer.head, /x-outrider-failure: UPE/);
  }
});

t.test('a second answer to one request is never given to anybody', async (t) => {
  const { harness, upstream } = await start(t, {
    onRequest: (_, connection, index) =>
      connection.send(index === 0 ? response('mine') + response('stray') : response('second')),
  });
  const client = harness.client();
  t.equal((await client.get('/1')).body, 'mine');
  const later = await client.get('/2');
  t.equal(later.body, 'mine', 'from a new connection');
  t.equal(upstream.connections.length, 2);
  t.notMatch(client.text, /stray/);
});

t.test('bytes on an idle connection to an endpoint close it', async (t) => {
  const { harness, upstream } = await start(t);
  const client = harness.client();
  await client.get('/1');
  upstream.connections[0]!.send(response('unasked'));
  await eventually(() => upstream.connections[0]!.ended, 'the close');
  t.equal((await client.get('/2')).body, '/2');
  t.notMatch(client.text, /unasked/);
});

t.test('a client that goes away cancels the work of the endpoint', async (t) => {
  const { harness, upstream } = await start(t, { onRequest: () => undefined });
  for (const how of ['finish', 'destroy'] as const) {
    const client = harness.client();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const count = upstream.requests.length + 1;
    await eventually(() => upstream.requests.length === count, 'the request');
    client[how]();
    await eventually(() => upstream.connections.at(-1)!.ended, 'the cancellation');
  }
  const cluster = harness.plane.clusters.get('a')!;
  t.equal(cluster.stats.rqActive, 0);
  t.equal(harness.plane.activator.managerStats()[0]!.rqResetByClient, 2);
});

t.test(
  'a broken chunk in the middle of a body is answered 400, and the endpoint never sees a whole request',
  async (t) => {
    const { harness, upstream } = await start(t);
    const client = harness.client();
    client.send('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await eventually(() => upstream.text.includes('abc'), 'the first chunk');
    client.send('nonsense\r\n0\r\n\r\n');
    await client.end();
    t.equal(client.answers[0]!.status, 400);
    t.equal(upstream.requests.length, 0);
  },
);

t.test('a response header made of a request header tells that of its own request', async (t) => {
  const { harness } = await start(t, {
    onRequest: ({ target }, connection) => {
      setTimeout(() => connection.send(response('')), target === '/slow' ? 50 : 0);
    },
  });
  const tag = {
    name: 'x-echo',
    value: [{ kind: 'command', command: 'REQ', args: ['X-TAG'], maxLength: null }],
  } as const;
  const edits = { requestAdd: [], requestRemove: [], responseRemove: [] };
  const table = everythingTo('a');
  const responseAdd = [{ ...tag, action: 'overwrite', keepEmptyValue: false } as const];
  const { clusters } = harness.plane;
  t.ok(clusters.get('a'));
  await harness.apply({
    clusters: [clusters.get('a')!.config],
    table: { ...table, edits: { ...edits, responseAdd } },
  });
  const slow = harness.client().get('/slow', 'X-Tag: slow\r\n');
  t.same(valuesOf(await harness.client().get('/fast', 'X-Tag: fast\r\n'), 'x-echo'), ['fast']);
  t.same(valuesOf(await slow, 'x-echo'), ['slow']);
});

t.test('the host is stripped of its port and its trailing dot as configured', async (t) => {
  const { harness, upstream } = await start(t);
  const clusters = [harness.plane.clusters.get('a')!.config];
  const seen = async (host: string, manager: Parameters<typeof harness.apply>[0]['manager']) => {
    await harness.apply({ clusters, manager: manager! });
    const client = harness.client();
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await client.answered(1);
    return valuesOf(upstream.requests.at(-1)!, 'host')[0];
  };
  t.equal(await seen('a.test.:81', {}), 'a.test.:81');
  t.equal(await seen('a.test.:81', { stripTrailingHostDot: true }), 'a.test:81');
  t.equal(await seen('a.test.', { stripTrailingHostDot: true }), 'a.test');
  t.equal(await seen('a.test:81', { stripPort: 'any' }), 'a.test');
  t.equal(await seen('a.test:81', { stripPort: 'matching' }), 'a.test:81');
  t.equal(await seen(`a.test:${harness.port}`, { stripPort: 'matching' }), 'a.test');
});

t.test('paths are normalised, redirected or refused before they are routed', async (t) => {
  const { harness, upstream } = await start(
    t,
    {},
    { manager: { normalizePath: true, mergeSlashes: true, escapedSlashes: 'unescape-and-redirect' } },
  );
  const client = harness.client();
  t.equal((await client.get('/a/../b//c?d=//')).body, '/b/c?d=//');
  const redirect = await client.get('/a%2Fb');
  t.equal(redirect.status, 307);
  t.same(valuesOf(redirect, 'location'), ['/a/b']);
  t.equal((await client.get('/a%00b')).status, 400);
  t.equal(upstream.requests.length, 1);
});
