import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import { readClientHello } from './client-hello.ts';
import { detectHttp } from './http-detection.ts';
import { ServerFirst } from './server-first.ts';

/** What Node's client says first. */
function clientHello(servername: string, ALPNProtocols: string[]): Promise<Buffer> {
  const said = Promise.withResolvers<Buffer>();
  const write = (chunk: Buffer) => said.resolve(chunk);
  const client = connect({ socket: new Duplex({ read: () => {}, write }), servername, ALPNProtocols });
  client.on('error', () => {});
  return said.promise.finally(() => client.destroy());
}

/** The same message cut into records of at most `size` bytes. */
function fragmented(hello: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 5; at < hello.length; at += size) {
    const part = hello.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

t.test('server name and protocols are read from a ClientHello, in one record or many', async (t) => {
  const hello = await clientHello('Shop.Example.test', ['h2', 'http/1.1']);
  const seen = { kind: 'complete', serverName: 'shop.example.test', applicationProtocols: ['h2', 'http/1.1'] };
  t.same(readClientHello(hello), seen);
  t.same(readClientHello(Buffer.concat([hello, Buffer.from('early data')])), seen);
  for (const size of [1, 7, 100]) t.same(readClientHello(fragmented(hello, size)), seen, `records of ${size}`);
  t.same(readClientHello(await clientHello('', [])), { kind: 'complete', serverName: '', applicationProtocols: [] });
});

t.test('a part of a ClientHello is waited for, and what is none is known at once', async (t) => {
  const hello = await clientHello('a.test', ['h2']);
  for (const length of [0, 1, 5, 6, 9, 50, hello.length - 1])
    t.same(readClientHello(hello.subarray(0, length)), { kind: 'incomplete' }, `${length} bytes`);
  for (const text of ['GET / HTTP/1.1\r\n', 'SSH-2.0', '\x16\x02', '\x17\x03\x03\x00\x01x'])
    t.same(readClientHello(Buffer.from(text, 'latin1')), { kind: 'not-tls' });
});

t.test('a damaged ClientHello never throws, and never yields more than it holds', async () => {
  const hello = await clientHello('a.test', ['h2', 'http/1.1']);
  const property = fc.property(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
    const damaged = Buffer.from(hello);
    damaged[at] = value;
    const result = readClientHello(damaged);
    return result.kind !== 'complete' || result.serverName.length < hello.length;
  });
  fc.assert(property, { numRuns: 500 });
});

t.test('HTTP is known by its first line, and nothing else is taken for it', (t) => {
  const cases: [string, ReturnType<typeof detectHttp>][] = [
    ['GET / HTTP/1.1\r\nHost: a\r\n', 'http/1.1'],
    ['\r\nGET / HTTP/1.1\r\n', 'http/1.1'],
    ['GET / HTTP/1.0\r\n', 'http/1.0'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2c'],
    ['PRI * HTTP/2.0\r\n', 'incomplete'],
    ['', 'incomplete'],
    ['GE', 'incomplete'],
    ['GET /long', 'incomplete'],
    [`GET /${'x'.repeat(9_000)}`, 'http/1.1'],
    ['GET / SMTP/1.1\r\n', 'none'],
    ['get / HTTP/1.1\r\n', 'none'],
    ['EHLO there\r\n', 'none'],
    ['SSH-2.0-OpenSSH\r\n', 'none'],
    ['\x16\x03\x01', 'none'],
    ['*1\r\n$4\r\nPING\r\n', 'none'],
    ['\x00\x00\x00\x08', 'none'],
  ];
  for (const [text, protocol] of cases)
    t.equal(detectHttp(Buffer.from(text, 'latin1')), protocol, JSON.stringify(text));
  t.end();
});

t.test('where servers speak first is remembered until a client does', (t) => {
  const memory = new ServerFirst();
  memory.learn('10.0.0.1 25', 'server');
  t.equal(memory.knows('10.0.0.1 25'), true);
  t.equal(memory.knows('10.0.0.1 80'), false);
  memory.learn('10.0.0.1 25', 'client');
  t.equal(memory.knows('10.0.0.1 25'), false);
  for (let port = 0; port <= 1_024; port++) memory.learn(`10.0.0.2 ${port}`, 'server');
  t.equal(memory.knows('10.0.0.2 0'), false, 'the oldest one makes room');
  t.equal(memory.knows('10.0.0.2 1024'), true);
  t.end();
});
