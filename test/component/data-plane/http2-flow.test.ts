/** Flow control of HTTP/2 on both hops: who does not read stalls the sender and nobody else, and every byte arrives. */
import { createServer as createHttp1Server, request } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { cluster } from '../../fakes/config-builders.ts';
import { FLAG, FRAME, get, ping, windowUpdate } from '../../fakes/http2-frames.ts';
import { RawHttp2 } from '../../fakes/raw-http2.ts';
import { eventually, Harness } from './harness.ts';
import { PAIRS, type Version } from './http-pairs.ts';
import { ask, connectHttp2, startHttp2Endpoint, toRest } from './http2-peers.ts';
import { PatternCheck, PatternSource } from './pattern.ts';
import { response } from './raw-upstream.ts';

const SIZE = 50_000_000;
/** Socket buffers of both kernels on two hops, and one window of each. */
const STALLED_MAX = 25_000_000;
/** What buffers in this process may grow by while somebody does not read: data plane and peers together. */
const MEMORY_MAX = 12_000_000;
const STEADY_LOOKS = 15;

function source(writable: Writable, size = SIZE): PatternSource {
  // What it needs of a socket is what every stream has.
  return new PatternSource(writable as Socket, size);
}

/** Waits until a figure does not move any more. */
async function steady(figure: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < STEADY_LOOKS; same = figure() === last ? same + 1 : 0) {
    last = figure();
    await sleep(10);
  }
  return last;
}

/** Bytes outside the heap: where buffers are. */
function bufferBytes(): number {
  return process.memoryUsage().arrayBuffers;
}

async function listen(t: Test, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const each of sockets) each.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

/** An endpoint that sends the pattern for /big and answers everything else at once; tells the source. */
async function largeEndpoint(t: Test, version: Version, onSource: (source: PatternSource) => void): Promise<number> {
  if (version === 'h2') {
    const { port } = await startHttp2Endpoint(t, (stream, { ':path': path }) => {
      stream.respond({ ':status': 200 });
      if (path === '/big') onSource(source(stream));
      else stream.end('small');
    });
    return port;
  }
  const server = createServer((socket) =>
    socket.on('data', (chunk: Buffer) => {
      if (!chunk.latin1Slice().startsWith('GET /big')) {
        socket.write(response('small'));
        return;
      }
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`);
      onSource(source(socket));
    }),
  );
  return listen(t, server);
}

for (const endpoint of ['h1', 'h2'] as const) {
  t.test(`a client that gives no window stalls the ${endpoint} endpoint, and its other streams go on`, async (t) => {
    let big: PatternSource | null = null;
    const port = await largeEndpoint(t, endpoint, (each) => {
      big = each;
    });
    const harness = new Harness(t);
    await harness.apply({ clusters: [cluster('a', [port], { protocol: endpoint === 'h2' ? 'http2' : 'http1' })] });
    const before = bufferBytes();
    // The connection has room enough, the stream has not.
    const client = RawHttp2.connect(harness.port, { keepData: false });
    t.teardown(() => client.destroy());
    client.send(windowUpdate(0, 1_000_000_000), get(1, '/big'));
    await eventually(() => big !== null, 'the request');
    const sent = await steady(() => big!.sent);
    t.ok(sent < STALLED_MAX, `the endpoint could send ${sent} bytes`);
    t.equal(client.dataBytes, 65_535, 'the client got what it had room for');
    for (let stream = 3; stream < 43; stream += 2) {
      client.send(get(stream, '/small'));
      await client.waitFor((each) => each.stream === stream && each.type === FRAME.headers, `answer ${stream}`);
    }
    t.equal(big!.sent, sent, 'and nothing has moved meanwhile');
    const grown = bufferBytes() - before;
    t.ok(grown < MEMORY_MAX, `buffers grew by ${grown} bytes`);
    client.send(windowUpdate(1, 1_000_000_000));
    await eventually(() => client.dataBytes === SIZE + 20 * 5, 'everything');
    client.destroy();
    await toRest(harness);
  });

  t.test(`an ${endpoint} endpoint that does not read stalls the upload, and other streams go on`, async (t) => {
    let reader: Duplex | null = null;
    const port =
      endpoint === 'h2'
        ? (
            await startHttp2Endpoint(t, (stream, { ':path': path }) => {
              if (path === '/stall') reader = stream;
              else stream.respond({ ':status': 200 }, { endStream: true });
            })
          ).port
        : await listen(
            t,
            createServer((socket) =>
              socket.on('data', (chunk: Buffer) => {
                if (chunk.latin1Slice().startsWith('POST /stall')) {
                  socket.pause();
                  reader = socket;
                } else if (reader !== socket) socket.write(response(''));
              }),
            ),
          );
    const harness = new Harness(t);
    await harness.apply({ clusters: [cluster('a', [port], { protocol: endpoint === 'h2' ? 'http2' : 'http1' })] });
    const session = await connectHttp2(t, harness.port);
    const before = bufferBytes();
    const upload = session.request({ ':method': 'POST', ':path': '/stall', ':authority': 'a.test' });
    upload.on('error', () => undefined);
    const pattern = source(upload);
    await eventually(() => reader !== null, 'the request');
    const sent = await steady(() => pattern.sent);
    t.ok(sent < STALLED_MAX, `the client could send ${sent} bytes`);
    for (let i = 0; i < 20; i++) t.equal((await ask(session, '/small')).status, 200);
    const grown = bufferBytes() - before;
    t.ok(grown < MEMORY_MAX, `buffers grew by ${grown} bytes`);
    session.destroy();
    await toRest(harness);
  });
}

/** An endpoint that sends back what it gets. */
async function echoing(t: Test, version: Version): Promise<number> {
  if (version === 'h2') {
    const { port } = await startHttp2Endpoint(t, (stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    return port;
  }
  return listen(
    t,
    createHttp1Server((incoming, answer) => void incoming.pipe(answer)),
  );
}

for (const pair of PAIRS) {
  t.test(`50 MB go and come back byte for byte: ${pair.client} client, ${pair.endpoint} endpoint`, async (t) => {
    const port = await echoing(t, pair.endpoint);
    const harness = new Harness(t);
    await harness.apply({ clusters: [cluster('a', [port], { protocol: pair.endpoint === 'h2' ? 'http2' : 'http1' })] });
    const check = new PatternCheck();
    const ended = new Promise<void>((resolve) => {
      const receive = (answer: NodeJS.EventEmitter) => {
        answer.on('data', (chunk: Buffer) => check.take(chunk));
        answer.on('end', () => resolve());
      };
      if (pair.client === 'h2')
        void connectHttp2(t, harness.port).then((session) => {
          const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': 'a.test' });
          receive(stream);
          upload(stream);
        });
      else {
        const outgoing = request({ port: harness.port, host: '127.0.0.1', method: 'POST', agent: false }, receive);
        upload(outgoing);
      }
    });
    await ended;
    t.equal(check.received, SIZE);
    t.equal(check.wrongAt, -1);
  });
}

/** Sends the pattern and ends. */
function upload(writable: Writable): void {
  const pattern = source(writable);
  const finish = () => {
    if (pattern.written < SIZE) writable.once('drain', finish);
    else writable.end();
  };
  finish();
}

t.test('more requests in one read than a client may have in a turn are served in several, none is lost', async (t) => {
  const { port } = await startHttp2Endpoint(t, (stream, { ':path': path }) => {
    stream.respond({ ':status': 200, 'x-path': path });
    stream.end();
  });
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [port], { protocol: 'http2' })] });
  const clients = Array.from({ length: 3 }, () => RawHttp2.connect(harness.port));
  t.teardown(() => clients.forEach((client) => void client.destroy()));
  const long = [['x-long', 'x'.repeat(600)]] as const;
  const requests = Array.from({ length: 90 }, (_, each) => get(2 * each + 1, `/${each}`, long));
  for (const client of clients) client.send(Buffer.concat([...requests, ping()]));
  for (const client of clients) {
    await client.until(() => client.counts[FRAME.headers]! >= requests.length);
    await client.waitFor(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack, 'the answer to the ping');
    t.equal(client.goaway, undefined);
    t.equal(client.resets.size, 0);
  }
  const { http2 } = harness.plane.activator.managerStats()[0]!;
  t.ok(http2.readsDeferred >= clients.length, `${http2.readsDeferred} reads were put off`);
  t.equal(http2.streamsRefused, 0);
  // Nobody is left waiting: what comes now is read.
  for (const client of clients) {
    client.send(get(2 * requests.length + 1));
    await client.until(() => client.counts[FRAME.headers]! > requests.length);
    client.destroy();
  }
  await toRest(harness);
});
