/**
 * Three control planes over three members of etcd, clients that read, write and exchange at all of them, and everything
 * that can happen to either kind in turn: what the clients saw has to be what one register would have shown.
 *
 * `OUTRIDER_SEED` replays the choices (not the timing), `OUTRIDER_LINEARIZABILITY_SECONDS` is how long (35).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { SeededRandom, systemSeed } from '../../../kernel/random.ts';
import { testFolder } from '../../folder.ts';
import { check } from '../../linearizability/checker.ts';
import { spanText } from '../../linearizability/history.ts';
import { Clients } from './clients.ts';
import { EtcdCluster, NO_ETCD } from './cluster.ts';
import { ask, ControlPlanes } from './control-planes.ts';

const { OUTRIDER_SEED, OUTRIDER_LINEARIZABILITY_SECONDS } = process.env;
const SECONDS = Number(OUTRIDER_LINEARIZABILITY_SECONDS ?? 35);
const CLIENTS = 8;
const KEYS = Array.from({ length: 8 }, (_, i) => `k${i}`);
const WORKLOAD = `services:\n  web: { command: sleep 1000, deploy: { replicas: 0 } }\n`;

/**
 * What happens, and how it ends. Longer than the lease of 3 s, so that leaders are replaced. Each member of etcd is stopped
 * in its turn: one of them holds what the leader has just sent, and does it when others have long gone on.
 */
const FAULTS = [
  'stop etcd 0',
  'stop the leader',
  'stop etcd 1',
  'kill the leader',
  'stop etcd 2',
  'kill etcd',
  'cut etcd',
];

t.test('what clients see is linearizable', { skip: NO_ETCD, timeout: (SECONDS + 150) * 1000 }, async (t) => {
  const directory = testFolder(t);
  const seed = Number(OUTRIDER_SEED ?? systemSeed()[0]);
  const random = new SeededRandom(seed);
  t.comment(`OUTRIDER_SEED=${seed}`);
  const cluster = await EtcdCluster.start(directory, 3);
  t.teardown(() => cluster.stop());
  const planes = await ControlPlanes.start({ directory, endpoints: cluster.endpoints, count: 3 });
  t.teardown(() => planes.stop());
  await ask(await planes.leader(), 'POST', '/v1/apply', WORKLOAD);

  const clients = new Clients(planes.all, KEYS, () => random.next());
  const work = clients.run(CLIENTS);
  const happened: string[] = [];
  const endsAt = performance.now() + SECONDS * 1000;
  for (let i = 0; performance.now() < endsAt; i++) {
    const fault = FAULTS[i % FAULTS.length]!;
    happened.push(fault);
    const lastsMs = 3500 + 2500 * random.next();
    if (fault.endsWith('the leader')) await onLeader(planes, fault, lastsMs);
    else await onEtcd(cluster, fault, lastsMs, random.next());
    await sleep(1500);
  }
  await cluster.healthy();
  await planes.leader(60_000);
  await sleep(2000);
  clients.stop();
  await work;

  const { totals, histories } = clients;
  t.comment(`${happened.length} faults; operations: ${JSON.stringify(totals)}`);
  t.ok(totals.done > SECONDS * 5, `enough was done: ${totals.done}`);
  for (const [key, history] of histories) {
    const { linearizable, longest, states } = check(history);
    t.ok(linearizable, `${key}: ${history.length} operations, ${states} states`);
    if (linearizable) continue;
    t.comment(`${key}: ${longest.length} operations can be explained, the last of them:`);
    for (const span of longest.slice(-10)) t.comment(spanText(span));
    const left = history.filter((span) => !longest.includes(span)).sort((a, b) => a.startedAt - b.startedAt);
    t.comment('and the first of the others:');
    for (const span of left.slice(0, 10)) t.comment(spanText(span));
  }
});

async function onLeader(planes: ControlPlanes, fault: string, lastsMs: number): Promise<void> {
  const leader = await planes.leader(30_000);
  if (fault === 'kill the leader') {
    await planes.kill(leader);
    await sleep(lastsMs);
    planes.restart(leader);
    return;
  }
  leader.process.kill('SIGSTOP');
  await sleep(lastsMs);
  leader.process.kill('SIGCONT');
}

/** Every other time that none is named it is etcd's own leader. */
async function onEtcd(cluster: EtcdCluster, fault: string, lastsMs: number, choice: number): Promise<void> {
  await cluster.healthy();
  const [what, , named] = fault.split(' ');
  const any = choice < 0.5 ? ((await cluster.leader()) ?? 0) : Math.floor(choice * cluster.size);
  const member = named === undefined ? any : Number(named);
  if (what === 'stop') cluster.pause(member);
  else if (what === 'kill') await cluster.kill(member);
  else cluster.cut(member);
  await sleep(lastsMs);
  if (what === 'stop') cluster.resume(member);
  else if (what === 'kill') cluster.restart(member);
  else cluster.heal();
}
