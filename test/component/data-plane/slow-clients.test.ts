/**
 * Thousands of clients that send a byte now and then, against a proxy in a process of its own: what each costs in resident
 * memory, that they are given up in time, and that others are served meanwhile.
 *
 *   OUTRIDER_SLOW_CLIENTS  how many of each kind, default 1,000 and 5,000 with CI=true, which take 12,000 open files
 */
import { connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { eventually } from './harness.ts';
import { startProxy } from './proxy-process.ts';
import { RawClient } from './raw-client.ts';
import { response } from './raw-upstream.ts';

const COUNT = Number(process.env.OUTRIDER_SLOW_CLIENTS ?? (process.env.CI === 'true' ? 5_000 : 1_000));
const BYTES_EACH_MAX = 15_000;
/** A young heap grows by steps of its own. Thousands of clients have to bear that, fewer cannot. */
const FIRST_GROWTH = COUNT >= 5_000 ? 0 : 20_000_000;
/** Of the proxy, counted from the moment at which everybody has sent the first bytes. */
const GIVEN_UP_MS = 4_000;
const AT_ONCE = 200;

/** Answers GET with its path, and takes everything else without looking at it. */
async function startEndpoint(t: Test): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      if (chunk[0] === 0x47) socket.write(response(chunk.latin1Slice().split(' ')[1]!));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

/** Connects that many clients, and sends the first bytes of each. */
async function crowd(t: Test, port: number, count: number, first: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () => connect(port, '127.0.0.1'));
    sockets.push(...batch);
    await Promise.all(
      batch.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            socket.once('error', reject);
            socket.once('connect', () => {
              socket.off('error', reject);
              socket.on('error', () => undefined);
              socket.resume();
              socket.write(first, () => resolve());
            });
          }),
      ),
    );
  }
  return sockets;
}

/** Everybody sends one byte more. */
function drip(sockets: readonly Socket[], byte: string): void {
  for (const socket of sockets) if (!socket.destroyed && socket.writable) socket.write(byte);
}

async function slow(t: Test, first: string): Promise<void> {
  const proxy = await startProxy(t, await startEndpoint(t), {
    request_headers_timeout: `${GIVEN_UP_MS / 1_000}s`,
    request_timeout: `${GIVEN_UP_MS / 1_000}s`,
    delayed_close_timeout: '0.5s',
  });
  const good = RawClient.connect(proxy.port);
  t.teardown(() => good.destroy());
  // What a process has allocated once it keeps: code, pools, and the heap's first growth are not the clients'.
  const warm = await crowd(t, proxy.port, Math.min(200, COUNT), first);
  for (const socket of warm) socket.destroy();
  for (let i = 0; i < 50; i++) await good.get('/warm');
  const before = proxy.residentBytes();
  const sockets = await crowd(t, proxy.port, COUNT, first);
  const startedMs = performance.now();
  let slowest = 0;
  for (let i = 0; i < 10; i++) {
    drip(sockets, 'x');
    const askedMs = performance.now();
    t.equal((await good.get(`/good-${i}`)).body, `/good-${i}`);
    slowest = Math.max(slowest, performance.now() - askedMs);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  const grown = proxy.residentBytes() - before;
  const each = Math.round(grown / COUNT);
  t.comment(`${COUNT} clients, ${each} bytes each, slowest good answer ${slowest.toFixed(1)} ms`);
  t.ok(grown < BYTES_EACH_MAX * COUNT + FIRST_GROWTH, `${each} bytes of resident memory each`);
  t.ok(slowest < 3_000, `a good client waited ${slowest.toFixed(0)} ms at most`);
  await eventually(() => sockets.every((socket) => socket.destroyed), 'all slow clients to be closed', 20_000);
  t.ok(performance.now() - startedMs < GIVEN_UP_MS + 4_000, 'in time');
  t.equal((await good.get('/after')).body, '/after');
}

t.test('half-open heads cost little and are given up', { timeout: 100_000 }, (t) =>
  slow(t, 'GET / HTTP/1.1\r\nHost: a.test\r\nX-Slow: '),
);

t.test('half-open bodies cost little and are given up', { timeout: 100_000 }, (t) =>
  slow(t, 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n'),
);
