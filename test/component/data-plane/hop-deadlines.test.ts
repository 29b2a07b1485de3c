/** Deadlines that go from hop to hop, and answers that no timeout of a route is meant for. */
import t, { type Test } from 'tap';
import { NO_ROUTE_POLICY, type RoutePolicyConfig } from '../../../proxy/config/model/policy.ts';
import type { ForwardAction } from '../../../proxy/config/model/route.ts';
import { cluster, forward, prefixMatch, ROUTER, route, routeTable, virtualHost } from '../../fakes/config-builders.ts';
import { Harness, startUpstream } from './harness.ts';
import { startClient, startEndpoint, type Version } from './http-pairs.ts';
import { RETRY } from './http2-peers.ts';
import { response } from './raw-upstream.ts';

const VERSIONS: readonly Version[] = ['h1', 'h2'];

const TELLS: RoutePolicyConfig = { ...NO_ROUTE_POLICY, propagatesDeadline: true };
const SPARES: RoutePolicyConfig = { ...TELLS, timeoutSparesStreams: true };

async function startHop(
  t: Test,
  port: number,
  version: Version,
  action: Partial<ForwardAction> = {},
  policy = TELLS,
): Promise<Harness> {
  const harness = new Harness(t);
  const to = forward('a', action);
  await harness.apply({
    clusters: [cluster('a', [port], { protocol: version === 'h2' ? 'http2' : 'http1' })],
    table: routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), to, { policy })])]),
  });
  return harness;
}

const statsOf = (harness: Harness) => harness.plane.clusters.get('a')!.stats;

for (const version of VERSIONS) {
  t.test(`each hop tells what is left, and nothing is sent behind the deadline (${version})`, async (t) => {
    const told: (string | undefined)[] = [];
    const leaf = await startEndpoint(t, version, ({ headers, url }, answer) => {
      told.push(headers['x-outrider-deadline'] as string | undefined);
      if (url === '/slow') return;
      answer.writeHead(200);
      answer.end();
    });
    const middle = await startHop(t, leaf, version, { timeoutMs: 60_000 });
    const outer = await startHop(t, middle.port, version, { timeoutMs: 15_000 });
    const client = await startClient(t, version, outer.port);
    await client('/');
    t.ok(Number(told[0]) <= 15_000 && Number(told[0]) > 10_000, `${told[0]}: the outer timeout, not the middle one`);
    await client('/', { headers: { 'x-outrider-deadline': '7000' } });
    t.ok(Number(told[1]) <= 7_000 && Number(told[1]) > 2_000, `${told[1]}`);
    const late = await client('/', { headers: { 'x-outrider-deadline': '0' } });
    t.equal(late.status, 504);
    t.match(late.headers['x-outrider-failure'], /^DT; deadline_passed/);
    t.equal(told.length, 2, 'the leaf was not asked');
    t.equal(statsOf(outer).rqDeadlinePassed, 1);
    // Of two hops either may be the first to see that time is over: here there is one.
    const only = await startHop(t, leaf, version, { timeoutMs: 15_000 });
    const impatient = await startClient(t, version, only.port);
    const slow = await impatient('/slow', { headers: { 'x-outrider-deadline': '150' } });
    t.equal(slow.status, 504);
    t.equal(statsOf(only).rqTimeout, 0);
    t.equal(
      only.plane.clusters.get('a')!.endpoints[0]!.rqError,
      0,
      'a short deadline is not held against the endpoint',
    );
  });
}

t.test('a deadline that passes in the middle layer ends the work there', async (t) => {
  let asked = 0;
  // Answers so slowly that a second attempt would come too late.
  const leaf = await startUpstream(t, {
    onRequest: (_request, connection) => {
      asked++;
      setTimeout(() => connection.send(response('', '', '503 Busy')), 300);
    },
  });
  const retryPolicy = { ...RETRY, retryOn: ['5xx'], numRetries: 3 };
  const middle = await startHop(t, leaf.port, 'h1', { retryPolicy });
  const outer = await startHop(t, middle.port, 'h1');
  const answer = await outer.client().get('/', 'x-outrider-deadline: 200\r\n');
  t.match(answer.head, /^HTTP\/1.1 504[\s\S]*x-outrider-failure: DT/);
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(asked, 1, 'no attempt for nobody');
  t.equal(statsOf(middle).rqActive, 0);
});

t.test('another attempt is told less', async (t) => {
  const told: number[] = [];
  const leaf = await startUpstream(t, {
    onRequest: (request, connection, index) => {
      told.push(Number(/x-outrider-deadline: ([0-9]+)/.exec(request.head)![1]));
      setTimeout(() => connection.send(response('', '', index === 0 ? '503 Busy' : '200 OK')), 50);
    },
  });
  const hop = await startHop(t, leaf.port, 'h1', { retryPolicy: { ...RETRY, retryOn: ['5xx'] } });
  t.equal((await hop.client().get('/')).status, 200);
  t.equal(told[0], 15_000);
  t.ok(told[1]! <= 14_950 && told[1]! > 5_000, `${told[1]}`);
});

for (const [version, type, whole] of [
  ['h1', 'text/event-stream', true],
  ['h2', 'text/event-stream', true],
  ['h2', 'application/grpc', true],
  ['h1', 'text/plain', false],
  ['h2', 'text/plain', false],
] as const) {
  t.test(`the route timeout ${whole ? 'spares' : 'cuts'} an answer of ${type} (${version})`, async (t) => {
    const leaf = await startEndpoint(t, version, (_asked, answer) => {
      answer.writeHead(200, { 'content-type': type });
      answer.write('one');
      setTimeout(() => answer.end('two'), 300);
    });
    const hop = await startHop(t, leaf, version, { timeoutMs: 100 }, SPARES);
    const client = await startClient(t, version, hop.port);
    const reply = await client('/', { headers: type === 'application/grpc' ? { 'content-type': type } : {} });
    t.equal(reply.status, 200);
    t.equal(reply.body, whole ? 'onetwo' : 'one');
  });
}

t.test('the filter that ends late work spares such an answer, too', async (t) => {
  const leaf = await startEndpoint(t, 'h1', ({ url }, answer) => {
    answer.writeHead(200, { 'content-type': url === '/events' ? 'text/event-stream' : 'text/plain' });
    answer.write('one');
    setTimeout(() => answer.end('two'), 300);
  });
  const harness = new Harness(t);
  const deadline = { name: 'deadline', config: { kind: 'deadline' }, disabled: false } as const;
  await harness.apply({ clusters: [cluster('a', [leaf])], manager: { httpFilters: [deadline, ROUTER] } });
  const client = await startClient(t, 'h1', harness.port);
  const headers = { 'x-outrider-deadline': '100' };
  t.equal((await client('/events', { headers })).body, 'onetwo');
  t.equal((await client('/page', { headers })).body, 'one');
});

t.test('a spared answer that does not begin in time is cut all the same', async (t) => {
  const leaf = await startUpstream(t, { onRequest: () => undefined });
  const hop = await startHop(t, leaf.port, 'h1', { timeoutMs: 100 }, SPARES);
  t.match(
    (await hop.client().get('/', 'accept: text/event-stream\r\n')).head,
    /^HTTP\/1.1 504[\s\S]*UT; response_timeout/,
  );
});
