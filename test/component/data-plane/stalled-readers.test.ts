/**
 * Very large bodies between a fast sender and a reader that stalls, through a proxy in a process of its own: it holds no more
 * than its buffers while the reader sleeps, and delivers every byte when it wakes.
 *
 *   OUTRIDER_LARGE_BODY  bytes each way, default 200 MB and 1 GB with CI=true
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { eventually } from './harness.ts';
import { PatternCheck, PatternSource } from './pattern.ts';
import { type ProxyProcess, startProxy } from './proxy-process.ts';
import { response } from './raw-upstream.ts';

const SIZE = Number(process.env.OUTRIDER_LARGE_BODY ?? (process.env.CI === 'true' ? 1_000_000_000 : 200_000_000));
/** How long a reader sleeps, and how long the sender must have been stopped by then. */
const SLEEP_MS = 1_000;
/** Both kernels' socket buffers on two hops, and the proxy's. */
const SENT_MAX = 60_000_000;
/** What the process may grow by while the reader sleeps: its buffers. */
const ASLEEP_MAX = 20_000_000;
/** And while everything flows, whatever the size: pieces that have been written and not been collected yet. */
const FLOWING_MAX = 120_000_000;
const PATIENCE_MS = 10_000 + SIZE / 20_000;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as { port: number }).port;
}

/** Hands what comes behind the head to `check`; `onHead` is told once. */
function readBody(socket: Socket, check: PatternCheck, onHead: () => void): void {
  let head: string | null = '';
  socket.on('data', (chunk: Buffer) => {
    if (head === null) {
      check.take(chunk);
      return;
    }
    head += chunk.latin1Slice();
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const body = chunk.subarray(chunk.length - (head.length - end - 4));
    head = null;
    check.take(body);
    onHead();
  });
}

/** Proxy and sender while the reader sleeps, and then everything. */
async function sleepAndWake(
  t: Test,
  proxy: ProxyProcess,
  source: () => PatternSource | null,
  check: PatternCheck,
  reader: () => Socket,
): Promise<void> {
  const before = proxy.residentBytes();
  await eventually(() => source() !== null, 'the first bytes');
  await sleep(SLEEP_MS);
  const { sent } = source()!;
  const asleep = proxy.residentBytes() - before;
  t.ok(asleep < ASLEEP_MAX, `the proxy grew by ${asleep} bytes`);
  let most = 0;
  t.ok(sent < SENT_MAX && sent < SIZE, `the sender stopped at ${sent} of ${SIZE} bytes`);
  await sleep(200);
  t.equal(source()!.sent, sent, 'and stands still');
  const watch = setInterval(() => {
    most = Math.max(most, proxy.residentBytes());
  }, 50);
  reader().resume();
  await eventually(() => check.received >= SIZE, 'every byte', PATIENCE_MS);
  clearInterval(watch);
  t.equal(check.received, SIZE);
  t.equal(check.wrongAt, -1, 'every byte is right');
  t.ok(most - before < FLOWING_MAX, `the proxy grew by ${most - before} bytes at most while all of it passed`);
}

t.test('to a client that sleeps', { timeout: PATIENCE_MS + 20_000 }, async (t) => {
  let source: PatternSource | null = null;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`);
      source = new PatternSource(socket, SIZE);
    });
  });
  const proxy = await startProxy(t, await listen(t, server));
  const client = connect(proxy.port, '127.0.0.1');
  t.teardown(() => client.destroy());
  const check = new PatternCheck();
  readBody(client, check, () => client.pause());
  client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  await sleepAndWake(
    t,
    proxy,
    () => source,
    check,
    () => client,
  );
});

t.test('to an endpoint that sleeps', { timeout: PATIENCE_MS + 20_000 }, async (t) => {
  const check = new PatternCheck();
  let reader: Socket | null = null;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    readBody(socket, check, () => {
      reader = socket;
      socket.pause();
    });
    socket.on('data', () => {
      if (check.received === SIZE) socket.write(response('done'));
    });
  });
  const proxy = await startProxy(t, await listen(t, server));
  const client = connect(proxy.port, '127.0.0.1');
  t.teardown(() => client.destroy());
  let answer = '';
  client.on('data', (chunk: Buffer) => {
    answer += chunk.latin1Slice();
  });
  client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${SIZE}\r\n\r\n`);
  const source = new PatternSource(client, SIZE);
  await sleepAndWake(
    t,
    proxy,
    () => (reader === null ? null : source),
    check,
    () => reader!,
  );
  await eventually(() => answer.endsWith('done'), 'the answer');
});
