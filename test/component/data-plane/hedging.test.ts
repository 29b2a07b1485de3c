/** Second attempts beside slow ones. */
import t, { type Test } from 'tap';
import { NO_ROUTE_POLICY, type RoutePolicyConfig } from '../../../proxy/config/model/policy.ts';
import type { ForwardAction } from '../../../proxy/config/model/route.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { eventually, Harness } from './harness.ts';
import { type Answering, type Asked, type Client, startClient, startEndpoint, type Version } from './http-pairs.ts';
import { RETRY } from './http2-peers.ts';

const HEDGING = { ...NO_ROUTE_POLICY, hedging: { percentile: 95, maxExtraPercent: 5, minDelayMs: 1 } };

/** Two endpoints behind a hedging route; `slow` answers requests to /slow that nobody else was asked before. */
async function startTwo(
  t: Test,
  version: Version,
  slow: (answer: Answering) => void,
  action: Partial<ForwardAction> = {},
  policy: RoutePolicyConfig = HEDGING,
) {
  const seen = new Map<string, number>();
  const handler = ({ url }: Asked, answer: Answering) => {
    const before = seen.get(url) ?? 0;
    seen.set(url, before + 1);
    if (url.startsWith('/slow') && before === 0) slow(answer);
    else {
      answer.writeHead(200);
      answer.end(url);
    }
  };
  const ports = [await startEndpoint(t, version, handler), await startEndpoint(t, version, handler)];
  const harness = new Harness(t);
  await harness.apply({
    clusters: [cluster('a', ports, { protocol: version === 'h2' ? 'http2' : 'http1' })],
    table: routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), forward('a', action), { policy })])]),
  });
  const target = harness.plane.clusters.get('a')!;
  return { target, seen, client: await startClient(t, version, harness.port) };
}

/** As many answers as it takes until something counts as slow, and no more: one of those could be. */
async function warm(client: Client): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 10 }, (_, k) => client(`/${i}/${k}`)));
}

for (const version of ['h1', 'h2'] as const) {
  t.test(`a second attempt wins over one that hangs, which is ended and not blamed (${version})`, async (t) => {
    let ended = 0;
    const hang = (answer: Answering) => (answer as unknown as NodeJS.EventEmitter).on('close', () => ended++);
    const { target, seen, client } = await startTwo(t, version, hang, { timeoutMs: 300 });
    await warm(client);
    const { stats } = target;
    const reply = await client('/slow');
    t.equal(reply.status, 200);
    t.equal(reply.body, '/slow');
    t.match(stats, { rqHedge: 1, rqHedgeWon: 1, rqHedgeRefused: 0, rqTimeout: 0 });
    await eventually(() => ended === 1, 'the end of the slow attempt');
    t.equal(stats.rqActive, 0);
    t.same(
      target.endpoints.map((each) => [each.active, each.rqError]),
      [
        [0, 0],
        [0, 0],
      ],
    );
    const post = await client('/slow-post', { method: 'POST', body: ['x'] });
    t.equal(post.status, 504);
    t.equal(seen.get('/slow-post'), 1, 'a POST is made once');
    t.equal(stats.rqHedge, 1);
  });
}

t.test('second attempts stay within their share, and what is slow is answered all the same', async (t) => {
  const { target, client } = await startTwo(t, 'h1', (answer) => {
    setTimeout(() => {
      answer.writeHead(200);
      answer.end('late');
    }, 60);
  });
  await warm(client);
  const { stats } = target;
  const replies = await Promise.all(Array.from({ length: 30 }, (_, i) => client(`/slow/${i}`)));
  t.ok(replies.every(({ status }) => status === 200));
  t.ok(stats.rqHedge >= 1 && stats.rqHedge <= 0.05 * 130, `${stats.rqHedge} beside 130`);
  t.ok(stats.rqHedgeRefused > 0);
});

t.test(
  'hedge_on_per_try_timeout lets a slow attempt go on beside its retry, and the first good answer wins',
  async (t) => {
    const retryPolicy = { ...RETRY, retryOn: ['5xx'], perTryTimeoutMs: 60 };
    const action = { retryPolicy, hedgesOnPerTryTimeout: true };
    const answers = [
      // The retry answers.
      { slow: () => undefined, path: '/slow', body: '/slow', retries: 1 },
      // There is no retry left for the second: the first answers late, and well.
      {
        slow: (answer: Answering) =>
          setTimeout(() => {
            answer.writeHead(200);
            answer.end('late');
          }, 150),
        path: '/slow',
        body: 'late',
        retries: 0,
      },
    ];
    for (const { slow, path, body, retries } of answers) {
      const policy = { ...action, retryPolicy: { ...retryPolicy, numRetries: retries } };
      const { target, client } = await startTwo(t, 'h1', (answer) => void slow(answer), policy, NO_ROUTE_POLICY);
      const reply = await client(path);
      t.equal(reply.status, 200);
      t.equal(reply.body, body);
      t.match(target.stats, { rqRetry: retries, rqPerTryTimeout: 0, rqActive: 0 });
      t.equal(target.stats.inUse.retries, 0);
      t.equal(
        target.endpoints.reduce((sum, each) => sum + each.rqTimeout, 0),
        1,
        'it was late all the same',
      );
    }
  },
);
