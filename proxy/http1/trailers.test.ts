import t from 'tap';
import { safeTrailers, withTrailers } from './trailers.ts';

t.test('what tells something of the body passes, written plainly', (t) => {
  t.equal(
    safeTrailers('X-Checksum:\t abc \r\ngrpc-status: 0\r\nA:\r\n', null),
    'X-Checksum: abc\r\ngrpc-status: 0\r\nA: \r\n',
  );
  t.equal(safeTrailers('', null), '');
  t.end();
});

t.test('what frames, routes, authenticates or changes how a message is read does not', (t) => {
  const names = [
    ...['Content-Length', 'Transfer-Encoding', 'Trailer', 'Host', 'Connection', 'Keep-Alive', 'TE', 'Upgrade'],
    ...['Authorization', 'Proxy-Authorization', 'WWW-Authenticate', 'Cookie', 'Set-Cookie', 'Cache-Control', 'Expect'],
    ...[
      'Max-Forwards',
      'If-None-Match',
      'Range',
      'Content-Type',
      'Content-Encoding',
      'Content-Range',
      'Location',
      'Via',
    ],
    ...['X-Forwarded-For', 'X-Forwarded-Client-Cert', 'X-Envoy-Internal', 'X-Outrider-Identity', 'X-Request-Id', 'Age'],
    ...['Accept-Encoding', 'Date', 'Vary', 'Retry-After', 'Content_Length', 'X_Y'],
  ];
  for (const name of names) {
    t.equal(safeTrailers(`${name}: 1\r\nX-T: 1\r\n`, null), 'X-T: 1\r\n', name);
    t.equal(safeTrailers(`${name.toUpperCase()}: 1\r\n`, null), '', `${name} in capitals`);
  }
  t.end();
});

t.test('nor what the Connection field named', (t) => {
  t.equal(safeTrailers('X-Hop: 1\r\nX-T: 1\r\n', ['x-hop']), 'X-T: 1\r\n');
  t.end();
});

t.test('trailers stand in front of the last empty line', (t) => {
  const body = Buffer.from('??2\r\nhi\r\n0\r\n\r\n??');
  t.equal(withTrailers(body, 2, body.length - 2, 'X-T: 1\r\n').toString(), '2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n');
  t.end();
});
