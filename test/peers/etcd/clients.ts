/**
 * Clients of several control planes, who write down what they did and saw: registers are keys of a workload's
 * configuration, one history for each.
 */
import type { Operation, Span } from '../../linearizability/history.ts';
import type { ControlPlaneProcess } from './control-planes.ts';

/** How operations ended, for the record of the test itself. */
export interface ClientTotals {
  done: number;
  refused: number;
  /** Nobody knows. */
  unknown: number;
  /** Not applied, and said so. */
  failed: number;
  /** Reads that said how old they were. */
  stale: number;
}

/** What an answer says of an operation. */
type Outcome =
  | { readonly kind: 'done'; readonly operation: Operation }
  | { readonly kind: 'unknown' | 'failed' | 'stale' };

interface Answer {
  readonly status: number;
  readonly stale: boolean;
  readonly location: string | null;
  readonly body: { readonly value?: string; readonly revision?: number; readonly applied?: boolean | 'unknown' };
}

const TIMEOUT_MS = 12_000;
const REDIRECTS_MAX = 2;

/** See the head of this file. */
export class Clients {
  readonly totals: ClientTotals = { done: 0, refused: 0, unknown: 0, failed: 0, stale: 0 };
  /** By key. */
  readonly histories: ReadonlyMap<string, Span[]>;
  readonly #planes: readonly ControlPlaneProcess[];
  readonly #random: () => number;
  #values = 0;
  #over = false;

  constructor(planes: readonly ControlPlaneProcess[], keys: readonly string[], random: () => number) {
    this.#planes = planes;
    this.#random = random;
    this.histories = new Map(keys.map((key) => [key, []]));
  }

  /** Runs `count` clients until `stop`; resolves when the last operation of each has ended. */
  async run(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, client) => this.#run(client)));
  }

  stop(): void {
    this.#over = true;
  }

  async #run(client: number): Promise<void> {
    // What this client saw last at each key: it exchanges that.
    const seen = new Map<string, { readonly value: string | null; readonly revision: number }>();
    while (!this.#over) {
      const key = this.#pick([...this.histories.keys()]);
      const plane = this.#pick(this.#planes);
      const known = seen.get(key);
      const what = this.#random();
      if (what < 0.45) {
        const found = await this.#read(client, plane, key);
        if (found !== undefined) seen.set(key, found);
      } else if (what < 0.6 || known === undefined) await this.#write(client, plane, key);
      else await this.#exchange(client, plane, key, known);
      await new Promise((resolve) => setTimeout(resolve, 20 * this.#random()));
    }
  }

  async #read(client: number, plane: ControlPlaneProcess, key: string) {
    let found: { readonly value: string | null; readonly revision: number } | undefined;
    await this.#record(client, key, null, async () => {
      const { status, stale, body } = await send(plane.http, 'GET', key);
      if (stale) return { kind: 'stale' };
      if (status !== 200 && status !== 404) return { kind: 'failed' };
      found = { value: body.value ?? null, revision: status === 200 ? body.revision! : 0 };
      return { kind: 'done', operation: { kind: 'read', value: found.value } };
    });
    return found;
  }

  async #write(client: number, plane: ControlPlaneProcess, key: string): Promise<void> {
    const operation = { kind: 'write', value: `v${this.#values++}` } as const;
    await this.#record(client, key, operation, async () =>
      outcomeOf(await put(plane, key, operation.value), operation),
    );
  }

  async #exchange(
    client: number,
    plane: ControlPlaneProcess,
    key: string,
    { value, revision }: { readonly value: string | null; readonly revision: number },
  ): Promise<void> {
    const operation = { kind: 'compare-and-set', from: value, to: `v${this.#values++}`, done: true } as const;
    await this.#record(client, key, operation, async () =>
      outcomeOf(await put(plane, key, operation.to, revision), operation),
    );
  }

  /** `intended`: what may have been done when no answer comes; null: nothing. */
  async #record(client: number, key: string, intended: Operation | null, run: () => Promise<Outcome>): Promise<void> {
    const startedAt = performance.now();
    const outcome = await run().catch((error: unknown): Outcome => ({ kind: neverSent(error) ? 'failed' : 'unknown' }));
    const endedAt = performance.now();
    const history = this.histories.get(key)!;
    if (outcome.kind === 'done') {
      const { operation } = outcome;
      history.push({ operation, client, startedAt, endedAt });
      if (operation.kind === 'compare-and-set' && !operation.done) this.totals.refused++;
      else this.totals.done++;
      return;
    }
    this.totals[outcome.kind]++;
    if (outcome.kind === 'unknown' && intended !== null) {
      history.push({ operation: intended, client, startedAt, endedAt: Infinity });
    }
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }
}

function outcomeOf({ status, body }: Answer, operation: Operation): Outcome {
  if (status === 200) return { kind: 'done', operation };
  if (status === 412 && operation.kind === 'compare-and-set') {
    return { kind: 'done', operation: { ...operation, done: false } };
  }
  return { kind: body.applied === false ? 'failed' : 'unknown' };
}

/** Goes where it is sent, as the command line does. */
async function put(plane: ControlPlaneProcess, key: string, value: string, revision?: number): Promise<Answer> {
  let { http } = plane;
  for (let i = 0; ; i++) {
    const answer = await send(http, 'PUT', key, value, revision);
    if (answer.status !== 307 || i === REDIRECTS_MAX) return answer;
    http = new URL(answer.location!).origin;
  }
}

async function send(http: string, method: string, key: string, value?: string, revision?: number): Promise<Answer> {
  const query = revision === undefined ? '' : `?ifRevision=${revision}`;
  const response = await fetch(`${http}/v1/config/web/${key}${query}`, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(value === undefined
      ? {}
      : { body: JSON.stringify({ value }), headers: { 'content-type': 'application/json' } }),
  });
  const body = (await response.json()) as Answer['body'];
  const { status, headers } = response;
  return { status, stale: headers.has('x-outrider-stale'), location: headers.get('location'), body };
}

/** Of the failures of `fetch` this one alone says that nothing went out. */
function neverSent(error: unknown): boolean {
  return ((error as Error).cause as { readonly code?: string } | undefined)?.code === 'ECONNREFUSED';
}
