import t from 'tap';
import { hostPortText, parseHostPort } from './host-port.ts';

t.test('a host and a port are one text, and come out of it as they went in', (t) => {
  for (const text of ['127.0.0.1:80', '[::1]:15010', 'example.com:0', '[fe80::1%eth0]:65535']) {
    const parsed = parseHostPort(text);
    t.ok(parsed, text);
    t.equal(hostPortText(parsed!), text);
  }
  t.same(parseHostPort('[::1]:7'), { host: '::1', port: 7 });
  t.end();
});

t.test('what is no host and port is nothing', (t) => {
  for (const text of [
    '',
    ':80',
    'host',
    'host:',
    'host:80:',
    '::1:80',
    '[]:80',
    'ho st:80',
    'host:65536',
    'host:-1',
    'a=b:1',
  ])
    t.equal(parseHostPort(text), null, text);
  t.end();
});
