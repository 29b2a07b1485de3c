/** What is answered instead of a failure. */
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import { type FallbackConfig, NO_ROUTE_POLICY } from '../../../proxy/config/model/policy.ts';
import type { ForwardAction } from '../../../proxy/config/model/route.ts';
import { cluster, forward, prefixMatch, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { Harness } from './harness.ts';
import { type Handler, startClient, startEndpoint, type Version } from './http-pairs.ts';
import { RETRY } from './http2-peers.ts';

const LAST_GOOD: FallbackConfig = { kind: 'last-good', maxAgeMs: 60_000, maxBytes: 1_000, maxEntries: 2 };
const STATIC: FallbackConfig = { kind: 'static', status: 200, contentType: 'text/plain', body: 'later, please' };

/** Clusters `a` and `b` behind a route that falls back. */
async function startFalling(
  t: Test,
  versions: { readonly client: Version; readonly a: Version; readonly b: Version },
  fallbacks: readonly FallbackConfig[],
  handlers: { readonly a: Handler; readonly b?: Handler },
  action: Partial<ForwardAction> = {},
) {
  const harness = new Harness(t);
  const clusters: ClusterConfig[] = [];
  for (const name of ['a', 'b'] as const) {
    const handler = handlers[name];
    if (handler === undefined) continue;
    const port = await startEndpoint(t, versions[name], handler);
    clusters.push(cluster(name, [port], { protocol: versions[name] === 'h2' ? 'http2' : 'http1' }));
  }
  const policy = { ...NO_ROUTE_POLICY, fallbacks };
  const to = forward('a', { retryPolicy: { ...RETRY, retryOn: ['connect-failure'] }, ...action });
  await harness.apply({
    clusters,
    table: routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), to, { policy })])]),
  });
  return {
    client: await startClient(t, versions.client, harness.port),
    stats: harness.plane.clusters.get('a')!.stats,
  };
}

const failing: Handler = (_asked, answer) => {
  answer.writeHead(503);
  answer.end('broken');
};

for (const version of ['h1', 'h2'] as const) {
  const versions = { client: version, a: version, b: version };

  t.test(`a static answer stands in for a failure and for a 5xx (${version})`, async (t) => {
    const { client, stats } = await startFalling(
      t,
      versions,
      [LAST_GOOD, STATIC],
      { a: (asked, answer) => (asked.url === '/hang' ? undefined : failing(asked, answer)) },
      { timeoutMs: 150 },
    );
    for (const path of ['/', '/hang']) {
      const reply = await client(path);
      t.equal(reply.status, 200);
      t.equal(reply.body, 'later, please');
      t.equal(reply.headers['content-type'], 'text/plain');
      t.equal(reply.headers['x-outrider-fallback'], 'static');
    }
    t.equal((await client('/', { method: 'HEAD' })).body, '');
    t.match(stats, { fallbackStatic: 3, fallbackNone: 0, rqActive: 0 });
  });

  t.test(`the last good answer stands in, byte for byte, for those whom it is for (${version})`, async (t) => {
    let broken = false;
    const body = gzipSync('a page');
    const { client, stats } = await startFalling(t, versions, [LAST_GOOD], {
      a: ({ url }, answer) => {
        if (broken) {
          answer.writeHead(500);
          answer.end();
          return;
        }
        const cookie = url === '/cookie' ? { 'set-cookie': 'a=b' } : {};
        const control = url === '/private' ? { 'cache-control': 'private' } : {};
        answer.writeHead(200, { 'content-encoding': 'gzip', 'x-page': url, ...cookie, ...control });
        answer.write(body.subarray(0, 5));
        answer.end(url === '/large' ? Buffer.alloc(2_000) : body.subarray(5));
      },
    });
    const paths = ['/old', '/page', '/cookie', '/private', '/large', '/again'];
    const good = new Map<string, string>();
    for (const path of paths) good.set(path, (await client(path)).body);
    broken = true;
    for (const path of ['/page', '/again']) {
      const reply = await client(path);
      t.equal(reply.status, 200);
      t.equal(reply.body, good.get(path), path);
      t.match(reply.headers, {
        'x-page': path,
        'content-encoding': 'gzip',
        'x-outrider-fallback': 'last-good',
        age: /^\d+$/,
      });
      t.match(reply.headers.warning, /^111/);
    }
    for (const path of ['/old', '/cookie', '/private', '/large']) t.equal((await client(path)).status, 500, path);
    t.equal((await client('/page', { headers: { authorization: 'x' } })).status, 500);
    t.equal((await client('/page', { headers: { accept: 'image/png' } })).status, 500);
    t.equal((await client('/page', { method: 'POST', body: ['x'] })).status, 500);
    t.match(stats, { fallbackLastGood: 2, fallbackNone: 7 });
  });
}

for (const [a, b] of [
  ['h1', 'h1'],
  ['h1', 'h2'],
  ['h2', 'h1'],
  ['h2', 'h2'],
] as const) {
  t.test(`another cluster stands in, for what may be repeated (${a} to ${b})`, async (t) => {
    const seen: string[] = [];
    const { client, stats } = await startFalling(
      t,
      { client: 'h1', a, b },
      [{ kind: 'cluster', cluster: 'b' }, STATIC],
      {
        a: failing,
        b: ({ method, url, body, headers }, answer) => {
          seen.push(`${method} ${url} ${body}`);
          answer.writeHead(url === '/both' ? 502 : 200, { 'x-host': String(headers.host ?? '') });
          answer.end('from b');
        },
      },
    );
    const reply = await client('/x');
    t.match(reply, { status: 200, body: 'from b', headers: { 'x-outrider-fallback': 'cluster' } });
    const put = await client('/y', { method: 'PUT', body: ['some ', 'body'], headers: { 'content-length': '9' } });
    t.equal(put.body, 'from b');
    t.equal((await client('/both')).headers['x-outrider-fallback'], 'static', 'the next one in the order');
    const post = await client('/z', { method: 'POST', body: ['pay'] });
    t.equal(post.headers['x-outrider-fallback'], 'static', 'a POST that was seen goes nowhere else');
    t.same(seen, ['GET /x ', 'PUT /y some body', 'GET /both ']);
    t.match(stats, { fallbackCluster: 3, fallbackStatic: 1, rqActive: 0 });
  });
}

t.test(
  'without an answer of its own a failure is passed on; a cluster that nobody can reach is left for another',
  async (t) => {
    const { client } = await startFalling(
      t,
      { client: 'h1', a: 'h1', b: 'h1' },
      [{ kind: 'cluster', cluster: 'nowhere' }, LAST_GOOD],
      { a: failing },
    );
    const reply = await client('/');
    t.equal(reply.status, 503);
    t.equal(reply.body, 'broken');
  },
);
