/** What protects the application on the inbound side, on sockets: the adaptive limit, deadlines and quotas. */
import t, { type Test } from 'tap';
import type {
  AdaptiveLimitConfig,
  HttpFilterConfig,
  QuotaLimitConfig,
} from '../../../proxy/config/model/http-filter.ts';
import { cluster, ROUTER } from '../../fakes/config-builders.ts';
import { startOne } from './grpc-chain.ts';
import { GrpcClient } from './grpc-peers.ts';
import { eventually, Harness } from './harness.ts';
import { type Answering, type Asked, type Client, type Pair, startClient, startEndpoint } from './http-pairs.ts';
import { OVER_HTTP2 } from './http2-peers.ts';

const PAIRS: readonly Pair[] = [
  { client: 'h1', endpoint: 'h1' },
  { client: 'h2', endpoint: 'h1' },
  { client: 'h2', endpoint: 'h2' },
];

const DEADLINE: HttpFilterConfig = { kind: 'deadline' };

function limiting(limit: number, change: Partial<AdaptiveLimitConfig> = {}): AdaptiveLimitConfig {
  return {
    kind: 'adaptive-limit',
    initialLimit: limit,
    minLimit: limit,
    maxLimit: limit,
    tolerance: 1.5,
    maxQueue: 0,
    maxWaitMs: 10_000,
    priorityHeader: 'x-outrider-priority',
    exempt: [],
    ...change,
  };
}

function chain(...configs: readonly HttpFilterConfig[]) {
  return { httpFilters: [...configs.map((config) => ({ name: config.kind, config, disabled: false })), ROUTER] };
}

/** An application that answers when it is told to. */
interface Held {
  readonly asked: Asked;
  readonly answer: Answering;
}

interface Running {
  readonly client: Client;
  readonly harness: Harness;
  readonly held: readonly Held[];
}

/** A client, these filters, and an application that holds what it is asked. */
async function run(t: Test, pair: Pair, ...configs: readonly HttpFilterConfig[]): Promise<Running> {
  const held: Held[] = [];
  const port = await startEndpoint(t, pair.endpoint, (asked, answer) => held.push({ asked, answer }));
  const harness = new Harness(t);
  const clusters = [cluster('a', [port], pair.endpoint === 'h2' ? OVER_HTTP2 : {})];
  await harness.apply({ clusters, manager: chain(...configs) });
  return { client: await startClient(t, pair.client, harness.port), harness, held };
}

function adaptiveStats(harness: Harness) {
  return harness.plane.activator.filterStats.adaptiveLimits[0]!;
}

for (const pair of PAIRS) {
  const between = `${pair.client} to ${pair.endpoint}`;

  t.test(`what the application has no place for is refused, and waits where it may, ${between}`, async (t) => {
    const { client, harness, held } = await run(t, pair, DEADLINE, limiting(1, { maxQueue: 1 }));
    const first = client('/first');
    await eventually(() => held.length === 1, 'the first request');
    const pieces = Array.from({ length: 20 }, (_, i) => Buffer.alloc(10_000, 97 + i));
    const headers = { 'x-outrider-deadline': '60000' };
    const second = client('/second', { method: 'POST', body: pieces, headers });
    await eventually(() => adaptiveStats(harness).queued === 1, 'the second one to wait');
    const third = await client('/third', { headers: { accept: 'application/json' } });
    t.match(third, { status: 503, headers: { 'x-outrider-failure': 'UO; adaptive_limit_overflow' } });
    t.match(JSON.parse(third.body), {
      error: { message: /1 requests are in flight and 1 wait, the adaptive limit is 1/ },
    });
    held[0]!.answer.end('1');
    t.equal((await first).body, '1');
    await eventually(() => held.length === 2, 'the second request');
    t.ok(
      held[1]!.asked.body === Buffer.concat(pieces).toString('latin1'),
      'what it sent while it waited, byte for byte',
    );
    t.ok(Number(held[1]!.asked.headers['x-outrider-deadline']) < 60_000, 'less is left for the application');
    held[1]!.answer.end('2');
    t.equal((await second).body, '2');
    t.match(adaptiveStats(harness), { inFlight: 0, queued: 0, admitted: 2, waited: 1, refusedDefault: 1 });
  });

  t.test(`nobody works for a caller that does not wait any longer, ${between}`, async (t) => {
    const { client, harness, held } = await run(t, pair, DEADLINE, limiting(1, { maxQueue: 5 }));
    t.equal((await client('/', { headers: { 'x-outrider-deadline': '0' } })).status, 504);
    t.equal(held.length, 0);
    const worked = client('/', { headers: { 'x-outrider-deadline': '300' } });
    const waiting = await client('/', { headers: { 'x-outrider-deadline': '30' } });
    t.match(waiting, { status: 504, headers: { 'x-outrider-failure': 'DT; deadline_exceeded_while_waiting' } });
    t.match(await worked, { status: 504, headers: { 'x-outrider-failure': 'DT; deadline_exceeded' } });
    t.equal(held.length, 1);
    t.match(adaptiveStats(harness), { inFlight: 0, queued: 0, abandoned: 1 });
    const [deadlines] = harness.plane.activator.filterStats.deadlines;
    t.match(deadlines, { bounded: 3, expiredOnArrival: 1, exceededWaiting: 1, exceeded: 1 });
  });
}

t.test('a client that leaves while it waits leaves the queue, and one that is served its place', async (t) => {
  const { harness, held } = await run(t, PAIRS[0]!, limiting(1, { maxQueue: 5 }));
  const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
  const [served, waiting] = [harness.client(), harness.client()];
  served.send(get);
  await eventually(() => held.length === 1, 'the first request');
  waiting.send(get);
  await eventually(() => adaptiveStats(harness).queued === 1, 'the second one to wait');
  waiting.destroy();
  await eventually(() => adaptiveStats(harness).abandoned === 1, 'its end');
  served.destroy();
  await eventually(() => adaptiveStats(harness).inFlight === 0, 'the end of the first');
  t.equal(harness.plane.activator.managerStats()[0]!.rqActive, 0);
  t.equal(held.length, 1);
});

t.test('what is learned and counted outlives a new configuration', async (t) => {
  const { client, harness, held } = await run(t, PAIRS[0]!, limiting(3));
  const open = [client('/1'), client('/2')];
  await eventually(() => held.length === 2, 'both requests');
  const clusters = [...harness.plane.activator.snapshot.clusters.values()];
  await harness.apply({ clusters, manager: chain(DEADLINE, limiting(2)) });
  t.match(adaptiveStats(harness), { limit: 2, inFlight: 2 });
  t.equal((await client('/3')).status, 503);
  for (const { answer } of held) answer.end();
  for (const each of open) t.equal((await each).status, 200);
  t.equal(adaptiveStats(harness).inFlight, 0);
});

t.test('streams that have begun hold no place', async (t) => {
  const { client, harness, held } = await run(t, PAIRS[2]!, limiting(1));
  for (let i = 0; i < 3; i++) {
    void client(`/events/${i}`);
    await eventually(() => held.length === i + 1, 'a stream');
    const { answer } = held[i]!;
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    answer.write('data: 1\n\n');
    await eventually(() => adaptiveStats(harness).inFlight === 0, 'its place');
  }
  t.equal(harness.plane.activator.managerStats()[0]!.rqActive, 3);
  t.equal(adaptiveStats(harness).usualLatencyUs, 0);
});

t.test('gRPC callers are told UNAVAILABLE and DEADLINE_EXCEEDED', async (t) => {
  const waiting: (() => void)[] = [];
  const { harness } = await startOne(t, {
    handlers: [{ echo: (call, reply) => waiting.push(() => reply(null, call.request)) }],
  });
  const clusters = [...harness.plane.activator.snapshot.clusters.values()];
  await harness.apply({ clusters, manager: { ...chain(DEADLINE, limiting(1)), statPrefix: 'inbound' } });
  // Not before: the listener's chain was another one.
  const client = new GrpcClient(t, harness.port);
  const first = client.echo('1');
  await eventually(() => waiting.length === 1, 'the first call');
  const refused = await client.echo('2');
  t.match(refused, { code: 14, details: /adaptive limit is 1/ });
  waiting[0]!();
  t.equal((await first).code, 0);
  t.equal((await client.echo('3', { deadline: Date.now() + 100 })).code, 4);
  await eventually(() => adaptiveStats(harness).inFlight === 0, 'the end of it');
});

t.test('a quota is shared by the replicas that are ready', async (t) => {
  const limit: QuotaLimitConfig = {
    name: 'all',
    headers: [],
    per: { kind: 'all' },
    requestsPerSecond: 0.01,
    burst: 8,
    maxValues: 1,
  };
  const { client, harness, held } = await run(t, PAIRS[1]!, { kind: 'quota', service: 'cart', limits: [limit] });
  harness.plane.replicas.set(new Map([['cart', { readyReplicas: 4 }]]));
  const replies = Array.from({ length: 3 }, () => client('/'));
  await eventually(() => held.length === 2, 'two requests');
  for (const { answer } of held) answer.end();
  const all = await Promise.all(replies);
  t.same(all.map((each) => each.status).sort(), [200, 200, 429]);
  const refused = all.find((each) => each.status === 429)!;
  t.match(refused.headers, { 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0', 'retry-after': /^[0-9]+$/ });
  t.match(refused.body, /quota all of cart .* each of 4 ready replicas/);
  t.match(harness.plane.activator.filterStats.quotas[0], { prefix: 'test', ok: 2, limited: 1, replicas: 4 });
});

t.test('asked for twice what it can do, an application answers much of what it works on in time', async (t) => {
  const [workers, workMs, betweenMs, patienceMs] = [4, 40, 5, 300];
  const backlog: Answering[] = [];
  let working = 0;
  let done = 0;
  const next = () => {
    const answer = backlog.shift();
    if (answer === undefined) return;
    working++;
    setTimeout(() => {
      working--;
      done++;
      answer.end();
      next();
    }, workMs);
  };
  const port = await startEndpoint(t, 'h2', (_, answer) => {
    backlog.push(answer);
    if (working < workers) next();
  });
  const harness = new Harness(t);
  const limit = limiting(20, { minLimit: 10, maxLimit: 1_000 });
  await harness.apply({ clusters: [cluster('a', [port], OVER_HTTP2)], manager: chain(limit) });
  const client = await startClient(t, 'h2', harness.port);
  let inTime = 0;
  const answers: Promise<void>[] = [];
  const ask = async () => {
    const sentMs = performance.now();
    const { status } = await client('/');
    if (status === 200 && performance.now() - sentMs < patienceMs) inTime++;
  };
  // As many as are due, however late the timer is: nobody waits for answers.
  for (const startedMs = performance.now(); answers.length < 300; ) {
    while (answers.length < (performance.now() - startedMs) / betweenMs) answers.push(ask());
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
  await Promise.all(answers);
  t.ok(done > 20, `${done} were worked on`);
  t.ok(inTime > 0.4 * done, `${inTime} of ${done} in time`);
  t.ok(adaptiveStats(harness).refusedDefault > 0);
});
