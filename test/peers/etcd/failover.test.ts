/**
 * Two control planes over etcd: the one that leads is killed, the other takes over; nothing that was acknowledged is lost,
 * and traffic through the sidecars does not notice.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { testFolder } from '../../folder.ts';
import { freePort } from '../../free-ports.ts';
import { untilWorks } from '../../until.ts';
import { EtcdCluster, NO_ETCD } from './cluster.ts';
import { ask, ControlPlanes } from './control-planes.ts';

const OUTRIDER = path.join(import.meta.dirname, '..', '..', '..', 'bin', 'outrider');

const SERVICE = `
import { createServer } from 'node:http';
createServer((request, response) => response.end(String(process.pid))).listen(Number(process.env.PORT), '127.0.0.1');
`;

const COMPOSE = (port: number, directory: string) => `
services:
  web:
    command: ${process.execPath} ${path.join(directory, 'web.mjs')}
    ports: ['${port}:80']
    deploy: { replicas: 2 }
    x-outrider: { port: 80, health: { path: / } }
`;

t.test('a leader that is killed is replaced', { skip: NO_ETCD, timeout: 180_000 }, async (t) => {
  const directory = testFolder(t, { 'web.mjs': SERVICE });
  const entry = await freePort();
  const cluster = await EtcdCluster.start(directory, 3);
  t.teardown(() => cluster.stop());
  const planes = await ControlPlanes.start({ directory, endpoints: cluster.endpoints, count: 2 });
  t.teardown(async () => {
    // Whoever leads next would start again what a leader that ends has stopped.
    await untilWorks(
      'an end of the workload',
      async () => {
        const leader = await planes.leader();
        await ask(leader, 'PUT', '/v1/services/web/scale', { replicas: 0 });
        return !processes().some((words) => words.includes(directory) && /web\.mjs|bootstrap\.json/.test(words));
      },
      60_000,
    );
    await planes.stop();
  });
  const first = await planes.leader();
  const [second] = planes.followersOf(first);

  // On a busy machine leaders change by themselves.
  const sent = await untilWorks(
    'a follower that knows the leader',
    async () => {
      const answer = await ask(second!, 'POST', '/v1/apply', COMPOSE(entry, directory));
      return answer.status === 503 ? undefined : answer;
    },
    30_000,
  );
  t.equal(sent.status, 307, 'a follower names the leader');
  t.equal(sent.headers.get('location'), `${first.http}/v1/apply`);
  t.same(sent.body.applied, false);
  writeFileSync(path.join(directory, 'compose.yaml'), COMPOSE(entry, directory));
  // Not in one call: this process carries what the members of etcd say to each other.
  const run = promisify(execFile);
  const cli = async (...argv: string[]) => {
    const arguments_ = [OUTRIDER, ...argv, '--server', second!.http];
    return (await run(process.execPath, arguments_, { cwd: directory })).stdout;
  };
  t.match(await cli('apply', '-f', 'compose.yaml'), 'web', 'the CLI goes there by itself');
  const read = await ask(second!, 'GET', '/v1/resources/workload/web');
  t.equal(read.status, 200, 'a follower reads what was acknowledged a moment ago');
  t.equal(read.headers.get('x-outrider-stale'), null);
  await untilWorks(
    'traffic through the mesh',
    async () => ((await fetch(`http://127.0.0.1:${entry}/`)).ok ? true : undefined),
    60_000,
  );
  await untilWorks(
    'two replicas',
    async () => {
      const { body } = await ask(first, 'GET', '/v1/services/web');
      return (body.replicas!.ready as unknown) === 2 ? true : undefined;
    },
    60_000,
  );
  t.match(await cli('status'), `${first.http} leads 2 control planes`);

  const traffic = { requests: 0, failures: [] as string[], pids: new Set<string>(), over: false };
  const load = (async () => {
    while (!traffic.over) {
      traffic.requests++;
      const { failure, body } = await answerOf(`http://127.0.0.1:${entry}/`);
      if (failure === undefined) traffic.pids.add(body);
      else traffic.failures.push(failure);
      await sleep(5);
    }
  })();
  let last = 0;
  for (let value = 1; value <= 20; value++) {
    const { status } = await ask(first, 'PUT', '/v1/config/web/n', { value: String(value) });
    if (status === 200) last = value;
  }
  const killedAt = performance.now();
  await planes.kill(first);
  const write = await untilWorks(
    'a write at the new leader',
    async () => {
      const { status, body } = await ask(second!, 'PUT', '/v1/config/web/after', { value: 'x' }, 2000);
      return status === 200 ? body : undefined;
    },
    30_000,
  );
  const tookMs = performance.now() - killedAt;
  t.ok(write);
  t.comment(`a write was taken again ${Math.round(tookMs)} ms after the leader was killed`);
  // On an idle machine it is below 5 s, as docs/control-plane-store.md says.
  t.ok(tookMs < 15_000, `soon: ${Math.round(tookMs)} ms`);
  const { body: config } = await ask(second!, 'GET', '/v1/config/web/n');
  t.equal(config.value as unknown, String(last), 'the last acknowledged write is there');

  await untilWorks(
    'the sidecars at the new leader',
    async () => {
      const { body } = await ask(second!, 'GET', '/v1/status');
      const nodes = body.nodes as unknown as readonly { readonly connected: boolean }[];
      return nodes.filter(({ connected }) => connected).length === 2 ? true : undefined;
    },
    60_000,
  );
  t.equal(traffic.pids.size, 2, 'the same processes run on');
  const rescaled = await ask(second!, 'PUT', '/v1/services/web/scale', { replicas: 3 });
  t.equal(rescaled.status, 200);
  await untilWorks(
    'a third replica',
    async () => {
      const { body } = await ask(second!, 'GET', '/v1/services/web');
      return (body.replicas!.ready as unknown) === 3 ? true : undefined;
    },
    60_000,
  );
  traffic.over = true;
  await load;
  t.same(traffic.failures, [], `none of ${traffic.requests} requests failed`);
  t.ok(traffic.requests > 100, 'there was traffic');

  planes.restart(first);
  await untilWorks(
    'the old one follows',
    async () => {
      const { body } = await ask(first, 'GET', '/readyz');
      return (body.role as unknown) === 'following' ? true : undefined;
    },
    30_000,
  );
  t.equal((await ask(first, 'GET', '/v1/config/web/after')).body.value as unknown, 'x');
});

t.test('etcd goes away and comes back', { skip: NO_ETCD, timeout: 180_000 }, async (t) => {
  const directory = testFolder(t);
  const cluster = await EtcdCluster.start(directory, 1);
  t.teardown(() => cluster.stop());
  const planes = await ControlPlanes.start({ directory, endpoints: cluster.endpoints, count: 2 });
  t.teardown(() => planes.stop());
  const leader = await planes.leader();
  const [follower] = planes.followersOf(leader);
  const applied = await ask(
    leader,
    'POST',
    '/v1/apply',
    'services: { web: { command: sleep 9, deploy: { replicas: 0 } } }',
  );
  t.equal(applied.status, 200);
  t.equal((await ask(follower!, 'GET', '/v1/resources/workload/web')).status, 200, 'the follower has it');

  await cluster.kill(0);
  const refused = await ask(leader, 'PUT', '/v1/config/web/k', { value: 'v' }, 30_000);
  t.equal(refused.status, 503, 'a change gets one clear answer');
  t.equal(refused.body.error!.code as unknown, 'unavailable');
  await untilWorks(
    'the leader is adrift',
    async () => {
      const { body } = await ask(leader, 'GET', '/readyz');
      return (body.role as unknown) === 'adrift' ? true : undefined;
    },
    30_000,
  );
  t.same((await ask(leader, 'PUT', '/v1/config/web/k', { value: 'v' })).body.applied, false);
  for (const plane of [leader, follower!]) {
    const read = await ask(plane, 'GET', '/v1/resources/workload/web');
    t.equal(read.status, 200, 'what was last known can be read');
    t.match(read.headers.get('x-outrider-stale'), /^\d+\.\d$/, 'and says how old it may be');
  }
  const status = await ask(leader, 'GET', '/v1/status');
  t.equal(status.body.leadership!.role as unknown, 'adrift');

  cluster.restart(0);
  await untilWorks(
    'a change is taken again',
    async () => {
      const answers = await Promise.all(
        planes.all.map((each) => ask(each, 'PUT', '/v1/config/web/k', { value: 'w' }, 5000).catch(() => null)),
      );
      return answers.some((answer) => answer?.status === 200) ? true : undefined;
    },
    60_000,
  );
  for (const plane of planes.all) {
    const { body } = await untilWorks(
      'a fresh read',
      async () => {
        const answer = await ask(plane, 'GET', '/v1/config/web/k');
        return answer.headers.has('x-outrider-stale') ? undefined : answer;
      },
      30_000,
    );
    t.equal(body.value as unknown, 'w');
  }
  const metrics = await (await fetch(`${(await planes.leader()).http}/metrics`)).text();
  t.match(metrics, /^outrider_control_plane_leader 1$/m);
  t.match(metrics, /^outrider_control_plane_store_commit_seconds_count [1-9]/m);
});

/** The command line of everything that runs. */
function processes(): string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    try {
      return [readFileSync(`/proc/${id}/cmdline`, 'utf8')];
    } catch {
      return [];
    }
  });
}

/** What came, and what went wrong, if anything. */
async function answerOf(url: string): Promise<{ readonly body: string; readonly failure?: string }> {
  try {
    const response = await fetch(url);
    const body = await response.text();
    return response.ok ? { body } : { body, failure: `status ${response.status}: ${body}` };
  } catch (error) {
    return { body: '', failure: (error as Error).message };
  }
}
