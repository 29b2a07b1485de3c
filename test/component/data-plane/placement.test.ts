/** Where requests go, on sockets: by the hash of the client's key, by its session, and elsewhere when that fails. */
import t, { type Test } from 'tap';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import type { HttpConnectionManagerConfig } from '../../../proxy/config/model/listener.ts';
import type { ForwardAction } from '../../../proxy/config/model/route.ts';
import { RETRY_DEFAULTS } from '../../../proxy/config/retry-defaults.ts';
import {
  cluster,
  endpoint,
  endpointSet,
  forward,
  prefixMatch,
  ROUTER,
  route,
  routeTable,
  virtualHost,
} from '../../fakes/config-builders.ts';
import { Harness, startUpstream } from './harness.ts';
import { response } from './raw-upstream.ts';

const MAGLEV: Partial<ClusterConfig> = {
  lbPolicy: { kind: 'maglev', tableSize: 251, useHostname: false, boundPercent: 0 },
};

/** Three endpoints that answer with their port, or with 500 where the test says so. */
async function setUp(
  t: Test,
  action: Partial<ForwardAction>,
  change: Partial<ClusterConfig>,
  manager: Partial<HttpConnectionManagerConfig> = {},
) {
  const failing = new Set<number>();
  const harness = new Harness(t);
  const ports: number[] = [];
  for (let i = 0; i < 3; i++) {
    const upstream = await startUpstream(t, {
      onRequest: (_request, connection) => {
        const text = String(upstream.port);
        connection.send(failing.has(upstream.port) ? response(text, '', '500 Broken') : response(text));
      },
    });
    ports.push(upstream.port);
  }
  const table = routeTable('t', [virtualHost(['*'], [route(prefixMatch('/'), forward('a', action))])]);
  await harness.apply({ clusters: [cluster('a', ports, change)], table, manager });
  return { harness, ports, failing };
}

t.test('a key has one endpoint, and when that fails the request is tried on another', async (t) => {
  const hashPolicy = [{ source: { kind: 'header', name: 'x-user', rewrite: null }, terminal: false }] as const;
  const retryPolicy = { ...RETRY_DEFAULTS, retryOn: ['5xx'], numRetries: 1, avoidPreviousHosts: true };
  const { harness, failing } = await setUp(t, { hashPolicy, retryPolicy }, MAGLEV);
  const client = harness.client();
  const placeOf = async (user: number) => (await client.get('/', `x-user: ${user}\r\n`)).body.toString();
  const places = [];
  for (let user = 0; user < 30; user++) places.push(await placeOf(user));
  t.equal(new Set(places).size, 3, 'keys spread');
  for (let user = 0; user < 30; user++) t.equal(await placeOf(user), places[user]);
  failing.add(Number(places[0]));
  for (let user = 0; user < 30; user++) {
    const place = await placeOf(user);
    if (places[user] === places[0]) t.not(place, places[0]);
    else t.equal(place, places[user]);
  }
});

t.test('a client without the cookie gets one, which brings it back', async (t) => {
  const source = { kind: 'cookie', name: 'sess', ttlSeconds: 60, path: '', attributes: [] } as const;
  const { harness } = await setUp(t, { hashPolicy: [{ source, terminal: false }] }, MAGLEV);
  const first = await harness.client().get('/');
  const cookie = /set-cookie: (sess="[0-9a-f]{16}"); Max-Age=60; HttpOnly/.exec(first.head)![1]!;
  const again = await harness.client().get('/', `cookie: ${cookie}\r\n`);
  t.equal(again.body.toString(), first.body.toString());
  t.notMatch(again.head, /set-cookie/);
});

t.test('a session stays with its endpoint until that has to go', async (t) => {
  const config = { kind: 'stateful-session', state: { kind: 'header', name: 'x-sess' }, strict: false } as const;
  const httpFilters = [{ name: 's', config, disabled: false }, ROUTER];
  const { harness, ports } = await setUp(t, {}, {}, { httpFilters });
  const client = harness.client();
  const first = await client.get('/');
  const session = /x-sess: (\S+)/.exec(first.head)![1]!;
  for (let i = 0; i < 4; i++) {
    const again = await client.get('/', `x-sess: ${session}\r\n`);
    t.equal(again.body.toString(), first.body.toString());
    t.notMatch(again.head, /x-sess/);
  }
  const health = (port: number) => (port === Number(first.body.toString()) ? 'unhealthy' : 'healthy');
  const endpoints = ports.map((port) => endpoint(port, { health: health(port) }));
  harness.plane.clusters.get('a')!.setEndpoints(endpointSet('a', endpoints));
  const moved = await client.get('/', `x-sess: ${session}\r\n`);
  t.not(moved.body.toString(), first.body.toString());
  t.match(moved.head, /x-sess: /, 'and says where it is now');
});
