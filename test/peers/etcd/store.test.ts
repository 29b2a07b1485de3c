/**
 * The store in a real etcd: the contract of stores, what is etcd's own, and what becomes of it when members are lost.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { put, remove } from '../../../control-plane/store/etcd/requests.ts';
import { type EtcdSettings, readEtcdSettings } from '../../../control-plane/store/etcd/settings.ts';
import { SystemClock } from '../../../kernel/clock.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { SystemTimers } from '../../../kernel/timers.ts';
import { commit, namesIn, STORE_CONTRACT, stateOf } from '../../component/control-plane/fixtures/store-contract.ts';
import { FIRST_SERVER, MESH_CA_PEM } from '../../fakes/control-plane-certificates.ts';
import { testFolder } from '../../folder.ts';
import { untilWorks } from '../../until.ts';
import { EtcdCluster, NO_ETCD } from './cluster.ts';

const deps = { clock: new SystemClock(), timers: new SystemTimers(), logger: silentLogger };

function settingsOf(cluster: EtcdCluster, prefix: string): EtcdSettings {
  return { endpoints: cluster.endpoints, prefix, user: null, tls: null };
}

/** Opens the store and makes it the leader, as an election does. */
async function openLeading(settings: EtcdSettings, anew = false): Promise<EtcdStore> {
  const store = await EtcdStore.open(settings, deps);
  const leader = store.keys.of({ kind: 'leader' });
  const { kvs } = await store.client.range({ key: leader });
  const found = kvs[0]?.createRevision ?? 0;
  const take = found === 0 || anew;
  if (anew) await store.client.txn({ compare: [], success: [remove(leader)], failure: [] });
  const { response } = await store.client.txn({ compare: [], success: take ? [put(leader, '{}')] : [], failure: [] });
  await store.committer.lead(take ? response.header!.revision : found);
  return store;
}

t.test('a store in etcd', { skip: NO_ETCD }, async (t) => {
  const cluster = await EtcdCluster.start(testFolder(t), 3);
  t.teardown(() => cluster.stop());
  for (const { name, check } of STORE_CONTRACT) {
    await t.test(`etcd: ${name}`, (t) => {
      const settings = settingsOf(cluster, `/${randomUUID()}/`);
      return check(t, { open: () => openLeading(settings) });
    });
  }
});

t.test('what etcd can do to a store', { skip: NO_ETCD, timeout: 240_000 }, async (t) => {
  const cluster = await EtcdCluster.start(testFolder(t), 3);
  t.teardown(() => cluster.stop());
  const open = async (t: Test, prefix: string, endpoints = cluster.endpoints) => {
    const store = await EtcdStore.open({ ...settingsOf(cluster, prefix), endpoints }, deps);
    t.teardown(() => store.close());
    return store;
  };

  await t.test('a leader that has been replaced cannot write, whatever it believes', async (t) => {
    const prefix = `/${randomUUID()}/`;
    const old = await openLeading(settingsOf(cluster, prefix));
    t.teardown(() => old.close());
    t.equal(await commit(old, 0, stateOf(1, ['a'])), true);
    const next = await openLeading(settingsOf(cluster, prefix), true);
    t.teardown(() => next.close());
    await t.rejects(commit(old, 1, stateOf(2, ['b'])), { name: 'CommitError', message: /does not lead/ });
    t.equal(await commit(next, 1, stateOf(2, ['c'])), true);
    t.equal(await next.freshness.confirm(5000), true);
    t.same(namesIn(next.load()), ['c']);
    old.saveRegistry('{"old":true}');
    await old.close();
    t.equal(next.loadRegistry(), undefined, 'nor what has no revision');
    t.equal(old.committer.totals.fenced, 2);
  });

  await t.test('a follower sees every commit at once or not at all', async (t) => {
    const prefix = `/${randomUUID()}/`;
    const leader = await openLeading(settingsOf(cluster, prefix));
    t.teardown(() => leader.close());
    const follower = await open(t, prefix);
    const seen: string[] = [];
    follower.watch((state) => {
      seen.push(
        `${state.revision}: ${state.workloads.size} of ${new Set([...state.workloads.values()].map((each) => each.revision)).size}`,
      );
    });
    const names = Array.from({ length: 700 }, (_, i) => `w${i}`);
    for (let revision = 1; revision <= 4; revision++) {
      t.equal(await commit(leader, revision - 1, stateOf(revision, names.slice(0, revision * 150))), true);
    }
    t.equal(await follower.freshness.confirm(10_000), true);
    t.same(seen, ['1: 150 of 1', '2: 300 of 1', '3: 450 of 1', '4: 600 of 1']);
    t.same(follower.load(), leader.load());
  });

  await t.test('what a killed leader has begun to unfold the next one finishes', async (t) => {
    const prefix = `/${randomUUID()}/`;
    const leader = await openLeading(settingsOf(cluster, prefix));
    const names = Array.from({ length: 500 }, (_, i) => `w${i}`);
    t.equal(await commit(leader, 0, stateOf(1, names)), true);
    // From here on it writes nothing: its batch counts, and is not in its keys yet.
    const given = leader.committer.lead(null);
    leader.mirror.close();
    const reader = await open(t, prefix);
    t.equal(reader.load().workloads.size, 500, 'a reader sees all of it');
    t.not(reader.mirror.image.pointer.batch, null, 'though it is not unfolded');
    t.equal((await reader.recordsAfter(0))[0]!.undo.length, 500, 'nor is its history');
    await given;
    await leader.close();
    const next = await openLeading(settingsOf(cluster, prefix), true);
    t.teardown(() => next.close());
    t.equal(next.mirror.image.pointer.batch, null);
    t.equal(await commit(next, 1, stateOf(2, ['last', ...names])), true);
    const fewer = { ...next.load(), revision: 3, workloads: new Map([...next.load().workloads].slice(0, 500)) };
    t.equal(await commit(next, 2, fewer), true, 'a commit waits for the one before');
    const after = await open(t, prefix);
    t.equal(after.load().workloads.size, 500);
    const left = await after.client.range(after.keys.batch());
    t.same(left.kvs, [], 'and nothing is left of the batch');
  });

  await t.test('one resource that no key can hold is refused by its name', async (t) => {
    const store = await openLeading(settingsOf(cluster, `/${randomUUID()}/`));
    t.teardown(() => store.close());
    const huge = stateOf(1, ['huge'], 'x'.repeat(2 * 1024 * 1024));
    await t.rejects(commit(store, 0, huge), { message: /mesh\/state\/workloads\/huge is too large/ });
    t.equal(await commit(store, 0, stateOf(1, ['small'])), true);
  });

  await t.test('members are lost, and come back', async (t) => {
    const prefix = `/${randomUUID()}/`;
    const store = await openLeading(settingsOf(cluster, prefix));
    t.teardown(() => store.close());
    const follower = await open(t, prefix);
    let revision = 0;
    const write = async () => {
      t.equal(await commit(store, revision, stateOf(revision + 1, [`w${revision}`])), true);
      revision++;
    };
    for (const [what, lose, restore] of [
      ['killed', (i: number) => cluster.kill(i), (i: number) => cluster.restart(i)],
      ['stopped', (i: number) => cluster.pause(i), (i: number) => cluster.resume(i)],
      ['cut off', (i: number) => cluster.cut(i), () => cluster.heal()],
    ] as const) {
      await cluster.healthy();
      const leader = (await cluster.leader())!;
      await lose(leader);
      const at = performance.now();
      await write();
      t.comment(`a commit took ${Math.round(performance.now() - at)} ms with etcd's leader ${what}`);
      t.equal(await follower.freshness.confirm(10_000), true, `a follower follows with etcd's leader ${what}`);
      t.equal(follower.load().revision, revision);
      await restore(leader);
    }
    t.same(await follower.recordsAfter(0), await store.recordsAfter(0));

    await cluster.healthy();
    await cluster.kill(0);
    await cluster.kill(1);
    const at = performance.now();
    await t.rejects(commit(store, revision, stateOf(revision + 1, ['lost'])), { name: 'CommitError' });
    t.ok(performance.now() - at < 15_000, 'one clear answer, soon');
    t.equal(store.load().revision, revision, 'what is known can be read');
    t.equal(await follower.freshness.confirm(500), false, 'but not as the latest');
    cluster.restart(0);
    cluster.restart(1);
    await untilWorks('etcd answers', async () => ((await store.freshness.confirm(5000)) ? true : undefined), 30_000);
    revision = store.load().revision;
    await write();
    t.equal(await follower.freshness.confirm(10_000), true);
    t.same(follower.load(), store.load());
  });

  await t.test('who misses what is compacted reads everything anew', async (t) => {
    await cluster.healthy();
    const prefix = `/${randomUUID()}/`;
    const store = await openLeading(settingsOf(cluster, prefix));
    t.teardown(() => store.close());
    t.equal(await commit(store, 0, stateOf(1, ['a'])), true);
    const follower = await open(t, prefix, [cluster.endpoints[0]!]);
    const heard: number[] = [];
    follower.watch((state) => heard.push(state.revision));
    await cluster.kill(0);
    for (let i = 1; i <= 3; i++) t.equal(await commit(store, i, stateOf(i + 1, [`w${i}`])), true);
    await cluster.compact(1, store.mirror.image.mark);
    cluster.restart(0);
    await untilWorks('the follower is there', async () => (follower.load().revision === 4 ? true : undefined), 40_000);
    t.same(heard, [4]);
    t.equal(follower.mirror.totals.lists, 2);
    t.same(follower.load(), store.load());
  });
});

t.test('etcd that asks who it is', { skip: NO_ETCD, timeout: 60_000 }, async (t) => {
  const directory = testFolder(t);
  const files = {
    ca: path.join(directory, 'ca.pem'),
    cert: path.join(directory, 'cert.pem'),
    key: path.join(directory, 'key.pem'),
  };
  writeFileSync(files.ca, MESH_CA_PEM);
  writeFileSync(files.cert, FIRST_SERVER.chainPem);
  writeFileSync(files.key, FIRST_SERVER.keyPem);
  const cluster = await EtcdCluster.start(directory, 1, [
    ...['--client-cert-auth', '--trusted-ca-file', files.ca, '--cert-file', files.cert, '--key-file', files.key],
  ]);
  t.teardown(() => cluster.stop());
  const options = { endpoints: `https://${cluster.endpoints[0]}`, ...files };
  const settings = readEtcdSettings(options, (file) => readFileSync(file));
  if (!settings.ok) throw new Error(settings.error);
  const store = await openLeading(settings.value);
  t.equal(await commit(store, 0, stateOf(1, ['a'])), true, 'with a certificate that its authority vouches for');
  await store.close();
  const without = { ...settings.value, tls: { ...settings.value.tls!, client: null } };
  await t.rejects(EtcdStore.open(without, deps), { name: 'StoreError' }, 'not without one');
});

t.test('etcd with users', { skip: NO_ETCD, timeout: 60_000 }, async (t) => {
  const cluster = await EtcdCluster.start(testFolder(t), 1, ['--auth-token-ttl', '2']);
  t.teardown(() => cluster.stop());
  await cluster.enableUsers('root', 'secret');
  const user = { name: 'root', password: 'secret' };
  const store = await openLeading({ ...settingsOf(cluster, '/users/'), user });
  t.equal(await commit(store, 0, stateOf(1, ['a'])), true);
  const wrong = { ...settingsOf(cluster, '/users/'), user: { ...user, password: 'guess' } };
  await t.rejects(EtcdStore.open(wrong, deps), { name: 'StoreError', message: /authentication failed/ });
  await t.rejects(EtcdStore.open(settingsOf(cluster, '/users/'), deps), { name: 'StoreError' }, 'nor without a user');
  await store.close();
});
