/** The pool closes idle connections before their endpoint does, so that no request meets a closing connection. */
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import t, { type Test } from 'tap';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import { cluster } from '../../fakes/config-builders.ts';
import { Harness } from './harness.ts';
import { readRequests } from './http-text.ts';
import { response } from './raw-upstream.ts';

const KEPT_MS = 1_000;
/** How long the trickle goes on, in requests behind the first: about three seconds, all clients at the same time. */
const REQUESTS = 3;
/** Around the moment at which the endpoint closes. */
const PAUSES_MS = [700, 790, 850, 900, 940, 960, 970, 980, 985, 990, 995, 1_000, 1_005, 1_010, 1_020, 1_050];

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function listen(t: Test, server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => server.close());
  return (server.address() as { port: number }).port;
}

/** Each client has an endpoint of its own in the eyes of the pool: connections are not shared, and grow as old as the pause. */
async function trickle(t: Test, ports: readonly number[], change: Partial<ClusterConfig>) {
  const statuses = new Map<number, number>();
  const harnesses = await Promise.all(
    ports.map(async (port) => {
      const harness = new Harness(t);
      await harness.apply({ clusters: [cluster('a', [port], change)] });
      return harness;
    }),
  );
  const ask = async (harness: Harness, pauseMs: number) => {
    const client = harness.client();
    for (let i = 0; i <= REQUESTS; i++) {
      client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc');
      const { status } = (await client.answered(i + 1))[i]!;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // The first pause is long enough for the endpoint to teach by closing.
      await pause(i === 0 ? 1_500 : pauseMs);
    }
  };
  await Promise.all(harnesses.map((harness, i) => ask(harness, PAUSES_MS[i]!)));
  const stats = harnesses.map((harness) => harness.plane.clusters.get('a')!.stats);
  return { statuses, stats };
}

t.test('an endpoint that tells its timeout loses no POST of a trickle', async (t) => {
  const server = createServer((request, answer) => request.resume().on('end', () => answer.end('ok')));
  server.keepAliveTimeout = KEPT_MS;
  server.keepAliveTimeoutBuffer = 0;
  const port = await listen(t, server);
  const { statuses, stats } = await trickle(
    t,
    PAUSES_MS.map(() => port),
    {},
  );
  t.same([...statuses], [[200, PAUSES_MS.length * (REQUESTS + 1)]]);
  t.ok(stats.every((each) => each.cxIdleTimeout > 0));
  t.ok(
    stats.every((each) => each.cxIdleRemoteClose === 0),
    'the pool was first every time',
  );
  t.ok(
    stats.reduce((sum, each) => sum + each.cxTotal, 0) < PAUSES_MS.length * (REQUESTS + 1),
    'connections are used again while they may be',
  );
});

t.test('an endpoint that tells nothing teaches by its first close', async (t) => {
  const server = createTcpServer((socket) => {
    let rest = '';
    let timer: NodeJS.Timeout | undefined;
    socket.on('error', () => undefined);
    socket.on('close', () => clearTimeout(timer));
    socket.on('data', (chunk: Buffer) => {
      rest += chunk.latin1Slice();
      const read = readRequests(rest);
      rest = rest.slice(read.rest);
      for (const _ of read.messages) socket.write(response('ok'));
      clearTimeout(timer);
      timer = setTimeout(() => socket.end(), KEPT_MS);
    });
  });
  const port = await listen(t, server);
  const { statuses, stats } = await trickle(
    t,
    PAUSES_MS.map(() => port),
    { learnsIdleTimeout: true },
  );
  t.same([...statuses], [[200, PAUSES_MS.length * (REQUESTS + 1)]]);
  t.same(
    stats.map((each) => each.cxIdleRemoteClose),
    stats.map(() => 1),
    'one lesson is enough',
  );
});
