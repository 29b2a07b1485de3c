/**
 * Mutated requests: thousands of inputs near the border between valid and invalid, against invariants instead of answers.
 *
 *   OUTRIDER_MUTATIONS  how many inputs, default 2,000
 *   OUTRIDER_SEED       replays a run; it is told at the start
 */
import t from 'tap';
import { SeededRandom } from '../../kernel/random.ts';
import { eventually, type Harness, start } from '../component/data-plane/harness.ts';
import { readCases, stepsOf } from './case.ts';
import { answer, STRICT } from './strict-setup.ts';

const COUNT = Number(process.env.OUTRIDER_MUTATIONS ?? 2_000);
const SEED = Number(process.env.OUTRIDER_SEED ?? 20_301);
const AT_ONCE = 40;
/** Longer inputs test limits, which the cases themselves do. */
const INPUT_BYTES_MAX = 2_048;
/** How long an input that is waiting for more is left alone. */
const QUIET_MS = 15;

const FRAGMENTS = [
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, x-tag\r\n',
  'Expect: 100-continue\r\n',
  'Host: b.test\r\n',
  'X-Forwarded-For: 1.2.3.4\r\n',
  ' folded\r\n',
  '\r\n',
  '\r\n\r\n',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  '5;ext=1\r\nhello\r\n',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0\r\n',
  'GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'HEAD /next HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'POST /next HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc',
];
const BYTES = '\r\n\0 \t:;,/?#%.\\"\x7f\x80\xff0123456789abcdefXx_-@[]*';

class Mutator {
  readonly #random: SeededRandom;
  readonly #inputs: readonly string[];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    const raws = readCases('http1-cases.json').map((each) =>
      stepsOf(each.raw)
        .map((step) => (step.kind === 'bytes' ? step.text : ''))
        .join(''),
    );
    this.#inputs = raws.filter((raw) => raw.length <= INPUT_BYTES_MAX);
  }

  /** An input, in the pieces in which it is to be sent. */
  next(): string[] {
    let text = this.#any(this.#inputs);
    const edits = this.#below(4);
    for (let i = 0; i < edits; i++) text = this.#edit(text);
    const cut = this.#below(text.length + 1);
    return this.#below(2) === 0 ? [text] : [text.slice(0, cut), text.slice(cut)];
  }

  #edit(text: string): string {
    const at = this.#below(text.length + 1);
    const length = 1 + this.#below(12);
    switch (this.#below(6)) {
      case 0:
        return text.slice(0, at) + this.#any([...BYTES]) + text.slice(at);
      case 1:
        return text.slice(0, at) + this.#any([...BYTES]) + text.slice(at + 1);
      case 2:
        return text.slice(0, at) + text.slice(at + length);
      case 3:
        return text.slice(0, at + length) + text.slice(at);
      case 4:
        return text + this.#any(this.#inputs);
      default:
        return this.#atLine(text, this.#any(FRAGMENTS));
    }
  }

  /** Where a line begins, since elsewhere most fragments only break a value. */
  #atLine(text: string, fragment: string): string {
    const starts = [...text.matchAll(/\r\n/g)].map((match) => match.index + 2);
    const at = this.#any([0, ...starts, text.length]);
    return text.slice(0, at) + fragment + text.slice(at);
  }

  #any<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  #below(limit: number): number {
    return this.#random.uint32() % limit;
  }
}

/** Sends one input behind a request that is known to be good; returns what was wrong with the answers. */
async function tryOne(harness: Harness, pieces: readonly string[], index: number): Promise<string[]> {
  const client = harness.client();
  const problems: string[] = [];
  try {
    client.send(`GET /first-${index} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    for (const piece of pieces) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const first = (await client.answered(1))[0]!;
    if (first.status !== 200 || first.body !== `/first-${index}`)
      problems.push(`first answer ${first.head}${first.body}`);
    for (let before = -1; before !== client.text.length && !client.ended; ) {
      before = client.text.length;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
    problems.push(...disorder(client.text));
  } catch (error) {
    problems.push(String(error));
  } finally {
    client.destroy();
  }
  return problems;
}

/** Status lines in the order in which they came: nothing may follow an answer that says the connection closes. */
function disorder(text: string): string[] {
  const closing = text.search(/\r\nconnection: close\r\n/i);
  if (closing < 0) return [];
  const behind = text.slice(text.indexOf('\r\n\r\n', closing) + 4);
  return /HTTP\/1\.1 \d/.test(behind) ? [`an answer behind the last one: ${JSON.stringify(behind.slice(0, 200))}`] : [];
}

t.test(`mutated requests, seed ${SEED}, never confuse an endpoint or leave a socket`, async (t) => {
  const { harness, upstream } = await start(t, { onRequest: answer }, { manager: STRICT });
  const mutator = new Mutator(SEED);
  const failed: { pieces: readonly string[]; problems: readonly string[] }[] = [];
  for (let done = 0; done < COUNT; done += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, COUNT - done) }, () => mutator.next());
    const results = await Promise.all(batch.map((pieces, i) => tryOne(harness, pieces, done + i)));
    for (const [i, problems] of results.entries())
      if (problems.length > 0) failed.push({ pieces: batch[i]!, problems });
  }
  t.same(failed.slice(0, 5), [], 'first things first, and nothing behind the last answer');
  const confused = upstream.connections.filter((each) => each.problem !== null);
  t.same(
    confused.slice(0, 5).map(({ problem, text }) => ({ problem, text: text.slice(-600) })),
    [],
    'every endpoint connection read as HTTP by a strict parser',
  );
  t.ok(upstream.requests.length > COUNT * 1.15, `of ${COUNT} inputs ${upstream.requests.length - COUNT} got through`);
  const stats = harness.plane.activator.managerStats()[0]!;
  await eventually(() => stats.cxActive === 0, 'the last client connection to close');
  t.equal(harness.plane.listeners.get('main')!.connectionCount, 0);
  t.equal(stats.rqActive, 0, 'no exchange is left');
  const cluster = harness.plane.clusters.get('a')!;
  t.equal(cluster.stats.rqActive, 0);
  t.equal(cluster.endpoints[0]!.active, 0);
  await eventually(
    () => upstream.openConnections === cluster.stats.cxActive,
    `the endpoint's connections (${upstream.openConnections}) to be those of the pool (${cluster.stats.cxActive})`,
  );
});
