/**
 * Mutated requests and answers: thousands of inputs near the border between valid and invalid, against invariants instead
 * of results. Nobody gets another one's answer, nothing invalid is forwarded either way, and nothing is left over.
 *
 *   OUTRIDER_MUTATIONS  how many requests and as many answers, default 2,000 and 10,000 with CI=true; a million takes
 *                       about forty minutes
 *   OUTRIDER_SEED       replays a run; the seed is in the names of the tests
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { ClusterConfig } from '../../proxy/config/model/cluster.ts';
import { eventually, Harness } from '../component/data-plane/harness.ts';
import { readResponses } from '../component/data-plane/http-text.ts';
import { RawClient } from '../component/data-plane/raw-client.ts';
import { response } from '../component/data-plane/raw-upstream.ts';
import { cluster } from '../fakes/config-builders.ts';
import { readCases } from './case.ts';
import { Mutator } from './mutator.ts';
import { type EndpointScript, StrictEndpoint } from './strict-endpoint.ts';
import { STRICT } from './strict-setup.ts';

const COUNT = Number(process.env.OUTRIDER_MUTATIONS ?? (process.env.CI === 'true' ? 10_000 : 2_000));
const SEED = Number(process.env.OUTRIDER_SEED ?? 20_301);
const AT_ONCE = 200;
/** How long a batch is left alone before what has not been answered is taken for waiting. */
const QUIET_MS = 12;
const PATIENCE_MS = 120_000 + 5 * COUNT;
/** What a run may leave on the heap, whatever its length: compiled code and the statistics of both tests. */
const HEAP_LEFT_MAX = 12_000_000;

const REQUEST_FRAGMENTS = [
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, x-tag\r\n',
  'Connection: content-length\r\n',
  'Expect: 100-continue\r\n',
  'Host: b.test\r\n',
  'X-Forwarded-For: 1.2.3.4\r\n',
  ' folded\r\n',
  '\r\n',
  '\r\n\r\n',
  '0\r\n\r\n',
  '0\r\nX-Trailer: 1\r\n\r\n',
  '5\r\nhello\r\n',
  '5;ext="a b"\r\nhello\r\n',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0\r\n',
];

const ANSWER_FRAGMENTS = [
  'Content-Length: 2\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: x-hop\r\n',
  'HTTP/1.1 103 Early Hints\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno',
  'HTTP/1.1 204 No Content\r\n\r\n',
  ' folded\r\n',
  '\r\n',
  '0\r\n\r\n',
  '2\r\nhi\r\n',
  '2;a=b\r\nhi\r\n',
];

interface Run {
  readonly harness: Harness;
  readonly endpoint: StrictEndpoint;
}

async function begin(t: Test, script: EndpointScript, change: Partial<ClusterConfig> = {}): Promise<Run> {
  const endpoint = await StrictEndpoint.start(script);
  t.teardown(() => endpoint.stop());
  const harness = new Harness(t);
  await harness.apply({ clusters: [cluster('a', [endpoint.port], change)], manager: STRICT });
  return { harness, endpoint };
}

/** Runs the inputs of these numbers in batches. `one` sends an input and resolves when nothing more is to be done for it. */
async function inBatches(
  from: number,
  to: number,
  one: (client: RawClient, index: number) => Promise<void>,
  judge: (client: RawClient, index: number) => string[],
  port: number,
): Promise<string[]> {
  const failed: string[] = [];
  for (let done = from; done < to && failed.length < 5; done += AT_ONCE) {
    const clients = Array.from({ length: Math.min(AT_ONCE, to - done) }, () => RawClient.connect(port));
    const results = await Promise.allSettled(clients.map((client, i) => one(client, done + i)));
    await quiet(clients);
    for (const [i, client] of clients.entries()) {
      const result = results[i]!;
      if (result.status === 'rejected') failed.push(String(result.reason));
      failed.push(...judge(client, done + i));
      // A reset leaves no port behind that could not be used again for a minute.
      client.socket.resetAndDestroy();
    }
  }
  return failed.slice(0, 5);
}

async function quiet(clients: readonly RawClient[]): Promise<void> {
  for (let before = -1; ; ) {
    const now = clients.reduce((sum, { text, ended }) => sum + text.length + (ended ? 1 : 0), 0);
    if (now === before) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

/** Nothing is left: no exchange, no connection of a client, and as many to the endpoint as the pool holds. */
async function nothingLeft(t: Test, { harness, endpoint }: Run): Promise<void> {
  const stats = harness.plane.activator.managerStats()[0]!;
  await eventually(() => stats.cxActive === 0, 'the last client connection to close');
  t.equal(harness.plane.listeners.get('main')!.connectionCount, 0);
  t.equal(stats.rqActive, 0, 'no exchange is left');
  const one = harness.plane.clusters.get('a')!;
  t.equal(one.stats.rqActive, 0);
  t.equal(one.stats.rqPendingActive, 0);
  t.equal(one.endpoints[0]!.active, 0);
  await eventually(
    () => endpoint.openConnections === one.stats.cxActive,
    `the endpoint's connections (${endpoint.openConnections}) to be those of the pool (${one.stats.cxActive})`,
  );
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** An answer behind one that says the connection closes, or one of another client, or in another order than asked. */
function disorder(text: string, sent: string): string[] {
  const problems: string[] = [];
  const closing = text.search(/\r\nconnection: close\r\n/i);
  const behind = closing < 0 ? '' : text.slice(text.indexOf('\r\n\r\n', closing) + 4);
  if (/HTTP\/1\.1 \d/.test(behind))
    problems.push(`an answer behind the last one: ${JSON.stringify(behind.slice(0, 200))}`);
  const asked = [...sent.matchAll(/n-\d+-\d/g)].map(([each]) => each);
  const answered = [...text.matchAll(/\r\n\r\n\/(n-\d+-\d)/g)].map((match) => match[1]!);
  let at = 0;
  for (const each of answered) {
    if (!asked.includes(each)) problems.push(`the answer of another: ${each}`);
    at = asked.indexOf(each, at) + 1;
    if (at === 0) problems.push(`${each} was answered out of order in ${answered.join()}`);
  }
  return problems;
}

t.test(`mutated requests, seed ${SEED}`, { timeout: PATIENCE_MS }, async (t) => {
  const run = await begin(t, () => false);
  const { harness, endpoint } = run;
  const mutator = new Mutator(
    SEED,
    [...readCases('http1-cases.json'), ...readCases('more-http1-cases.json')],
    REQUEST_FRAGMENTS,
  );
  const inputs = new Map<number, string>();
  const send = async (client: RawClient, index: number) => {
    const path = (k: number) => `/n-${index}-${k}`;
    const text = mutator.next([
      `GET ${path(0)} HTTP/1.1\r\nHost: a.test\r\n\r\n`,
      `GET ${path(1)} HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n`,
      `POST ${path(2)} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc`,
      `POST ${path(3)} HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    ]);
    inputs.set(index, text);
    client.send(`GET /n-${index}-9 HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    for (const piece of mutator.pieces(text)) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const first = (await client.answered(1))[0]!;
    if (first.body !== `/n-${index}-9`) throw new Error(`first answer ${first.head}${first.body} to ${text}`);
  };
  const judge = (client: RawClient, index: number) => {
    const text = inputs.get(index)!;
    inputs.delete(index);
    return disorder(client.text, ` /n-${index}-9 ${text}`).map((each) => `${each}; sent: ${JSON.stringify(text)}`);
  };
  const warm = Math.min(COUNT, 1_000);
  t.same(
    await inBatches(0, warm, send, judge, harness.port),
    [],
    'first things first, and nothing behind the last answer',
  );
  const before = heapBytes();
  t.same(await inBatches(warm, COUNT, send, judge, harness.port), []);
  t.same(endpoint.problems, [], 'every endpoint connection read as HTTP by a strict parser');
  const through = endpoint.requestCount - COUNT;
  t.ok(through > COUNT * 0.15, `of ${COUNT} inputs ${through} requests got through`);
  await nothingLeft(t, run);
  const left = heapBytes() - before;
  t.ok(left < HEAP_LEFT_MAX, `${left} bytes more on the heap than after ${warm} inputs`);
});

t.test(`mutated answers, seed ${SEED}`, { timeout: PATIENCE_MS }, async (t) => {
  const mutator = new Mutator(
    SEED,
    [...readCases('http1-response-cases.json'), ...readCases('more-http1-response-cases.json')],
    ANSWER_FRAGMENTS,
  );
  const run = await begin(t, ({ target }, socket) => {
    if (target.startsWith('/after')) {
      socket.write(response(target));
      return true;
    }
    const pieces = mutator.pieces(mutator.next());
    for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'));
    // What is not a whole answer ends here, half of it with a reset.
    const reset = mutator.below(2) === 0;
    const end = () => {
      // Node forgets a socket that is reset while it is being ended.
      if (reset && !socket.writableEnded) socket.resetAndDestroy();
      else socket.end();
    };
    setTimeout(end, 1 + mutator.below(8));
    return true;
  });
  const { harness, endpoint } = run;
  let answers = 0;
  const send = async (client: RawClient, index: number) => {
    const method = index % 7 === 0 ? 'HEAD' : 'GET';
    client.methods = [method, 'GET'];
    client.send(`${method} /mutated HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    await client.until(() => client.ended || client.answers.length > 0, 'an answer or the end');
    if (client.answers.length > 0) answers++;
    if (client.ended) return;
    client.send(`GET /after-${index} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    await client.until(() => client.ended || client.answers.length > 1, 'the second answer or the end');
  };
  const judge = (client: RawClient, index: number) => {
    const { problem } = readResponses(client.text, { methods: client.methods, closed: client.ended && !client.reset });
    const second = client.answers[1];
    const own = second === undefined || second.body === `/after-${index}` || /x-outrider-failure/.test(second.head);
    const problems = problem === null ? [] : [problem];
    if (!own) problems.push(`the second answer was ${second.head}${second.body}`);
    return problems.map((each) => `${each} in ${JSON.stringify(client.text)}`);
  };
  const warm = Math.min(COUNT, 1_000);
  t.same(await inBatches(0, warm, send, judge, harness.port), [], 'what clients see is HTTP, and their own');
  const before = heapBytes();
  t.same(await inBatches(warm, COUNT, send, judge, harness.port), []);
  t.same(endpoint.problems, []);
  t.ok(answers > COUNT * 0.6, `${answers} answers`);
  await nothingLeft(t, run);
  const left = heapBytes() - before;
  t.ok(left < HEAP_LEFT_MAX, `${left} bytes more on the heap than after ${warm} inputs`);
});
