import fc from 'fast-check';
import t from 'tap';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { DELTA, type DeltaRequest } from '../xds/delta.ts';
import type { SequencedResponse } from '../xds/sequencer.ts';
import { STATE_OF_THE_WORLD, type SubscriptionRequest } from '../xds/state-of-the-world.ts';
import { TestClient } from '../xds/test-client.ts';
import { snapshot } from '../xds/test-snapshots.ts';
import { type StreamStanding, unconfirmed } from './handshake.ts';

const said = (...streams: readonly (readonly [string, StreamStanding['standing']])[]) =>
  streams.map(([nodeId, standing]) => ({ nodeId, standing }));

t.test('waited for is who was told of the endpoint, and who runs and may have been', (t) => {
  const nobody = new Set<string>();
  t.same(unconfirmed(nobody, said(['a', 'taken'], ['b', 'unsubscribed'], ['c', 'unasked'])), []);
  t.same(unconfirmed(nobody, said(['b', 'pending'], ['a', 'pending'])), ['a', 'b']);
  t.same(unconfirmed(new Set(['a']), []), ['a'], 'it runs, and has no stream');
  t.same(unconfirmed(new Set(['a']), said(['a', 'unasked'])), ['a'], 'it is back, and has not asked');
  t.same(unconfirmed(new Set(['a']), said(['a', 'unasked'], ['a', 'taken'])), [], 'one stream for each kind');
  t.same(unconfirmed(new Set(['a']), said(['a', 'taken'], ['a', 'pending'])), ['a'], 'two clients of one name');
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Every order of answers, refusals, cuts and returns

type Held = Map<ResourceKind, Map<string, string>>;
const ASKED: readonly (readonly [ResourceKind, readonly string[]])[] = [
  ['CDS', []],
  ['EDS', ['a', 'b']],
  ['LDS', []],
  ['RDS', ['outbound']],
];

/** What the client has, and goes on using when its stream breaks. */
const heldOf = (held: Held, kind: ResourceKind) => {
  const own = held.get(kind) ?? new Map<string, string>();
  held.set(kind, own);
  return own;
};

class Sotw extends TestClient<SubscriptionRequest> {
  refusesEndpoints = false;
  readonly #held: Held;
  readonly #versions: Map<ResourceKind, string>;

  constructor(now: Snapshot, held: Held, versions: Map<ResourceKind, string>) {
    super(now, STATE_OF_THE_WORLD);
    this.#held = held;
    this.#versions = versions;
    for (const [kind] of ASKED) this.#send(kind, '');
  }

  protected answer({ type: { kind, completeSet }, version, nonce, resources }: SequencedResponse): void {
    if (this.refusesEndpoints && kind === 'EDS') {
      this.#send(kind, nonce, 'no');
      return;
    }
    const held = heldOf(this.#held, kind);
    if (completeSet) held.clear();
    for (const { name, hash } of resources) held.set(name, hash);
    this.#versions.set(kind, version);
    this.#send(kind, nonce);
  }

  #send(kind: ResourceKind, nonce: string, error?: string): void {
    const names = ASKED.find(([each]) => each === kind)![1];
    const versionInfo = this.#versions.get(kind) ?? '';
    this.toServer.push(() => this.sequencer.request(kind, { names, versionInfo, nonce, error }));
  }
}

class Delta extends TestClient<DeltaRequest> {
  refusesEndpoints = false;
  readonly #held: Held;

  constructor(now: Snapshot, held: Held) {
    super(now, DELTA);
    this.#held = held;
    for (const [kind, subscribe] of ASKED)
      this.#send(kind, { subscribe, initialVersions: Object.fromEntries(heldOf(held, kind)) });
  }

  protected answer(response: SequencedResponse): void {
    const { type, nonce, resources, removed } = response;
    if (this.refusesEndpoints && type.kind === 'EDS') {
      this.#send(type.kind, { nonce, error: 'no' });
      return;
    }
    const held = heldOf(this.#held, type.kind);
    for (const { name, hash } of resources) held.set(name, hash);
    for (const name of removed) held.delete(name);
    this.#send(type.kind, { nonce });
  }

  #send(kind: ResourceKind, request: Partial<DeltaRequest>): void {
    const nothing: DeltaRequest = { subscribe: [], unsubscribe: [], initialVersions: {}, nonce: '', error: undefined };
    this.toServer.push(() => this.sequencer.request(kind, { ...nothing, ...request }));
  }
}

/** Service a has an endpoint that is to be drained; b changes for other reasons. */
function meshWith(endpoints: 'with' | 'without', other: string, deleted: boolean): Snapshot {
  const clusters = deleted ? { b: 'c' } : { a: 'c', b: 'c' };
  const sets = deleted ? { b: other } : { a: endpoints, b: other };
  return snapshot({
    CDS: clusters,
    EDS: sets,
    LDS: { outbound: 'l' },
    RDS: { outbound: Object.keys(clusters).join() },
  });
}

const OPS = [
  'receive',
  'receive',
  'deliver',
  'deliver',
  'cut',
  'join',
  'refuse',
  'accept',
  'other',
  'drain',
  'delete',
] as const;
type Step = readonly [(typeof OPS)[number], number];
const ops = fc.array(fc.tuple(fc.constantFrom(...OPS), fc.nat(3)), { minLength: 20, maxLength: 120 });

/** In the end everyone is there, takes what comes, and is heard. */
const END: readonly Step[] = [
  ['drain', 0],
  ...[0, 1, 2, 3].flatMap((at): Step[] => [
    ['join', at],
    ['accept', at],
  ]),
  ...Array.from({ length: 200 }, (_, i): Step => [i % 8 < 4 ? 'receive' : 'deliver', i % 4]),
];

t.test('when nobody is waited for any more, nobody sends to the endpoint, whatever happened on the way', (t) => {
  let handshakes = 0;
  const property = fc.property(ops, fc.boolean(), (steps, isDeleted) => {
    let now = meshWith('with', 'e', false);
    let drained = false;
    let over = false;
    let others = 0;
    const expected = new Set<string>();
    const nodes = Array.from({ length: 4 }, (_, i) => {
      const held: Held = new Map();
      const versions = new Map<ResourceKind, string>();
      const make = () => (i % 2 === 0 ? new Sotw(now, held, versions) : new Delta(now, held));
      const client: Sotw | Delta | null = make();
      client.settle();
      return { id: `n${i}`, held, make, client: client as Sotw | Delta | null };
    });
    const push = () => {
      for (const { client } of nodes) {
        client?.sequencer.advance(now);
        client?.pump();
      }
    };
    for (const [op, at] of [...steps, ...END]) {
      const node = nodes[at]!;
      const { client } = node;
      if (op === 'receive') client?.receive();
      else if (op === 'deliver') client?.deliver();
      else if (op === 'cut') node.client = null;
      else if (op === 'join') node.client ??= node.make();
      else if (op === 'refuse' && client !== null) client.refusesEndpoints = true;
      else if (op === 'accept' && client !== null) client.refusesEndpoints = false;
      else if (op === 'other') now = meshWith(drained ? 'without' : 'with', `e${++others}`, drained && isDeleted);
      else if (op === 'drain' && !drained) {
        drained = true;
        for (const { id } of nodes) expected.add(id);
        now = meshWith('without', 'e', isDeleted);
      }
      push();
      if (!drained || over) continue;
      const streams = nodes.flatMap(({ id, client: each }) =>
        each === null ? [] : [{ nodeId: id, standing: each.sequencer.standingOf('EDS', 'a') }],
      );
      if (unconfirmed(expected, streams).length > 0) continue;
      over = true;
      handshakes++;
      const senders = nodes.filter(
        ({ held }) => heldOf(held, 'CDS').has('a') && heldOf(held, 'EDS').get('a') === 'with',
      );
      if (senders.length > 0) throw new Error(`${senders.map(({ id }) => id)} still send`);
    }
  });
  fc.assert(property, { numRuns: 1_000 });
  t.ok(handshakes > 50, `${handshakes} handshakes came to an end`);
  t.end();
});
