/** Small fleets behind a sidecar: who is slow, who fails, who says that it is too much. Clusters as the control plane writes them. */
import { status } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { clustersText } from '../../../proxy/admin/clusters-page.ts';
import { accepted, CLUSTER, type Json } from '../../../proxy/config/decode/test-fixtures.ts';
import type { ClusterConfig } from '../../../proxy/config/model/cluster.ts';
import { EndpointLatency, type PeakEwmaConfig } from '../../../proxy/upstream/endpoint-latency.ts';
import { endpoint, endpointSet } from '../../fakes/config-builders.ts';
import { startOne } from './grpc-chain.ts';
import { eventually, Harness, startUpstream } from './harness.ts';
import { type RawUpstream, response } from './raw-upstream.ts';

const TYPE = 'type.googleapis.com';

/** An own policy for the balancer, ejection as in a mesh but quick, and `change`. */
function fleet(ports: readonly number[], balancer: Json = {}, change: Json = {}): ClusterConfig {
  const config = accepted(CLUSTER, {
    name: 'a',
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: {
            name: 'own',
            typed_config: { '@type': `${TYPE}/outrider.lb.v1.PeakEwma`, ...balancer },
          },
        },
      ],
    },
    outlier_detection: {
      interval: '600s',
      base_ejection_time: '0.1s',
      max_ejection_time: '0.2s',
      max_ejection_percent: 100,
      consecutive_gateway_failure: 3,
      enforcing_consecutive_gateway_failure: 100,
      enforcing_consecutive_5xx: 0,
      enforcing_success_rate: 0,
    },
    metadata: {
      typed_filter_metadata: {
        'outrider.resilience.v1.ClusterPolicy': {
          '@type': `${TYPE}/outrider.resilience.v1.ClusterPolicy`,
          ejection: { keep_last: true, exponential: true, probe: true },
        },
      },
    },
    ...change,
  }) as ClusterConfig;
  const endpoints = endpointSet(
    'a',
    ports.map((port) => endpoint(port)),
  );
  return { ...config, discovery: { kind: 'static', endpoints } };
}

/** What an endpoint does now. */
type Mood = 'well' | 'sick' | 'slow' | 'busy';

interface Member {
  mood: Mood;
  readonly upstream: RawUpstream;
}

const SLOW_MS = 120;

async function startFleet(t: Test, size: number, config: (ports: readonly number[]) => ClusterConfig) {
  const members: Member[] = [];
  for (let i = 0; i < size; i++) {
    const upstream: RawUpstream = await startUpstream(t, {
      onRequest: (_, connection) => {
        const answers: Readonly<Record<Mood, string>> = {
          well: response(`${i}`),
          slow: response(`${i}`),
          sick: response('sick', '', '503 Sick'),
          busy: response('busy', 'retry-after: 20\r\n', '429 Too Many Requests'),
        };
        const { mood } = members[i]!;
        if (mood === 'slow') setTimeout(() => connection.send(answers.slow), SLOW_MS);
        else connection.send(answers[mood]);
      },
    });
    members.push({ mood: 'well', upstream });
  }
  const harness = new Harness(t);
  await harness.apply({ clusters: [config(members.map(({ upstream }) => upstream.port))] });
  const client = harness.client();
  /** Bodies by count. */
  const ask = async (requests: number) => {
    const counts = new Map<string, number>();
    for (let i = 0; i < requests; i++) {
      const { body } = await client.get('/');
      counts.set(body, (counts.get(body) ?? 0) + 1);
    }
    return counts;
  };
  const inUse = harness.plane.clusters.get('a')!;
  const out = () => inUse.endpoints.flatMap((each, i) => (each.ejected ? [i] : []));
  return { members, ask, cluster: inUse, stats: inUse.stats, out };
}

t.test('a slow endpoint of three gets few requests', async (t) => {
  const { members, ask } = await startFleet(t, 3, (ports) => fleet(ports));
  members[0]!.mood = 'slow';
  await ask(200);
  const slow = members[0]!.upstream.requests.length;
  t.ok(slow >= 1 && slow <= 10, `${slow} of 200`);
  t.ok(
    members.slice(1).every(({ upstream }) => upstream.requests.length >= 20),
    'the others share the rest',
  );
});

for (const size of [2, 3]) {
  t.test(`of ${size} endpoints one fails: it goes, the others stay, and it comes back by one request`, async (t) => {
    const { members, ask, stats, out, cluster } = await startFleet(t, size, (ports) => fleet(ports));
    members[0]!.mood = 'sick';
    while (stats.ejectionsActive === 0) await ask(1);
    t.same(out(), [0]);
    t.equal(members[0]!.upstream.requests.length, 3, 'after as many failures as allowed');
    t.match(
      clustersText([cluster], new Set()),
      new RegExp(`a::outlier::ejection_limit::with ${size} hosts at most ${size - 1} can be out`),
    );
    const sick = (await ask(20)).get('sick') ?? 0;
    t.ok(sick <= stats.probes, `${sick} failures for ${stats.probes} probes`);
    while (stats.probesFailed === 0) await ask(1);
    t.equal(stats.ejectionsActive, 1, 'a failed probe is no return');
    members[0]!.mood = 'well';
    await eventually(() => out().length === 0, 'the end of its time');
    while (stats.ejectionsActive === 1) await ask(1);
    t.equal(stats.probes, stats.probesFailed + 1, 'one good probe was enough');
    t.equal(members[0]!.upstream.requests.length, 3 + stats.probes, 'and each was one request');
    t.equal(stats.ejectionsEnforcedTotal, 1);
  });
}

t.test('when all fail the last one stays, and gets everything but the probes', async (t) => {
  const { members, ask, stats, out } = await startFleet(t, 2, (ports) => fleet(ports));
  for (const each of members) each.mood = 'sick';
  while (stats.ejectionsKeptLast === 0) await ask(1);
  t.equal(stats.ejectionsActive, 1);
  const [gone] = out();
  const last = members[1 - (gone ?? 0)]!;
  const before = last.upstream.requests.length;
  const { probes } = stats;
  await ask(10);
  t.equal(last.upstream.requests.length - before, 10 - (stats.probes - probes));
  last.mood = 'well';
  t.ok((await ask(10)).get(`${members.indexOf(last)}`)! >= 8, 'it is well again, and was never away');
});

t.test('a connection that fails counts like an answer that is bad', async (t) => {
  const { members, ask, stats, out } = await startFleet(t, 2, (ports) => fleet(ports));
  await members[0]!.upstream.stop();
  while (stats.ejectionsActive === 0) await ask(1);
  t.same(out(), [0]);
});

t.test('an endpoint that answers 429 is avoided as long as it says, and nobody is lost when all do', async (t) => {
  const { members, ask, stats, cluster } = await startFleet(t, 3, (ports) =>
    fleet(ports, { overload_penalty: '600s' }),
  );
  members[0]!.mood = 'busy';
  while (stats.lbOverloadPenalties === 0) await ask(1);
  t.equal((await ask(50)).get('busy'), undefined, 'it gets nothing more');
  t.match(clustersText([cluster], new Set()), `a::127.0.0.1:${members[0]!.upstream.port}::overloaded::true`);
  for (const each of members) each.mood = 'busy';
  t.equal((await ask(20)).get('busy'), 20, 'all are busy: they are asked none the less');
  t.same(stats.ejectionsActive, 0);
});

const POLICY: PeakEwmaConfig = {
  kind: 'peak-ewma',
  decayMs: 10_000,
  initialLatencyMs: 30,
  overloadPenaltyMs: 60_000,
  maxOverloadPenaltyMs: 300_000,
};

t.test('RESOURCE_EXHAUSTED is an overload, in front of messages and behind them', async (t) => {
  const exhausted = { code: status.RESOURCE_EXHAUSTED, details: 'full' };
  const { client, servers, harness } = await startOne(t, {
    handlers: [
      {
        echo: (_, reply) => reply(exhausted),
        count: (call) => {
          call.write(Buffer.from('one'));
          call.emit('error', exhausted);
        },
      },
      {},
    ],
    cluster: { lbPolicy: POLICY },
  });
  const { stats, endpoints } = harness.plane.clusters.get('a')!;
  const echo = async () => (await client.echo('x')).code;
  const count = async () => (await client.count(1).status).code;
  for (const [name, call] of Object.entries({ echo, count })) {
    const before = stats.lbOverloadPenalties;
    while (stats.lbOverloadPenalties === before) await call();
    t.ok(endpoints[0]!.latency!.overloaded, name);
    const asked = servers[0]!.calls.get(name);
    for (let i = 0; i < 10; i++) t.equal(await call(), status.OK);
    t.equal(servers[0]!.calls.get(name), asked, 'it gets nothing more');
    // As if its time were over.
    endpoints[0]!.latency = new EndpointLatency(POLICY, harness.plane.loop);
  }
});
