/** Large bodies both ways, byte for byte, and readers that stall: the sender stops, and nothing piles up in between. */
import t from 'tap';
import { eventually, start } from './harness.ts';
import { PatternCheck, PatternSource } from './pattern.ts';
import { response } from './raw-upstream.ts';

const SIZE = 50_000_000;
/** More than the socket buffers of the kernel hold on both hops together. */
const STALLED_MAX = 35_000_000;
/** What the process may hold of it: the proxy's queues, and what the garbage collector has not come to. */
const HELD_MAX = 30_000_000;

/** Waits until a source has made no progress for a while. */
async function stalled(progress: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = progress();
    if (now === before && now > 0) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

function heldBytes(): number {
  return process.memoryUsage().arrayBuffers;
}

t.test('a large upload reaches a slow endpoint', async (t) => {
  const check = new PatternCheck();
  let headBytes = '';
  let resume: () => void = () => undefined;
  const { harness } = await start(t, {
    parse: false,
    onConnect: ({ socket }) => {
      resume = () => socket.resume();
    },
    onData: (connection, chunk) => {
      let body = chunk;
      if (!headBytes.includes('\r\n\r\n')) {
        headBytes += chunk.latin1Slice();
        const end = headBytes.indexOf('\r\n\r\n');
        if (end < 0) return;
        body = chunk.subarray(chunk.length - (headBytes.length - end - 4));
        connection.socket.pause();
      }
      check.take(body);
      if (check.received >= SIZE) connection.send(response('done'));
    },
  });
  const client = harness.client();
  await eventually(() => !client.socket.connecting, 'the connection');
  const before = heldBytes();
  client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${SIZE}\r\n\r\n`);
  const source = new PatternSource(client.socket, SIZE);
  const sent = await stalled(() => source.sent);
  t.ok(sent < STALLED_MAX, `the client stopped at ${sent} of ${SIZE} bytes`);
  t.ok(heldBytes() - before < HELD_MAX, `${heldBytes() - before} bytes held`);
  resume();
  t.equal((await client.answered(1))[0]!.body, 'done');
  t.equal(check.received, SIZE);
  t.equal(check.wrongAt, -1, 'every byte');
});

t.test('a large answer reaches a slow client', async (t) => {
  const check = new PatternCheck();
  let source: PatternSource | null = null;
  const { harness } = await start(t, {
    onRequest: (_, connection) => {
      connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`);
      source = new PatternSource(connection.socket, SIZE);
    },
  });
  const before = heldBytes();
  const client = harness.client();
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.send('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  await eventually(() => source !== null, 'the request');
  const sent = await stalled(() => source!.sent);
  t.ok(sent < STALLED_MAX, `the endpoint stopped at ${sent} of ${SIZE} bytes`);
  t.ok(heldBytes() - before < HELD_MAX, `${heldBytes() - before} bytes held`);
  let head = '';
  client.socket.on('data', (chunk: Buffer) => {
    if (head.includes('\r\n\r\n')) {
      check.take(chunk);
      return;
    }
    head += chunk.latin1Slice();
    const end = head.indexOf('\r\n\r\n');
    if (end >= 0) check.take(chunk.subarray(chunk.length - (head.length - end - 4)));
  });
  client.socket.resume();
  await eventually(() => client.ended, 'the end');
  t.equal(check.received, SIZE);
  t.equal(check.wrongAt, -1, 'every byte');
});

t.test('a client that reads slowly gets the end of an answer behind which the connection closes', async (t) => {
  const size = 12_000_000;
  const { harness } = await start(
    t,
    {
      onRequest: (_, connection) => {
        connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
        new PatternSource(connection.socket, size);
      },
    },
    { manager: { delayedCloseTimeoutMs: 100 } },
  );
  const client = harness.client();
  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    client.socket.pause();
    setTimeout(() => client.socket.resume(), 1);
  });
  client.send('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  await eventually(() => client.ended, 'the end', 20_000);
  t.ok(received > size, `${received} bytes came`);
});

t.test('a client that takes nothing any more is given up', async (t) => {
  const { harness, upstream } = await start(
    t,
    {
      onRequest: (_, connection) => {
        connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`);
        new PatternSource(connection.socket, SIZE);
      },
    },
    { manager: { streamIdleTimeoutMs: 150, delayedCloseTimeoutMs: 50 } },
  );
  const client = harness.client();
  client.socket.pause();
  client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  await eventually(() => harness.plane.listeners.get('main')!.stats.cxDestroy === 1, 'the end of the connection');
  await eventually(() => upstream.connections[0]!.ended, 'the end of the connection to the endpoint');
  t.equal(harness.plane.activator.managerStats()[0]!.rqIdleTimeout, 1);
  t.equal(harness.plane.clusters.get('a')!.stats.rqActive, 0);
});
