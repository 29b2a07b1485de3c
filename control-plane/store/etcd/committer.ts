/**
 * Commits to etcd as its leader: transactions that compare who leads and the revision that the change was made from.
 *
 * The same transaction may be sent twice, when the answer to the first is lost. It is done once: the second finds that the
 * revision is not the one it was made from any more, and that its own commit is the reason.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../../kernel/log.ts';
import type { Compare, RequestOp, TxnResponse } from '../../../protos/gen/etcd/rpc.ts';
import type { State } from '../../state/model.ts';
import { CommitError, type HistoryCommit } from '../store.ts';
import { type EtcdClient, EtcdError } from './client.ts';
import { BYTES_MAX, type Edit, editsBetween, groups, type Pointer, partsOf, tooLarge } from './edits.ts';
import type { Freshness } from './freshness.ts';
import { historyEdits } from './history.ts';
import type { Keys } from './keys.ts';
import type { Mirror } from './mirror.ts';
import { createdAt, get, keyRead, put, remove, writtenAt } from './requests.ts';

/** What it stands on. */
export interface CommitterDeps {
  readonly client: EtcdClient;
  readonly keys: Keys;
  readonly mirror: Mirror;
  readonly freshness: Freshness;
  readonly logger: Logger;
}

/** Counted since the start. */
export interface CommitTotals {
  commits: number;
  /** Another change came first. */
  conflicts: number;
  /** Refused, because another control plane leads by now. */
  fenced: number;
  /** Ended without anybody knowing. */
  unknown: number;
  /** Transactions that were sent more than once. */
  retried: number;
}

/** A commit gives up after this: etcd has elected a leader of its own by then, or has no majority. */
const COMMIT_MS = 8000;

/** See the head of this file. */
export class Committer {
  readonly totals: CommitTotals = { commits: 0, conflicts: 0, fenced: 0, unknown: 0, retried: 0 };
  readonly #deps: CommitterDeps;
  /** etcd's revision at which we became the leader; null: we are not. */
  #term: number | null = null;
  #unfolding: Promise<void> = Promise.resolve();

  constructor(deps: CommitterDeps) {
    this.#deps = deps;
  }

  get leads(): boolean {
    return this.#term !== null;
  }

  /** Resolves when what the leader before has begun is finished. */
  lead(term: number | null): Promise<void> {
    this.#term = term;
    this.#unfolding = term === null ? Promise.resolve() : this.#unfold();
    return this.#unfolding;
  }

  /** See Store.commit. */
  async commit(expected: number, next: State, history: HistoryCommit): Promise<boolean> {
    await this.#unfolded();
    const { image } = this.#deps.mirror;
    if (image.state.revision !== expected) return this.#conflict();
    const edits = [...editsBetween(image.state, next), ...historyEdits(history, image.history)];
    const large = tooLarge(edits);
    if (large === undefined) return this.#commit(edits, next, image.mark);
    const limit = `etcd takes ${BYTES_MAX} bytes in one key`;
    throw new CommitError(`${large.path} is too large: ${limit}; nothing was applied, split it`, false);
  }

  /** Writes that belong to no revision. Rejects with CommitError. */
  async write(ops: RequestOp[]): Promise<void> {
    const { response } = await this.#transact(ops, []);
    if (!response.succeeded) throw this.#deposed();
  }

  async #commit(edits: readonly Edit[], next: State, mark: number): Promise<boolean> {
    const { keys, mirror } = this.#deps;
    const commit = randomUUID();
    const single = groups(edits).length === 1;
    const parts = single ? [] : partsOf(edits);
    // What is written aside counts for nobody yet: a failure leaves it to be swept away.
    for (const [index, part] of parts.entries()) {
      await this.write([put(keys.of({ kind: 'batch', token: commit, index }), part)]);
    }
    const batch = single ? null : { token: commit, parts: parts.length };
    const pointer: Pointer = { revision: next.revision, commit, batch };
    const ops = [...(single ? edits.map((edit) => this.#op(edit)) : []), this.#point(pointer)];
    const { response, repeated } = await this.#transact(ops, [this.#from(mark)], true);
    const revision = response.succeeded ? response.header!.revision : committedAt(response, commit);
    if (revision === null) return this.#notCommitted(response, repeated, mark);
    this.totals.commits++;
    const news = mirror.image.adopt(next, edits, pointer, revision);
    if (batch !== null) this.#unfolding = this.#unfold(edits);
    mirror.announce({ state: news, leader: false });
    return true;
  }

  async #notCommitted({ responses }: TxnResponse, repeated: boolean, mark: number): Promise<boolean> {
    if (keyRead(responses, 1)?.createRevision === this.#term) return this.#conflict();
    // An attempt whose answer was lost may have been done before the next leader went on from it.
    if (repeated && (keyRead(responses, 0)?.modRevision ?? 0) !== mark) throw this.#unknown('another one leads since');
    throw this.#deposed();
  }

  /** `load` has what came first when this resolves. */
  async #conflict(): Promise<false> {
    this.totals.conflicts++;
    if (await this.#deps.freshness.confirm(COMMIT_MS)) return false;
    throw new CommitError('the store does not answer: nothing was applied', false);
  }

  /** Rejects with CommitError when nobody answers; `counts` when it then matters whether it was done. */
  async #transact(
    success: RequestOp[],
    compare: Compare[],
    counts = false,
  ): Promise<{ readonly response: TxnResponse; readonly repeated: boolean }> {
    const { client, keys } = this.#deps;
    if (this.#term === null) throw this.#deposed();
    const [revision, leader] = [keys.of({ kind: 'revision' }), keys.of({ kind: 'leader' })];
    const fence = createdAt(leader, this.#term);
    try {
      const txn = { compare: [fence, ...compare], success, failure: [get(revision), get(leader)] };
      const answer = await client.txn(txn, COMMIT_MS);
      if (answer.repeated) this.totals.retried++;
      return answer;
    } catch (cause) {
      if (!(cause instanceof EtcdError)) throw cause;
      if (counts && cause.sent && !cause.final) throw this.#unknown(cause.message, cause);
      throw new CommitError(`the store does not answer: nothing was applied (${cause.message})`, false, { cause });
    }
  }

  #unknown(why: string, cause?: EtcdError): CommitError {
    this.totals.unknown++;
    const { revision } = this.#deps.mirror.image.state;
    const how = `read it again, or see whether there is a revision after ${revision}, before you repeat it`;
    return new CommitError(`it is not known whether the change was applied: ${how} (${why})`, 'unknown', { cause });
  }

  #deposed(): CommitError {
    this.totals.fenced++;
    return new CommitError('this control plane does not lead: nothing was applied', false);
  }

  /** What has counted since its revision has to be in its keys before the next revision. */
  async #unfolded(): Promise<void> {
    await this.#unfolding;
    const { image } = this.#deps.mirror;
    if (image.pointer.batch !== null) await this.#unfold();
    if (image.pointer.batch === null) return;
    throw new CommitError('the store does not answer: the change before is not finished, nothing was applied', false);
  }

  /** Brings the keys up to their batch, then forgets it and what others have left aside. Never rejects. */
  async #unfold(edits?: readonly Edit[]): Promise<void> {
    const { mirror, keys, logger } = this.#deps;
    const { image } = mirror;
    const { batch } = image.pointer;
    try {
      const all = batch === null ? [] : groups(edits ?? image.pending());
      for (const group of all) {
        const ops = group.map((edit) => this.#op(edit));
        if (!(await this.#transact(ops, [this.#from(image.mark)])).response.succeeded) return;
      }
      const pointer = { ...image.pointer, batch: null };
      const ops = [remove(keys.batch()), ...(batch === null ? [] : [this.#point(pointer)])];
      const { response } = await this.#transact(ops, [this.#from(image.mark)]);
      if (batch === null) return;
      if (response.succeeded) image.adopt(image.state, [], pointer, response.header!.revision);
      else await this.#deps.freshness.confirm(COMMIT_MS);
    } catch (err) {
      if (this.leads) logger.warn({ err }, 'a large change is not unfolded yet: the next one waits for it');
    }
  }

  #op({ path, value }: Edit): RequestOp {
    const key = this.#deps.keys.at(path);
    return value === null ? remove(key) : put(key, value);
  }

  #point(pointer: Pointer): RequestOp {
    return put(this.#deps.keys.of({ kind: 'revision' }), JSON.stringify(pointer));
  }

  #from(mark: number): Compare {
    return writtenAt(this.#deps.keys.of({ kind: 'revision' }), mark);
  }
}

function committedAt({ responses }: TxnResponse, commit: string): number | null {
  const found = keyRead(responses, 0);
  if (found === undefined) return null;
  return (JSON.parse(found.value.toString('utf8')) as Pointer).commit === commit ? found.modRevision : null;
}
