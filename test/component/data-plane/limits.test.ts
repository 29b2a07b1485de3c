/** Every limit of the codec is enforced, and counted where an operator sees which one it was. */
import t from 'tap';
import type { LimitCounters } from '../../../proxy/http/limit-counters.ts';
import { eventually, start } from './harness.ts';
import { response } from './raw-upstream.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';

/** What is sent, the counter it ends in, and the status. */
const REQUESTS: readonly (readonly [keyof LimitCounters, number, string])[] = [
  ['headersTooLarge', 431, `GET / HTTP/1.1\r\nHost: a.test\r\nX: ${'x'.repeat(70_000)}`],
  ['tooManyHeaders', 431, `GET / HTTP/1.1\r\nHost: a.test\r\n${'X: 1\r\n'.repeat(100)}\r\n`],
  ['startLineTooLong', 414, `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: a.test\r\n\r\n`],
  ['methodTooLong', 501, `${'M'.repeat(30)} / HTTP/1.1\r\nHost: a.test\r\n\r\n`],
  ['tooManyEmptyLines', 400, '\r\n'.repeat(20)],
  ['chunkLineTooLong', 400, `${HEAD}1;n=${'x'.repeat(1_100)}\r\n`],
  ['chunkLineTooLong', 400, `${HEAD}${'0'.repeat(13)}1\r\n`],
  ['chunkExtensionsTooLarge', 400, `${HEAD}${`1;n=${'x'.repeat(500)}\r\nx\r\n`.repeat(40)}`],
  ['trailersTooLarge', 400, `${HEAD}0\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`],
];

const ANSWER = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const ANSWERS: readonly (readonly [keyof LimitCounters, string])[] = [
  ['headersTooLarge', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
  ['tooManyHeaders', `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(101)}\r\n`],
  ['startLineTooLong', `HTTP/1.1 200 ${'x'.repeat(17_000)}\r\n\r\n`],
  ['chunkLineTooLong', `${ANSWER}1;n=${'x'.repeat(1_100)}\r\n`],
  ['chunkExtensionsTooLarge', `${ANSWER}${`1;n=${'x'.repeat(500)}\r\nx\r\n`.repeat(40)}`],
  ['trailersTooLarge', `${ANSWER}0\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`],
  ['tooManyInterim', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20)],
];

t.test('a request over a limit is refused and counted', async (t) => {
  const { harness } = await start(t);
  const stats = harness.plane.activator.managerStats()[0]!;
  for (const [counter, status, text] of REQUESTS) {
    const before = stats.limits[counter];
    const client = harness.client();
    client.send(text);
    const answer = (await client.answered(1))[0]!;
    t.equal(answer.status, status, counter);
    t.equal(stats.limits[counter], before + 1, `${counter} is counted`);
    await client.end();
  }
  t.equal(stats.cxProtocolError, REQUESTS.length);
});

t.test('an answer over a limit is refused or cut, and counted', async (t) => {
  for (const [counter, text] of ANSWERS) {
    const { harness } = await start(t, { onRequest: (_, connection) => connection.send(text) });
    const client = harness.client();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(() => client.ended || client.answers.length > 0, 'an answer or the end');
    if (!client.ended) t.equal(client.answers[0]!.status, 502, counter);
    const { stats } = harness.plane.clusters.get('a')!;
    t.equal(stats.limits[counter], 1, `${counter} is counted`);
    t.equal(stats.cxProtocolError, 1);
  }
});

t.test('reading stops when too much of later requests waits', async (t) => {
  const { harness } = await start(t, {
    onRequest: ({ target }, connection) => {
      setTimeout(() => connection.send(response(target)), 50);
    },
  });
  const stats = harness.plane.activator.managerStats()[0]!;
  const client = harness.client();
  const long = `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
  for (let i = 0; i < 20; i++) client.send(long);
  await client.answered(20);
  t.ok(stats.limits.pipelineFull > 0);
});

t.test('connections that end by their number of requests, age or idleness are counted', async (t) => {
  const { harness } = await start(
    t,
    {},
    { manager: { maxRequestsPerConnection: 2, idleTimeoutMs: 60 }, cluster: { maxRequestsPerConnection: 1 } },
  );
  const stats = harness.plane.activator.managerStats()[0]!;
  const worn = harness.client();
  await worn.get('/');
  await worn.get('/');
  await worn.end();
  t.equal(stats.cxMaxRequestsReached, 1);
  t.equal(harness.plane.clusters.get('a')!.stats.cxMaxRequests, 2);
  const idle = harness.client();
  await idle.get('/');
  await idle.end();
  t.equal(stats.cxIdleTimeout, 1);
  const old = await start(t, {}, { manager: { maxConnectionDurationMs: 50, drainTimeoutMs: 50 } });
  const client = old.harness.client();
  await client.get('/');
  await client.end();
  t.equal(old.harness.plane.activator.managerStats()[0]!.cxMaxDurationReached, 1);
  const slow = await start(t, {}, { manager: { delayedCloseTimeoutMs: 40 } });
  const lingering = slow.harness.client();
  lingering.send('broken\r\n\r\n');
  await lingering.end();
  const slowStats = slow.harness.plane.activator.managerStats()[0]!;
  await eventually(() => slowStats.cxDelayedCloseTimeout === 1, 'the delayed close');
});
