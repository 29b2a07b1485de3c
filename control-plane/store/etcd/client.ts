/**
 * Calls to etcd that survive the loss of members: each attempt has a short deadline, and after a failure the next member
 * is asked, until one answers or the time is up.
 *
 * Every call may thus be done twice. What is asked here is safe to be: reads are, leases are given a number by us, and
 * transactions compare what they change.
 */
import { type ServiceError, status } from '@grpc/grpc-js';
import type { Clock } from '../../../kernel/clock.ts';
import type { Timers } from '../../../kernel/timers.ts';
import type {
  LeaseKeepAliveResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '../../../protos/gen/etcd/rpc.ts';
import { callMetadata, type Member, Members } from './connection.ts';
import type { EtcdSettings } from './settings.ts';

/** No answer, or one that says no. `sent` is false when no attempt can have reached etcd. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  readonly sent: boolean;
  /** etcd did answer, and asking again gives the same answer. */
  readonly final: boolean;

  constructor(message: string, sent: boolean, final: boolean, options?: ErrorOptions) {
    super(message, options);
    this.sent = sent;
    this.final = final;
  }
}

/** What the client needs of the outside. */
export interface EtcdClientDeps {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** The first attempts are short: a dead member costs no more. Each round over all members doubles it, for slow disks. */
const ATTEMPT_MS = 500;
const ATTEMPT_MS_MAX = 4000;
/** After a round in which all members refused at once. */
const PAUSE_MS = 50;
/** DEFAULT: longer than an election of etcd's own takes. */
const TOTAL_MS = 5000;

/** Worth another attempt: the member, not the request, is at fault. */
const TRANSIENT: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
]);

type Callback<T> = (error: ServiceError | null, response: T) => void;
type Attempt<T> = (member: Member, call: { readonly token: string | null; readonly deadline: Date }) => Promise<T>;

/** See the head of this file. */
export class EtcdClient {
  readonly members: Members;
  readonly #settings: EtcdSettings;
  readonly #deps: EtcdClientDeps;
  #token: string | null = null;
  #closed = false;

  constructor(settings: EtcdSettings, deps: EtcdClientDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.members = new Members(settings);
  }

  /** Reads keys; by default as of now, as a majority has it. */
  range(request: Partial<RangeRequest> & Pick<RangeRequest, 'key'>, totalMs = TOTAL_MS): Promise<RangeResponse> {
    const full = { rangeEnd: EMPTY, limit: 0, revision: 0, serializable: false, ...request };
    return this.#call(totalMs, (member, { token, deadline }) =>
      unary((done) => member.kv.range(full, callMetadata(token), { deadline }, done)),
    );
  }

  /**
   * A transaction. It may be done twice: it has to compare what it changes. `repeated`: an attempt before the one that was
   * answered may have been done, too.
   */
  async txn(
    request: TxnRequest,
    totalMs = TOTAL_MS,
  ): Promise<{ readonly response: TxnResponse; readonly repeated: boolean }> {
    let attempts = 0;
    const response = await this.#call(totalMs, (member, { token, deadline }) => {
      attempts++;
      return unary<TxnResponse>((done) => member.kv.txn(request, callMetadata(token), { deadline }, done));
    });
    return { response, repeated: attempts > 1 };
  }

  /** Makes a lease with our own number, a decimal string; the seconds that it got. */
  async grant(leaseId: string, ttlSeconds: number): Promise<number> {
    const request = { TTL: ttlSeconds, ID: leaseId };
    try {
      const { TTL } = await this.#call(TOTAL_MS, (member, { token, deadline }) =>
        unary<{ readonly TTL: number }>((done) =>
          member.lease.leaseGrant(request, callMetadata(token), { deadline }, done),
        ),
      );
      return TTL;
    } catch (error) {
      // An attempt before this one has made it: its answer was lost.
      if (error instanceof EtcdError && /lease already exists/.test(error.message)) return ttlSeconds;
      throw error;
    }
  }

  /** A sign of life: the seconds that the lease has got, 0 when it has ended. */
  async keepAlive(leaseId: string, totalMs: number): Promise<number> {
    const { TTL } = await this.#call(totalMs, (member, { token, deadline }) =>
      keepAliveOnce(member, leaseId, token, deadline),
    );
    return TTL;
  }

  /** Ends a lease, and every key that it holds. */
  async revoke(leaseId: string, totalMs: number): Promise<void> {
    await this.#call(totalMs, (member, { token, deadline }) =>
      unary((done) => member.lease.leaseRevoke({ ID: leaseId }, callMetadata(token), { deadline }, done)),
    );
  }

  /** The token for calls that are made elsewhere; null when none is needed. */
  async token(): Promise<string | null> {
    if (this.#settings.user === null) return null;
    this.#token ??= await this.#call(TOTAL_MS, (member, { deadline }) => this.#authenticate(member, deadline));
    return this.#token;
  }

  /** The token was refused: the next call gets another one. */
  forgetToken(): void {
    this.#token = null;
  }

  close(): void {
    this.#closed = true;
    this.members.close();
  }

  async #call<T>(totalMs: number, attempt: Attempt<T>): Promise<T> {
    const { clock } = this.#deps;
    const endMs = clock.nowMs() + totalMs;
    let sent = false;
    for (let i = 0; ; i++) {
      const member = this.members.current();
      const attemptMs = Math.min(
        ATTEMPT_MS * 2 ** Math.floor(i / this.members.count),
        ATTEMPT_MS_MAX,
        endMs - clock.nowMs(),
      );
      const deadline = new Date(clock.wallMs() + Math.max(1, attemptMs));
      try {
        if (this.#settings.user !== null) this.#token ??= await this.#authenticate(member, deadline);
        const token = this.#token;
        return await attempt(member, { token, deadline });
      } catch (error) {
        const failure = error as ServiceError;
        const retry = !this.#closed && this.#isTransient(failure);
        sent ||= mayHaveArrived(failure);
        if (retry) this.members.moveOnFrom(member);
        if (!retry || clock.nowMs() + PAUSE_MS >= endMs) throw describe(member, failure, sent, !retry);
      }
      if ((i + 1) % this.members.count === 0) await this.#pause();
    }
  }

  #isTransient({ code, details }: ServiceError): boolean {
    // A token is forgotten by etcd after five minutes, and when its users change.
    if (this.#token !== null && (code === status.UNAUTHENTICATED || /auth: revision in header is old/.test(details))) {
      this.#token = null;
      return true;
    }
    // The space quota is not exceeded for a moment only.
    return TRANSIENT.has(code) && !/database space exceeded/.test(details);
  }

  async #authenticate(member: Member, deadline: Date): Promise<string> {
    const { name, password } = this.#settings.user!;
    const { token } = await unary<{ readonly token: string }>((done) =>
      member.auth.authenticate({ name, password }, callMetadata(null), { deadline }, done),
    );
    return token;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#deps.timers.after(PAUSE_MS, resolve));
  }
}

const EMPTY = Buffer.alloc(0);

function unary<T>(start: (done: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

/** etcd knows renewals as a stream only; one of a single question has the deadline and the errors of a call. */
function keepAliveOnce(
  { lease }: Member,
  leaseId: string,
  token: string | null,
  deadline: Date,
): Promise<LeaseKeepAliveResponse> {
  return new Promise((resolve, reject) => {
    const call = lease.leaseKeepAlive(callMetadata(token), { deadline });
    call.on('data', (response: LeaseKeepAliveResponse) => {
      resolve(response);
      call.cancel();
    });
    call.on('error', reject);
    call.on('end', () => reject(new Error('the stream ended without an answer')));
    call.write({ ID: leaseId });
  });
}

/** Nothing went out, or (the last one) a member that has lost its cluster has turned it away at its door. */
const NOT_ARRIVED = /No connection established|Name resolution failed|^etcdserver: no leader$/;

/** Of everything else nobody knows. */
function mayHaveArrived({ code, details = '' }: ServiceError): boolean {
  if (code === status.UNAVAILABLE) return !NOT_ARRIVED.test(details);
  if (code === status.DEADLINE_EXCEEDED) return details.includes('remote_addr=');
  return TRANSIENT.has(code);
}

function describe(member: Member, failure: ServiceError, sent: boolean, final: boolean): EtcdError {
  const why = failure.details || failure.message;
  return new EtcdError(`etcd at ${member.address}: ${why}`, sent, final, { cause: failure });
}
