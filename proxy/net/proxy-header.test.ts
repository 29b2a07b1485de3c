import fc from 'fast-check';
import t from 'tap';
import { proxyHeader, readProxyHeader } from './proxy-header.ts';

const port = fc.integer({ min: 0, max: 65_535 });
const pair = (host: fc.Arbitrary<string>) =>
  fc.record({ remote: fc.record({ host, port }), local: fc.record({ host, port }) });
const ipv6 = fc.ipV6().map((address) => new URL(`http://[${address}]/`).hostname.slice(1, -1));
const addresses = fc.oneof(pair(fc.ipV4()), pair(ipv6));

t.test('what is written is read again, in both versions and whatever comes behind', (t) => {
  const property = fc.property(addresses, fc.constantFrom(1, 2), fc.string(), (client, version, rest) => {
    const header = proxyHeader(version as 1 | 2, client);
    const result = readProxyHeader(Buffer.concat([header, Buffer.from(rest)]));
    t.same(result, { kind: 'complete', length: header.length, version, client });
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('a header in pieces is waited for', (t) => {
  const client = { remote: { host: '203.0.113.9', port: 1 }, local: { host: '10.0.0.1', port: 2 } };
  for (const version of [1, 2] as const) {
    const header = proxyHeader(version, client);
    for (let length = 0; length < header.length; length++)
      t.equal(readProxyHeader(header.subarray(0, length)).kind, 'incomplete');
  }
  t.end();
});

t.test('nobody is named for connections of our own, or when the families differ', (t) => {
  const mixed = { remote: { host: '203.0.113.9', port: 1 }, local: { host: '::1', port: 2 } };
  for (const client of [null, mixed])
    for (const version of [1, 2] as const)
      t.match(readProxyHeader(proxyHeader(version, client)), { kind: 'complete', client: null });
  t.end();
});

t.test('what is no header, and what is a broken one', (t) => {
  const read = (text: string) => readProxyHeader(Buffer.from(text, 'latin1')).kind;
  t.equal(read('GET / HTTP/1.1\r\n'), 'absent');
  t.equal(read('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'), 'complete');
  for (const line of [
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n',
    'PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n',
    `PROXY TCP4 ${'1'.repeat(120)}`,
  ])
    t.equal(read(line), 'invalid', line);
  const signature = '\r\n\r\n\0\r\nQUIT\n';
  t.equal(read(`${signature}\x31\x11\0\x0c${'\0'.repeat(12)}`), 'invalid', 'version 3');
  t.equal(read(`${signature}\x21\x11\0\x04\0\0\0\0`), 'invalid', 'addresses cut short');
  t.equal(read(`${signature}\x21\x11\xff\xff`), 'invalid', 'longer than anything there is');
  t.end();
});
