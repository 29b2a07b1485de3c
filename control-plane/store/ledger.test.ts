import t from 'tap';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import type { Command } from '../state/command.ts';
import { EMPTY_STATE, type State, type Workload } from '../state/model.ts';
import { Ledger } from './ledger.ts';
import { CommitError, type Store } from './store.ts';

const WEB = { kind: 'workload', name: 'web', services: ['web'], replicas: 1 } as unknown as Workload;
const WITH_WEB: State = { ...EMPTY_STATE, workloads: new Map([['web', WEB]]) };

/** A store whose commits wait until the test answers them, oldest first. */
class HeldStore implements Store {
  state = WITH_WEB;
  readonly held: {
    readonly expected: number;
    readonly next: State;
    readonly done: PromiseWithResolvers<boolean>;
  }[] = [];

  load(): State {
    return this.state;
  }

  commit(expected: number, next: State): Promise<boolean> {
    const done = Promise.withResolvers<boolean>();
    this.held.push({ expected, next, done });
    return done.promise;
  }

  /** Answers the oldest one: keeps it, or says that `by` came first. */
  async answer(by?: State): Promise<void> {
    const { next, done } = this.held.shift()!;
    this.state = by ?? next;
    done.resolve(by === undefined);
    await settled();
  }

  async refuse(error: CommitError): Promise<void> {
    this.held.shift()!.done.reject(error);
    await settled();
  }

  history(): readonly [] {
    return [];
  }

  async recordsAfter(): Promise<readonly []> {
    return [];
  }

  watch(): () => void {
    return () => undefined;
  }

  loadRegistry(): undefined {
    return undefined;
  }

  saveRegistry(): void {}
  async close(): Promise<void> {}
}

/** Everything that is ready to go on has gone on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const set = (value: string): Command => ({ kind: 'set-config', workload: 'web', key: 'k', value });
const valueIn = (state: State) => state.config.get('web')?.entries.k?.value;

function ledgerOn(store: Store): Ledger {
  return new Ledger(store, new FakeClock());
}

t.test('commands are done one after another, in their order', async (t) => {
  const store = new HeldStore();
  const ledger = ledgerOn(store);
  const results = ['a', 'b', 'c'].map((value) => ledger.submit(set(value)));
  for (const [index, value] of ['a', 'b', 'c'].entries()) {
    await settled();
    t.equal(store.held.length, 1, 'the others wait for their turn');
    t.equal(store.held[0]!.expected, index, 'it names the revision that it was made from');
    t.equal(valueIn(store.held[0]!.next), value);
    await store.answer();
  }
  t.ok((await Promise.all(results)).every((result) => result.ok));
  t.equal(ledger.state.revision, 3);
});

t.test('a command that lost to another commit is granted anew on what that has made', async (t) => {
  const store = new HeldStore();
  const done = ledgerOn(store).submit(set('mine'));
  await settled();
  await store.answer({ ...WITH_WEB, revision: 7 });
  t.equal(store.held[0]!.expected, 7);
  await store.answer();
  t.equal((await done).ok, true);
  t.equal(store.state.revision, 8);
});

t.test('who always loses is told so, and nothing is applied', async (t) => {
  const store = new HeldStore();
  const done = ledgerOn(store).submit(set('mine'));
  done.catch(() => undefined);
  await settled();
  for (let revision = 1; store.held.length > 0; revision++) await store.answer({ ...WITH_WEB, revision });
  await t.rejects(done, { name: 'CommitError', applied: false });
});

t.test('a commit that fails fails its own command and no other', async (t) => {
  const store = new HeldStore();
  const ledger = ledgerOn(store);
  const [first, second] = [ledger.submit(set('a')), ledger.submit(set('b'))];
  first.catch(() => undefined);
  await settled();
  await store.refuse(new CommitError('nobody answers', 'unknown'));
  await t.rejects(first, { name: 'CommitError', applied: 'unknown' });
  await store.answer();
  t.equal((await second).ok, true);
});

t.test('the queue has an end', async (t) => {
  const store = new HeldStore();
  const ledger = ledgerOn(store);
  for (let i = 0; i < 1000; i++) void ledger.submit(set(String(i)));
  await t.rejects(ledger.submit(set('late')), { name: 'CommitError', applied: false });
  await settled();
  await store.answer();
  void ledger.submit(set('again'));
  t.equal(store.held.length, 1, 'and takes in again when one is done');
});
