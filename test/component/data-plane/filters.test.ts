/** HTTP filters on sockets, with clients and endpoints of either protocol: what they let through, answer and hold back. */
import t, { type Test } from 'tap';
import type { HeaderAdd } from '../../../proxy/config/model/header-edits.ts';
import type {
  FaultConfig,
  HttpFilterConfig,
  LocalRateLimitConfig,
  NamedHttpFilter,
  PerFilterConfig,
} from '../../../proxy/config/model/http-filter.ts';
import type { RbacConfig, RbacRule } from '../../../proxy/config/model/rbac.ts';
import {
  cluster,
  forward,
  NO_EDITS,
  prefixMatch,
  ROUTER,
  route,
  routeTable,
  virtualHost,
} from '../../fakes/config-builders.ts';
import { eventually, Harness, type Setup, start } from './harness.ts';
import { type Asked, type Client, type Pair, startClient, startEndpoint } from './http-pairs.ts';
import { ask, connectHttp2, OVER_HTTP2 } from './http2-peers.ts';

const PAIRS: readonly Pair[] = [
  { client: 'h1', endpoint: 'h1' },
  { client: 'h1', endpoint: 'h2' },
  { client: 'h2', endpoint: 'h1' },
  { client: 'h2', endpoint: 'h2' },
];

/** RFC 9113 section 7. */
const CANCEL = 8;

const ALWAYS = { numerator: 100, denominator: 100, runtimeKey: null } as const;

const ANY: RbacRule = { kind: 'any' };

function path(value: string): RbacRule {
  return { kind: 'path', match: { kind: 'prefix', value, ignoreCase: false } };
}

/** Lets through what one rule allows. */
function allowing(rule: RbacRule): RbacConfig {
  return {
    kind: 'rbac',
    rules: { action: 'allow', policies: [{ name: 'p', permissions: [rule], principals: [ANY] }] },
    shadowRules: null,
    rulesStatPrefix: '',
    shadowRulesStatPrefix: '',
    trackPerRuleStats: false,
  };
}

const FAULT: FaultConfig = {
  kind: 'fault',
  delay: null,
  abort: null,
  upstreamCluster: '',
  headers: [],
  downstreamNodes: [],
  maxActiveFaults: null,
  maxActiveFaultsRuntimeKey: 'fault.http.max_active_faults',
};

function delaying(fixedMs: number): HttpFilterConfig {
  return { ...FAULT, delay: { fixedMs, percentage: ALWAYS, durationRuntimeKey: 'd' } };
}

function limiting(maxTokens: number, change: Partial<LocalRateLimitConfig> = {}): LocalRateLimitConfig {
  return {
    kind: 'local-rate-limit',
    statPrefix: 'lim',
    status: 429,
    bucket: { maxTokens, tokensPerFill: 1, fillIntervalMs: 600_000 },
    descriptors: [],
    alwaysConsumeDefault: true,
    enabled: ALWAYS,
    enforced: ALWAYS,
    requestAddWhenNotEnforced: [],
    responseAdd: [],
    perConnection: false,
    limitHeaders: false,
    resourceExhausted: false,
    stage: 0,
    virtualHostLimits: 'override',
    ...change,
  };
}

function adding(name: string, value: string): HeaderAdd {
  return { name, value: [{ kind: 'text', text: value }], action: 'overwrite', keepEmptyValue: false };
}

function filters(...configs: readonly HttpFilterConfig[]): readonly NamedHttpFilter[] {
  return [...configs.map((config) => ({ name: config.kind, config, disabled: false })), ROUTER];
}

interface Running {
  readonly client: Client;
  readonly harness: Harness;
  /** Requests that came to the endpoint. */
  readonly asked: readonly Asked[];
}

/** A client, these filters, and an endpoint that answers with the body it got. */
async function run(t: Test, pair: Pair, configs: readonly HttpFilterConfig[], setup: Setup = {}): Promise<Running> {
  const asked: Asked[] = [];
  const port = await startEndpoint(t, pair.endpoint, (each, answer) => {
    asked.push(each);
    answer.writeHead(200, { 'x-up': '1' });
    answer.end(each.body);
  });
  const harness = new Harness(t);
  const clusters = [cluster('a', [port], pair.endpoint === 'h2' ? OVER_HTTP2 : {})];
  await harness.apply({ clusters, ...setup, manager: { httpFilters: filters(...configs), ...setup.manager } });
  return { client: await startClient(t, pair.client, harness.port), harness, asked };
}

for (const pair of PAIRS) {
  const between = `${pair.client} to ${pair.endpoint}`;

  t.test(`access rules let through what they allow, ${between}`, async (t) => {
    const { client, asked } = await run(t, pair, [allowing(path('/pub'))], { manager: { normalizePath: true } });
    t.equal((await client('/pub/x?y=/priv')).status, 200);
    const denied = await client('/priv', { method: 'POST', body: ['abc'] });
    t.match(denied, { status: 403, body: 'RBAC: access denied', headers: { 'content-type': 'text/plain' } });
    t.match(denied.headers['x-outrider-failure'], /rbac_access_denied_matched_policy\[none\]/);
    t.equal((await client('/pub/../priv')).status, 403, 'they see the path that is forwarded');
    t.equal((await client('/pub/%2e%2e/priv')).status, 403);
    t.equal(asked.length, 1);
  });

  t.test(`a delayed upload is held back and arrives whole, ${between}`, async (t) => {
    const { client, harness, asked } = await run(t, pair, [delaying(100)]);
    const pieces = Array.from({ length: 60 }, (_, i) => Buffer.alloc(10_000, 97 + (i % 26)));
    const startedMs = performance.now();
    const { status, body } = await client('/', { method: 'POST', body: pieces });
    t.ok(performance.now() - startedMs >= 100);
    t.equal(status, 200);
    t.ok(body === Buffer.concat(pieces).toString('latin1'), 'byte for byte');
    const { body: small } = await client('/', { method: 'POST', body: ['a', 'b', 'c'], trailers: { 'x-t': '1' } });
    t.equal(small, 'abc');
    t.equal((await client('/')).status, 200);
    t.equal(asked.length, 3);
    t.match(harness.plane.activator.filterStats.faults[0], { delaysInjected: 3, activeFaults: 0 });
  });

  t.test(`an abort ends a request in the middle of its body, ${between}`, async (t) => {
    const abort = { status: { kind: 'http', code: 503 }, percentage: ALWAYS } as const;
    const config = { ...FAULT, abort: { ...abort, httpRuntimeKey: 'h', grpcRuntimeKey: 'g' } } as HttpFilterConfig;
    const { client, asked } = await run(t, pair, [config]);
    const { status, body } = await client('/', { method: 'POST', body: [Buffer.alloc(1_000)] });
    t.same([status, body], [503, 'fault filter abort']);
    t.equal(asked.length, 0);
  });

  t.test(`a rate limit refuses what is too much, ${between}`, async (t) => {
    const { client, harness, asked } = await run(t, pair, [limiting(2)]);
    const replies = [await client('/'), await client('/'), await client('/')];
    t.same(
      replies.map((each) => each.status),
      [200, 200, 429],
    );
    t.match(replies[2], { body: 'local_rate_limited', headers: { 'x-outrider-failure': 'RL; local_rate_limited' } });
    t.equal(asked.length, 2);
    const table = routeTable('routes', [virtualHost(['*'], [route(prefixMatch('/'), forward('a'), { name: 'new' })])]);
    const clusters = [...harness.plane.activator.snapshot.clusters.values()];
    await harness.apply({ clusters, table, manager: { httpFilters: filters(limiting(2)) } });
    t.equal((await client('/')).status, 429, 'new routes refill nothing');
  });

  t.test(`pages of other origins may read what a policy allows, ${between}`, async (t) => {
    const policy: PerFilterConfig = {
      kind: 'cors-policy',
      allowOrigins: [{ kind: 'suffix', value: '.ok.test', ignoreCase: false }],
      allowMethods: 'GET,PUT',
      allowHeaders: '*',
      exposeHeaders: 'x-up',
      maxAge: '600',
      allowCredentials: true,
      allowPrivateNetworkAccess: null,
      forwardNotMatchingPreflights: null,
      enabled: null,
      shadowEnabled: null,
    };
    const edits = { ...NO_EDITS, responseAdd: [adding('x-route', 'r')] };
    const routes = [route(prefixMatch('/'), forward('a'), { edits })];
    const host = { ...virtualHost(['*'], routes), perFilter: { cors: policy } };
    const { client, asked } = await run(t, pair, [{ kind: 'cors' }], { table: routeTable('routes', [host]) });
    const origin = 'https://a.ok.test';
    const preflight = { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a' };
    const { status, headers } = await client('/', { method: 'OPTIONS', headers: preflight });
    t.equal(status, 200);
    t.match(headers, {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET,PUT',
      'access-control-allow-headers': 'x-a',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
    });
    t.equal(headers['x-route'], undefined, 'it is no answer of the route');
    t.equal(asked.length, 0);
    const actual = await client('/', { headers: { origin } });
    t.match(actual.headers, { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'x-up' });
    t.equal(actual.headers['x-route'], 'r');
    const foreign = await client('/', { method: 'OPTIONS', headers: { ...preflight, origin: 'https://evil.test' } });
    t.equal(foreign.headers['access-control-allow-origin'], undefined);
    t.equal(asked.length, 2);
  });

  t.test(`filters run in the order in which they are configured, ${between}`, async (t) => {
    const { client, harness } = await run(t, pair, [limiting(1), allowing(path('/pub')), delaying(20)]);
    t.equal((await client('/priv')).status, 403, 'it has taken the token');
    t.equal((await client('/pub')).status, 429);
    const { limits, rules } = harness.plane.activator.filterStats;
    t.match(limits[0], { ok: 1, rateLimited: 1 });
    t.match(rules[0], { denied: 1, allowed: 0 });
  });
}

t.test('rules may look at headers that are generated here', async (t) => {
  const present = { kind: 'present', present: true } as const;
  const match = { name: 'x-request-id', test: present, invert: false, missingAsEmpty: false };
  const { client, asked } = await run(t, PAIRS[0]!, [allowing({ kind: 'header', match })]);
  t.equal((await client('/')).status, 200);
  t.ok(asked[0]!.headers['x-request-id']);
});

t.test('pipelined requests wait for the delayed one in front of them', async (t) => {
  const { harness } = await start(t, {}, { manager: { httpFilters: filters(delaying(50)) } });
  const client = harness.client();
  const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
  client.send(`${get('/1')}${get('/2')}${get('/3')}`);
  const answers = await client.answered(3);
  t.same(
    answers.map((each) => each.body),
    ['/1', '/2', '/3'],
  );
});

t.test('a client that leaves during a delay leaves nothing behind', async (t) => {
  const { harness, upstream } = await start(t, {}, { manager: { httpFilters: filters(delaying(60_000)) } });
  const stats = () => harness.plane.activator.filterStats.faults[0]!;
  const client = harness.client();
  client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  const session = await connectHttp2(t, harness.port);
  const stream = session.request({ ':path': '/', ':authority': 'a.test' });
  stream.on('error', () => undefined);
  await eventually(() => stats().activeFaults === 2, 'both delays');
  client.destroy();
  stream.close(CANCEL);
  await eventually(() => stats().activeFaults === 0, 'the end of both');
  t.equal(harness.plane.activator.managerStats()[0]!.rqActive, 0);
  t.equal(upstream.requests.length, 0);
});

t.test('a refusal may say of what type it is', async (t) => {
  const limit = limiting(1, { responseAdd: [adding('content-type', 'text/x-own')] });
  const { client } = await run(t, PAIRS[0]!, [limit]);
  await client('/');
  t.equal((await client('/')).headers['content-type'], 'text/x-own');
});

t.test('callers of gRPC are told by grpc-status', async (t) => {
  const { harness } = await start(t, {}, { manager: { httpFilters: filters(allowing(path('/pub'))) } });
  const session = await connectHttp2(t, harness.port);
  const call = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
  const reply = await ask(session, '/pkg.Service/Call', { headers: call, body: Buffer.alloc(5) });
  t.match(reply, { status: 200, headers: { 'grpc-status': '7', 'grpc-message': 'RBAC: access denied' } });
  await harness.apply({ clusters: [], manager: { httpFilters: filters(limiting(1)), statPrefix: 'other' } });
  const second = await connectHttp2(t, harness.port);
  await ask(second, '/pkg.Service/Call', { headers: call });
  const limited = await ask(second, '/pkg.Service/Call', { headers: call });
  t.match(limited.headers, { 'grpc-status': '14', 'grpc-message': 'local_rate_limited' });
});
