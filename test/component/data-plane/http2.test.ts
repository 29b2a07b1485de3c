/**
 * HTTP/2 on either side, bridged to HTTP/1.1 or not: what one side means arrives at the other, and what breaks the rules
 * of either goes no further than its own stream.
 */
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { HeaderAdd } from '../../../proxy/config/model/header-edits.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { data, FLAG, FRAME, frame, literals, requestFields } from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, Harness, type Setup, start } from './harness.ts';
import { type Handler, PAIRS, type Pair, startClient, startEndpoint } from './http-pairs.ts';
import { ask, connectHttp2, OVER_HTTP2, replyOf, startHttp2Endpoint, toRest } from './http2-peers.ts';

const HTTP1_TRAILERS = {
  acceptHttp10: false,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  allowChunkedLength: false,
  enableTrailers: true,
};

/** A client and an endpoint of that pair, with the data plane between them. */
async function bridge(t: Test, pair: Pair, handler: Handler, setup: Setup = {}) {
  const port = await startEndpoint(t, pair.endpoint, handler);
  const harness = new Harness(t);
  const protocol = pair.endpoint === 'h2' ? 'http2' : 'http1';
  const manager = { http1: HTTP1_TRAILERS, ...setup.manager };
  await harness.apply({ ...setup, clusters: [cluster('a', [port], { protocol, enableTrailers: true })], manager });
  return { harness, client: await startClient(t, pair.client, harness.port) };
}

function text(value: string): HeaderAdd['value'] {
  return [{ kind: 'text', text: value }];
}

for (const pair of PAIRS) {
  t.test(`${pair.client} client, ${pair.endpoint} endpoint`, async (t) => {
    t.test('methods, targets and bodies of both kinds pass both ways', async (t) => {
      const { client } = await bridge(t, pair, ({ method, url, headers, body }, answer) => {
        const { 'content-length': length = 'none' } = headers;
        if (url.includes('sized')) answer.setHeader('content-length', String(Buffer.byteLength(body, 'latin1') + 1));
        answer.setHeader('x-saw', `${method} ${url} length ${length}`);
        answer.write('=');
        answer.end(Buffer.from(body, 'latin1'));
      });
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE', 'M-SEARCH']) {
        const got = await client(`/x?q=${method}&a[]=%20`, { method });
        t.equal(got.status, 200);
        t.match(got.headers['x-saw'], `${method} /x?q=${method}&a[]=%20 length`);
        t.equal(got.body, '=');
      }
      for (const path of ['/sized', '/endless']) {
        for (const size of [0, 1, 16_384, 70_000]) {
          const body = Buffer.alloc(size, 'ab');
          const sized = await client(path, {
            method: 'POST',
            headers: { 'content-length': String(size) },
            body: [body],
          });
          t.match(sized.headers['x-saw'], `length ${size}`);
          t.equal(sized.body, `=${body.latin1Slice()}`, `${size} with a length`);
          t.equal(sized.headers['content-length'], path === '/sized' ? String(size + 1) : undefined);
          const pieces = [body, Buffer.from('tail')];
          const endless = await client(path, { method: 'POST', body: pieces });
          t.match(endless.headers['x-saw'], 'length none');
          t.equal(endless.body, `=${Buffer.concat(pieces).latin1Slice()}`, `${size} without`);
        }
      }
    });

    t.test('answers without a body keep the length they tell', async (t) => {
      const { client } = await bridge(t, pair, ({ method, url }, answer) => {
        answer.writeHead(Number(url.slice(1)), method === 'HEAD' ? { 'content-length': '777' } : {});
        answer.end();
      });
      const head = await client('/200', { method: 'HEAD' });
      t.match(head, { status: 200, body: '', whole: true, headers: { 'content-length': '777' } });
      t.match(await client('/204'), { status: 204, body: '', whole: true });
      t.match(await client('/304'), { status: 304, body: '', whole: true });
      t.match(await client('/200'), { status: 200, body: '', whole: true }, 'the connection is in step');
    });

    t.test('interim answers are forwarded', async (t) => {
      const { client } = await bridge(t, pair, (_, answer) => {
        answer.writeEarlyHints({ link: '</style.css>; rel=preload' });
        answer.end('late');
      });
      t.match(await client('/'), { status: 200, body: 'late', interim: [103] });
    });

    t.test('100-continue is answered and the body follows', async (t) => {
      const { client } = await bridge(t, pair, ({ body }, answer) => answer.end(body));
      const got = await client('/', { method: 'POST', headers: { expect: '100-continue' }, body: ['waited'] });
      t.match(got, { status: 200, body: 'waited', interim: [100] });
    });

    t.test('trailers pass both ways', async (t) => {
      const { client } = await bridge(t, pair, ({ trailers, body }, answer) => {
        answer.setHeader('trailer', 'x-sum');
        answer.write(`${body} ${trailers['x-req']}`);
        answer.addTrailers({ 'x-sum': '9' });
        answer.end();
      });
      const got = await client('/', {
        method: 'POST',
        headers: { te: 'trailers', trailer: 'x-req' },
        body: ['body'],
        trailers: { 'x-req': '7' },
      });
      t.equal(got.body, 'body 7');
      t.equal(got.trailers['x-sum'], '9');
    });

    t.test('edits of the route, the host and what the proxy adds arrive', async (t) => {
      const edits = {
        requestAdd: [{ name: 'X-Added', value: text('in'), action: 'append' as const, keepEmptyValue: false }],
        requestRemove: ['x-gone'],
        responseAdd: [{ name: 'X-Out', value: text('out'), action: 'overwrite' as const, keepEmptyValue: false }],
        responseRemove: ['x-secret'],
      };
      const action = forward('a', { hostRewrite: { kind: 'literal', value: 'inner.test:81' } });
      const { client } = await bridge(
        t,
        pair,
        ({ headers, authority }, answer) => {
          answer.setHeader('x-secret', 's');
          answer.setHeader('x-out', 'wrong');
          answer.setHeader('set-cookie', ['a=1', 'b=2']);
          answer.end(JSON.stringify({ ...headers, authority }));
        },
        {
          table: routeTable('routes', [virtualHost(['a.test'], [route(prefixMatch('/'), action, { edits })])]),
          manager: { http1: HTTP1_TRAILERS, useRemoteAddress: true, via: 'mesh' },
        },
      );
      const got = await client('/', { headers: { 'x-gone': '1', 'x-kept': 'k', cookie: ['a=1', 'b=2', 'c=3'] } });
      t.match(JSON.parse(got.body), {
        authority: 'inner.test:81',
        'x-added': 'in',
        'x-kept': 'k',
        'x-gone': undefined,
        cookie: 'a=1; b=2; c=3',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-request-id': /^[0-9a-f-]{36}$/,
        via: 'mesh',
      });
      t.match(got.headers, { 'x-out': 'out', 'x-secret': undefined, server: 'envoy', date: /GMT$/, via: 'mesh' });
      t.same(got.headers['set-cookie'], ['a=1', 'b=2']);
    });

    t.test('redirects and direct responses are given', async (t) => {
      const redirect = {
        kind: 'redirect',
        scheme: 'https',
        host: 'new.test',
        port: null,
        path: null,
        stripQuery: false,
        status: 308,
      } as const;
      const { client } = await bridge(t, pair, (_, answer) => answer.end('endpoint'), {
        table: routeTable('routes', [
          virtualHost(
            ['*'],
            [
              route(prefixMatch('/old'), redirect),
              route(prefixMatch('/direct'), { kind: 'direct-response', status: 418, body: 'short and stout' }),
              route(prefixMatch('/'), forward('a')),
            ],
          ),
        ]),
      });
      t.match(await client('/old?x=1'), { status: 308, headers: { location: 'https://new.test/old?x=1' } });
      t.match(await client('/direct'), { status: 418, body: 'short and stout', whole: true });
      t.match(await client('/direct', { method: 'HEAD' }), { status: 418, body: '', whole: true });
      const posted = await client('/direct', { method: 'POST', body: ['not wanted'] });
      t.equal(posted.status, 418, 'also to a request with a body');
      t.match(await client('/other'), { status: 200, body: 'endpoint' });
    });

    t.test('a hundred requests at once, answered in the reverse order, are not confused', async (t) => {
      const waiting: (() => void)[] = [];
      const { client, harness } = await bridge(t, pair, ({ url, body }, answer) => {
        waiting.push(() => answer.end(`${url} ${body}`));
        if (waiting.length === 100) for (const each of waiting.splice(0).reverse()) each();
      });
      const got = await Promise.all(
        Array.from({ length: 100 }, (_, i) => client(`/${i}`, { method: 'POST', body: [`body ${i}`] })),
      );
      t.same(
        got.map(({ body }) => body),
        got.map((_, i) => `/${i} body ${i}`),
      );
      const { stats } = harness.plane.clusters.get('a')!;
      t.equal(stats.cxTotal, pair.endpoint === 'h2' ? 1 : 100);
    });
  });
}

t.test('fields of one connection stay on it: from an HTTP/1.1 client to an HTTP/2 endpoint', async (t) => {
  const endpoint = await startHttp2Endpoint(t);
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [endpoint.port], OVER_HTTP2)] });
  const answer = await harness
    .client()
    .get(
      '/',
      'Connection: x-hop, keep-alive, TE\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nTE: trailers, gzip\r\nX-Kept: 2\r\n',
    );
  t.equal(answer.status, 200);
  const { headers } = endpoint.requests[0]!;
  t.match(headers, { ':authority': 'a.test', ':path': '/', ':scheme': 'http', 'x-kept': '2' });
  for (const name of ['connection', 'x-hop', 'keep-alive', 'proxy-connection', 'host', 'transfer-encoding'])
    t.equal(headers[name], undefined, name);
  t.ok(headers.te === undefined || headers.te === 'trailers');
});

t.test('fields of one connection stay on it: from an HTTP/1.1 endpoint to an HTTP/2 client', async (t) => {
  const { harness } = await start(t, {
    onRequest: (_, connection) =>
      connection.send(
        'HTTP/1.1 200 Fine\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n' +
          'Upgrade: h2c\r\nX-Kept: 2\r\n\r\n2;ext=1\r\nhi\r\n0\r\n\r\n',
      ),
  });
  const reply = await ask(await connectHttp2(t, harness.port), '/');
  t.match(reply, { status: 200, body: 'hi', whole: true });
  t.equal(reply.headers['x-kept'], '2');
  for (const name of ['connection', 'x-hop', 'keep-alive', 'transfer-encoding', 'upgrade'])
    t.equal(reply.headers[name], undefined, name);
});

t.test('a request that is split over CONTINUATION frames, padded and with priorities, is read as one', async (t) => {
  const { harness, upstream } = await start(t);
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  const block = literals(requestFields('POST', '/split', [['x-a', 'b'.repeat(100)]]));
  const priorityAndPadding = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 9]), block.subarray(0, 20), Buffer.alloc(3)]);
  client.send(frame(FRAME.headers, FLAG.padded | FLAG.priority, 1, priorityAndPadding));
  client.send(frame(FRAME.continuation, 0, 1, block.subarray(20, 21)));
  client.send(frame(FRAME.continuation, FLAG.endHeaders, 1, block.subarray(21)));
  client.send(data(1, Buffer.concat([Buffer.from([2]), Buffer.from('body'), Buffer.alloc(2)]), FLAG.padded));
  client.send(data(1, Buffer.alloc(0), FLAG.endStream));
  await client.waitFor(({ type }) => type === FRAME.headers, 'the answer');
  t.match(upstream.requests[0], { method: 'POST', target: '/split', body: 'body' });
});

t.test('a client that resets its stream ends the work for it, and only that', async (t) => {
  const endpoint = await startHttp2Endpoint(t, (stream, headers) => {
    if (headers[':path'] !== '/hang') stream.respond({ ':status': 200 }, { endStream: true });
  });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [endpoint.port], OVER_HTTP2)] });
  const session = await connectHttp2(t, harness.port);
  const closed = new Promise<number>((resolve) => {
    endpoint.server.on('stream', (stream) => stream.on('close', () => resolve(stream.rstCode ?? -1)));
  });
  const stream = session.request({ ':path': '/hang', ':authority': 'a.test' });
  const ended = replyOf(stream);
  await eventually(() => endpoint.requests.length === 1, 'the request');
  stream.close(8);
  await ended;
  t.equal(await closed, 8, 'CANCEL');
  t.equal((await ask(session, '/')).status, 200);
  t.equal(endpoint.sessions.size, 1);
  session.destroy();
  await once(session, 'close');
  await toRest(harness);
});
