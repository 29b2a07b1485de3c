/** Configuration that changes under load, connections that grow old, and drains: no request is lost. */
import t from 'tap';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import type { WeightedCluster } from '../../../proxy/config/model/route.ts';
import {
  cluster,
  endpoint,
  endpointSet,
  forward,
  healthCheck,
  NO_EDITS,
  prefixMatch,
  route,
  routeTable,
  virtualHost,
} from '../../fakes/config-builders.ts';
import { eventually, everythingTo, Harness, start, startUpstream } from './harness.ts';
import { valuesOf } from './http-text.ts';
import { response } from './raw-upstream.ts';

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Keeps `clients` asking, each on its connection and anew behind a close, until stopped. */
class Load {
  readonly statuses = new Map<number, number>();
  readonly errors: string[] = [];
  readonly #harness: Harness;
  readonly #running: Promise<void>[] = [];
  #stopped = false;

  constructor(harness: Harness, clients: number, port = harness.port) {
    this.#harness = harness;
    for (let i = 0; i < clients; i++) this.#running.push(this.#ask(port));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /** Waits until every client may have been answered once more. */
  async goOn(): Promise<void> {
    const before = this.total + this.errors.length;
    await eventually(() => this.total + this.errors.length >= before + 2 * this.#running.length, 'requests to go on');
  }

  get total(): number {
    return [...this.statuses.values()].reduce((sum, each) => sum + each, 0);
  }

  async #ask(port: number): Promise<void> {
    let client = this.#harness.client(port);
    while (!this.#stopped) {
      try {
        const answer = await client.get('/');
        this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
        if (valuesOf(answer, 'connection').includes('close')) client = this.#harness.client(port);
        // The text of a client is read from its beginning: not for ever.
        else if (client.text.length > 100_000) {
          client.destroy();
          client = this.#harness.client(port);
        }
      } catch (error) {
        this.errors.push(String(error));
        client = this.#harness.client(port);
      }
    }
    client.destroy();
  }
}

function weighted(...weights: readonly (readonly [string, number])[]) {
  const clusters = weights.map(
    ([name, weight]): WeightedCluster => ({
      name,
      weight,
      edits: NO_EDITS,
      subset: null,
      hostRewrite: null,
      perFilter: {},
    }),
  );
  const totalWeight = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const action = forward('', { cluster: { kind: 'weighted', clusters, totalWeight } });
  return routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), action)])]);
}

t.test('under load, weights change and clusters come and go without a failed request', async (t) => {
  const [a, b, c] = [await startUpstream(t), await startUpstream(t), await startUpstream(t)];
  const harness = new Harness(t);
  const clusters: Record<string, ClusterConfig> = {
    a: cluster('a', [a.port]),
    b: cluster('b', [b.port]),
    c: cluster('c', [c.port]),
  };
  const steps = [
    [['a', 100]],
    [
      ['a', 90],
      ['b', 10],
    ],
    [
      ['a', 50],
      ['b', 50],
    ],
    [['b', 100]],
    [
      ['b', 20],
      ['c', 80],
    ],
    [['c', 100]],
    [
      ['a', 1],
      ['c', 1],
    ],
  ] as const satisfies readonly (readonly (readonly [string, number])[])[];
  const apply = (step: (typeof steps)[number]) =>
    harness.apply({ clusters: step.map(([name]) => clusters[name]!), table: weighted(...step) });
  await apply(steps[0]!);
  const load = new Load(harness, 8);
  for (let round = 0; round < 3; round++) {
    for (const step of steps) {
      await apply(step);
      await load.goOn();
    }
  }
  await load.stop();
  t.same(load.errors, []);
  t.same([...load.statuses.keys()], [200]);
  t.ok(a.requests.length > 0 && b.requests.length > 0 && c.requests.length > 0);
  for (const each of harness.plane.clusters.all()) t.equal(each.stats.rqActive, 0);
});

t.test(
  'under load, a listener whose settings change asks its clients to come again, and loses no request',
  async (t) => {
    const { harness, upstream } = await start(t);
    const clusters = [cluster('a', [upstream.port])];
    const load = new Load(harness, 8);
    for (let i = 0; i < 10; i++) {
      await pause(20);
      await harness.apply({ clusters, manager: { serverName: `server-${i}` } });
    }
    await load.stop();
    t.same(load.errors, []);
    t.same([...load.statuses.keys()], [200]);
  },
);

t.test('a removed endpoint finishes what it has, and gets nothing new', async (t) => {
  const held: (() => void)[] = [];
  const leaving = await startUpstream(t, {
    onRequest: (_, connection) => void held.push(() => connection.send(response('leaving'))),
  });
  const staying = await startUpstream(t, { onRequest: (_, connection) => connection.send(response('staying')) });
  const harness = new Harness(t);
  const eds = (ports: readonly number[]) => ({
    clusters: [cluster('a', [], { discovery: { kind: 'eds', serviceName: 'a', file: null, fetchTimeoutMs: 15_000 } })],
    endpoints: [
      endpointSet(
        'a',
        ports.map((port) => endpoint(port)),
      ),
    ],
  });
  await harness.apply(eds([leaving.port]));
  const slow = [harness.client().get('/1'), harness.client().get('/2')];
  await eventually(() => held.length === 2, 'both requests');
  await harness.apply(eds([staying.port]));
  const client = harness.client();
  for (let i = 0; i < 5; i++) t.equal((await client.get('/')).body, 'staying');
  for (const release of held) release();
  for (const answer of await Promise.all(slow)) t.equal(answer.body, 'leaving');
  await eventually(() => leaving.openConnections === 0, 'the end of the connections to the removed endpoint');
});

t.test('a removed cluster finishes what it has', async (t) => {
  let release: () => void = () => undefined;
  const { harness, upstream } = await start(t, {
    onRequest: (_, connection) => {
      release = () => connection.send(response('late'));
    },
  });
  const slow = harness.client().get('/');
  await eventually(() => upstream.requests.length === 1, 'the request');
  const other = await startUpstream(t);
  await harness.apply({ clusters: [cluster('b', [other.port])], table: weighted(['b', 1]) });
  t.equal((await harness.client().get('/new')).body, '/new');
  release();
  t.equal((await slow).body, 'late');
});

t.test('a drain answers what is in flight with connection: close, and then closes', async (t) => {
  const held: (() => void)[] = [];
  const { harness } = await start(t, {
    onRequest: ({ target }, connection) => {
      if (target === '/now') connection.send(response('now'));
      else held.push(() => connection.send(response(target)));
    },
  });
  const idle = harness.client();
  await idle.get('/now');
  const busy = harness.client();
  const answer = busy.get('/held');
  const pipelined = harness.client();
  pipelined.send('GET /one HTTP/1.1\r\nHost: a.test\r\n\r\nGET /now HTTP/1.1\r\nHost: a.test\r\n\r\n');
  await eventually(() => held.length === 2, 'both requests');
  const { port } = harness;
  let drained = false;
  const drain = harness.plane.listeners.drainAll().then(() => {
    drained = true;
  });
  await idle.end();
  t.notOk(drained, 'it waits for the requests in flight');
  for (const release of held) release();
  t.same(valuesOf(await answer, 'connection'), ['close']);
  await busy.end();
  t.equal((await pipelined.answered(1))[0]!.body, '/one');
  for (const each of [idle, busy, pipelined]) each.finish();
  await drain;
  const late = harness.client(port);
  await late.end();
  t.ok(late.reset, 'nobody listens there any more');
});

t.test('a request that has not arrived in time is 408', async (t) => {
  const { harness, upstream } = await start(t, {}, { manager: { requestTimeoutMs: 60 } });
  const body = harness.client();
  body.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nabc');
  await body.end();
  t.equal(body.answers[0]!.status, 408);
  const head = harness.client();
  head.send('GET / HTTP/1.1\r\nHost: a');
  await head.end();
  t.equal(head.answers[0]!.status, 408);
  t.equal(upstream.requests.length, 0);
  t.equal(harness.plane.activator.managerStats()[0]!.rqTimeout, 2);
});

t.test('a head that does not come in time is 408, however slowly it drips', async (t) => {
  const { harness } = await start(t, {}, { manager: { requestHeadersTimeoutMs: 80 } });
  const client = harness.client();
  client.send('GET / HTTP/1.1\r\n');
  const drip = setInterval(() => client.send('X-A: b\r\n'), 10);
  t.teardown(() => clearInterval(drip));
  await client.end();
  t.equal(client.answers[0]!.status, 408);
});

t.test('a stream on which nothing moves is ended: 504 for the endpoint, 408 for the client', async (t) => {
  const { harness } = await start(t, { onRequest: () => undefined }, { manager: { streamIdleTimeoutMs: 80 } });
  t.equal((await harness.client().get('/')).status, 504);
  const client = harness.client();
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nabc');
  t.equal((await client.answered(1))[0]!.status, 408);
});

t.test('an idle connection is closed after the idle timeout, a busy one is not', async (t) => {
  const { harness } = await start(
    t,
    { onRequest: (_, connection) => void setTimeout(() => connection.send(response('slow')), 200) },
    { manager: { idleTimeoutMs: 80 } },
  );
  const client = harness.client();
  t.equal((await client.get('/')).body, 'slow');
  await client.end();
  t.notOk(client.reset);
});

t.test('a connection that has lived long enough says so in its next answer', async (t) => {
  const { harness } = await start(t, {}, { manager: { maxConnectionDurationMs: 60, drainTimeoutMs: 5_000 } });
  const client = harness.client();
  t.same(valuesOf(await client.get('/young'), 'connection'), []);
  await pause(120);
  t.same(valuesOf(await client.get('/old'), 'connection'), ['close']);
  await client.end();
});

t.test('a connection that has lived long enough and is not used closes after the drain timeout', async (t) => {
  const { harness } = await start(t, {}, { manager: { maxConnectionDurationMs: 30, drainTimeoutMs: 30 } });
  const client = harness.client();
  await client.end();
  t.notOk(client.reset);
});

t.test('a connection takes as many requests as configured', async (t) => {
  const { harness } = await start(t, {}, { manager: { maxRequestsPerConnection: 2 } });
  const client = harness.client();
  t.same(valuesOf(await client.get('/1'), 'connection'), []);
  t.same(valuesOf(await client.get('/2'), 'connection'), ['close']);
  await client.end();
});

t.test(
  'while a new cluster warms up, endpoints of the others change, and newer routes take the place of older',
  async (t) => {
    const [first, second] = [await startUpstream(t), await startUpstream(t)];
    const silent = await startUpstream(t, { onRequest: () => undefined });
    const harness = new Harness(t);
    const one = (port: number) => cluster('a', [port]);
    const checked = (name: string) => cluster(name, [silent.port], { healthCheck: healthCheck({ timeoutMs: 10_000 }) });
    const parts = (clusters: readonly ClusterConfig[], to = 'a') => ({ clusters, table: everythingTo(to) });
    await harness.apply(parts([one(first.port)]));
    const client = harness.client();
    await client.get('/');
    t.equal(first.connections.length, 1);

    const states: string[] = [];
    const noted = (name: string) => () => void states.push(name);
    const warming = harness.apply(parts([one(first.port), checked('b')], 'b')).then(noted('b'));
    await eventually(() => silent.connections.length > 0, 'a check');
    const newer = harness.apply(parts([one(second.port), checked('b'), checked('c')])).then(noted('c'));
    await eventually(() => harness.plane.clusters.get('c') !== undefined, 'the other cluster');
    await client.get('/');
    t.equal(second.connections.length, 1, 'requests go to the new endpoint, by the old routes');
    t.same(states, [], 'neither is active yet');

    const last = harness.apply(parts([one(first.port)]));
    await last;
    await Promise.all([warming, newer]);
    t.same(states, ['b', 'c'], 'what is waited for can leave');
    t.same(
      harness.plane.clusters.all().map(({ name }) => name),
      ['a'],
    );
    await client.get('/');
    t.equal(first.connections.length, 2);
  },
);
