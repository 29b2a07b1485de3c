import t from 'tap';
import { data, type FieldLine, FLAG, FRAME, get, headers, requestFields } from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, start } from './harness.ts';
import { valuesOf } from './http-text.ts';
import { toRest } from './http2-peers.ts';

const HTTP1_TRAILERS = {
  acceptHttp10: false,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  allowChunkedLength: false,
  enableTrailers: true,
};

const PSEUDO = { method: 'GET', scheme: 'http', authority: 'a.test', path: '/' };

function requestWith(change: Partial<typeof PSEUDO>, more: readonly FieldLine[] = []): readonly FieldLine[] {
  const { method, scheme, authority, path } = { ...PSEUDO, ...change };
  return [[':method', method], [':scheme', scheme], [':authority', authority], [':path', path], ...more];
}

/** Bytes that end a line, a word or a name somewhere in HTTP/1.1. */
const BREAKS = ['\r', '\n', '\r\n', '\0', '\x01', '\x0b', '\x0c', '\x7f'];
const SMUGGLED = `x${'\r\n'}GET /evil HTTP/1.1\r\nHost: evil\r\n\r\n`;

const DOWNGRADES: readonly (readonly [name: string, fields: readonly FieldLine[]])[] = [
  ...BREAKS.flatMap((each) => {
    const shown = JSON.stringify(each);
    return [
      [`${shown} in a name`, requestWith({}, [[`x-${each}evil`, '1']])],
      [`${shown} in a value`, requestWith({}, [['x-a', `1${each}evil: 2`]])],
      [`${shown} in front of a value`, requestWith({}, [['x-a', `${each}evil`]])],
      [`${shown} behind a value`, requestWith({}, [['x-a', `evil${each}`]])],
      [
        `${shown} in a cookie`,
        requestWith({}, [
          ['cookie', `evil=1${each}`],
          ['cookie', 'b=2'],
        ]),
      ],
      [`${shown} in the path`, requestWith({ path: `/evil${each}` })],
      [`${shown} in the method`, requestWith({ method: `GET${each}evil` })],
      [`${shown} in the authority`, requestWith({ authority: `evil${each}` })],
      [`${shown} in the scheme`, requestWith({ scheme: `http${each}evil` })],
    ] as [string, FieldLine[]][];
  }),
  ['a request in a value', requestWith({}, [['x-a', SMUGGLED]])],
  ['a request in a name', requestWith({}, [[SMUGGLED, '1']])],
  ['a request in the path', requestWith({ path: `/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /evil` })],
  ['a request in the method', requestWith({ method: 'GET /evil HTTP/1.1\r\nHost: evil\r\n\r\nGET' })],
  ['a request in the authority', requestWith({ authority: 'a.test\r\nx-evil: 1' })],
  ['a colon in a name', requestWith({}, [['x-evil:', '1']])],
  ['a colon and a value in a name', requestWith({}, [['transfer-encoding: chunked, x-evil', '1']])],
  ['a space in a name', requestWith({}, [['x evil', '1']])],
  ['a space behind a name', requestWith({}, [['content-length ', '1']])],
  ['a space in front of a name', requestWith({}, [[' x-evil', '1']])],
  ['a tab in a name', requestWith({}, [['x\tevil', '1']])],
  ['an empty name', requestWith({}, [['', 'evil']])],
  ['a name of one colon', requestWith({}, [[':', 'evil']])],
  ['upper case in a name', requestWith({}, [['X-Evil', '1']])],
  ['a byte above ASCII in a name', requestWith({}, [['x-\xe9vil', '1']])],
  ['a space in front of a value', requestWith({}, [['x-a', ' evil']])],
  ['a space behind a value', requestWith({}, [['x-a', 'evil ']])],
  ['a tab in front of a value', requestWith({}, [['x-a', '\tevil']])],
  ['a tab behind a value', requestWith({}, [['x-a', 'evil\t']])],
  ['a space in the path', requestWith({ path: '/ evil' })],
  ['a tab in the path', requestWith({ path: '/\tevil' })],
  ['a fragment in the path', requestWith({ path: '/#evil' })],
  ['a byte above ASCII in the path', requestWith({ path: '/\xe9vil' })],
  ['an empty path', requestWith({ path: '' })],
  ['a path without a slash', requestWith({ path: 'evil' })],
  ['an absolute path', requestWith({ path: 'http://evil/' })],
  ['a star that is not OPTIONS', requestWith({ path: '*' })],
  ['a space in the method', requestWith({ method: 'GET evil' })],
  ['an empty method', requestWith({ method: '' })],
  ['a colon in the method', requestWith({ method: 'GET:' })],
  ['a space in the authority', requestWith({ authority: 'a.test evil' })],
  ['a tab in the authority', requestWith({ authority: 'a.test\tevil' })],
  ['a slash in the authority', requestWith({ authority: 'a.test/evil' })],
  ['user information in the authority', requestWith({ authority: 'evil@a.test' })],
  ['a list in the authority', requestWith({ authority: 'a.test:80:80' })],
  ['an empty authority', requestWith({ authority: '' })],
  ['a scheme that is none', requestWith({ scheme: 'http://evil' })],
  ['connection', requestWith({}, [['connection', 'x-evil']])],
  ['keep-alive', requestWith({}, [['keep-alive', 'evil']])],
  ['proxy-connection', requestWith({}, [['proxy-connection', 'evil']])],
  ['transfer-encoding', requestWith({ method: 'POST' }, [['transfer-encoding', 'chunked']])],
  ['upgrade', requestWith({}, [['upgrade', 'evil']])],
  ['te that is not trailers', requestWith({}, [['te', 'evil']])],
  ['another host', requestWith({}, [['host', 'evil']])],
  [
    'two hosts',
    requestWith({}, [
      ['host', 'a.test'],
      ['host', 'a.test'],
    ]),
  ],
  ['two paths', requestWith({}, [[':path', '/evil']])],
  ['a pseudo-header field behind another', [...requestWith({}, [['x-a', '1']]), [':path', '/evil']]],
  ['an unknown pseudo-header field', requestWith({}, [[':evil', '1']])],
  [':status', requestWith({}, [[':status', '200']])],
  ['no method', requestWith({}).slice(1)],
  ['no path', requestWith({}).slice(0, 3)],
  ['no scheme', requestWith({}).filter(([name]) => name !== ':scheme')],
  [
    'two lengths',
    requestWith({ method: 'POST' }, [
      ['content-length', '4'],
      ['content-length', '0'],
    ]),
  ],
  ['a length and a list', requestWith({ method: 'POST' }, [['content-length', '4, 4']])],
  ['a length with a sign', requestWith({ method: 'POST' }, [['content-length', '+4']])],
  ['a length with a space', requestWith({ method: 'POST' }, [['content-length', '4 4']])],
  ['a hexadecimal length', requestWith({ method: 'POST' }, [['content-length', '0x4']])],
  ['a length for no body', requestWith({ method: 'POST' }, [['content-length', '4']])],
  ['extended CONNECT that was not offered', requestWith({ method: 'CONNECT' }, [[':protocol', 'websocket']])],
];

t.test('nothing that means something else in HTTP/1.1 gets to an HTTP/1.1 endpoint', async (t) => {
  const { harness, upstream } = await start(t);
  let client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  let stream = 1;
  for (const [index, [name, fields]] of DOWNGRADES.entries()) {
    // A client is told off after so many malformed requests: each gets some of them.
    if (index % 50 === 0) {
      client.destroy();
      client = RawHttp2.connect(harness.port);
      stream = 1;
    }
    client.send(headers(stream, fields, FLAG.endStream));
    const own = stream;
    const end = await client.waitFor(
      (each) => each.stream === own && (each.type === FRAME.rstStream || each.type === FRAME.headers),
      name,
    );
    if (end.type === FRAME.headers) {
      const status = client.readFields(end.payload).find(([field]) => field === ':status')?.[1];
      t.match(status, /^4/, `${name}: refused by an answer`);
    } else t.equal(end.payload.readUInt32BE(0), 1, `${name}: PROTOCOL_ERROR`);
    stream += 2;
  }
  t.equal(client.goaway, undefined);
  t.equal(upstream.text, '', 'the endpoint has seen nothing');
  client.send(get(stream, '/fine'));
  await client.waitFor((each) => each.stream === stream && each.type === FRAME.headers, 'a good answer');
  t.equal(upstream.requests.length, 1);
  client.destroy();
  await toRest(harness);
});

t.test('trailers of a request cannot smuggle either', async (t) => {
  const bad: readonly FieldLine[] = [
    ['x-evil', '1\r\n\r\nGET /evil HTTP/1.1'],
    ['x evil', '1'],
    [':path', '/evil'],
    ['transfer-encoding', 'evil'],
    ['connection', 'evil'],
    ['X-Evil', '1'],
  ];
  for (const field of bad) {
    const { harness, upstream } = await start(t, {}, { cluster: { enableTrailers: true } });
    const client = RawHttp2.connect(harness.port);
    t.teardown(() => client.destroy());
    client.send(headers(1, requestFields('POST', '/')), data(1, Buffer.from('body')));
    await eventually(() => upstream.text.includes('body'), 'the body');
    client.send(headers(1, [field], FLAG.endStream));
    await client.waitFor(({ type }) => type === FRAME.rstStream, `a reset for ${JSON.stringify(field)}`);
    await eventually(() => upstream.openConnections === 0, 'the request to be cut');
    t.notMatch(upstream.text, /evil/i, JSON.stringify(field));
    t.equal(upstream.requests.length, 0, 'the endpoint does not take it for whole');
  }
});

t.test('names that frame an HTTP/1.1 message are dropped from trailers', async (t) => {
  const { harness, upstream } = await start(
    t,
    {},
    { cluster: { enableTrailers: true }, manager: { http1: HTTP1_TRAILERS } },
  );
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  const trailers: readonly FieldLine[] = [
    ['content-length', '9'],
    ['host', 'evil'],
    ['authorization', 'evil'],
    ['x-fine', '1'],
  ];
  client.send(
    headers(1, requestFields('POST', '/')),
    data(1, Buffer.from('body')),
    headers(1, trailers, FLAG.endStream),
  );
  await client.waitFor(({ type }) => type === FRAME.headers, 'the answer');
  t.match(upstream.text, /4\r\nbody\r\n0\r\nx-fine: 1\r\n\r\n$/);
  t.notMatch(upstream.text, /evil|content-length/i);
});

t.test('a field that comes once per line is one list at an HTTP/1.1 endpoint, and cookies are one line', async (t) => {
  const { harness, upstream } = await start(t);
  const client = RawHttp2.connect(harness.port);
  t.teardown(() => client.destroy());
  const fields: readonly FieldLine[] = [
    ['cookie', 'a=1'],
    ['accept', 'x/y'],
    ['cookie', 'b=2'],
    ['accept', 'y/z'],
    ['cookie', 'c=3'],
  ];
  client.send(get(1, '/', fields));
  await client.waitFor(({ type }) => type === FRAME.headers, 'the answer');
  const request = upstream.requests[0]!;
  t.same(valuesOf(request, 'cookie'), ['a=1; b=2; c=3']);
  t.same(valuesOf(request, 'accept'), ['x/y', 'y/z']);
  t.same(valuesOf(request, 'host'), ['a.test']);
});
