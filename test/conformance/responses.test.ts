/** Hostile and odd endpoints: what the client gets to see of their answers, and that nobody gets another one's. */
import t, { type Test } from 'tap';
import { eventually, start } from '../component/data-plane/harness.ts';
import { valuesOf } from '../component/data-plane/http-text.ts';
import type { RawClient } from '../component/data-plane/raw-client.ts';
import { response, type UpstreamConnection } from '../component/data-plane/raw-upstream.ts';
import { type Case, type Kind, readCases, stepsOf } from './case.ts';
import { STRICT } from './strict-setup.ts';

const PLAIN_GET = 'GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n';
/** What is asked behind every case, and has to be answered with its own answer. */
const AGAIN = '/again';

async function answer(connection: UpstreamConnection, raw: string): Promise<void> {
  for (const step of stepsOf(raw)) {
    if (step.kind === 'bytes') connection.send(step.text);
    else if (step.kind === 'fin') connection.socket.end();
    else if (step.kind === 'reset') connection.socket.resetAndDestroy();
    else await new Promise((resolve) => setTimeout(resolve, step.ms));
  }
}

function misfits(client: RawClient, { expect }: Case, kind: Kind): string[] {
  const problems: string[] = [];
  const first = client.answers[0];
  switch (kind) {
    case 'reject':
      if (first === undefined || !expect.status.includes(first.status)) problems.push(`status ${first?.status}`);
      return problems;
    case 'abort': {
      // Complete only when it is the proxy's own refusal: an answer of the endpoint's must be seen to be cut.
      if (first !== undefined && first.status !== 502) problems.push('the client takes the answer for complete');
      if (!client.ended) problems.push('the connection stayed open');
      return problems;
    }
    default:
      if (first === undefined || ![...expect.status, 200].includes(first.status))
        problems.push(`status ${first?.status}`);
      if (expect.body !== undefined && first?.body !== expect.body) problems.push(`the body was ${first?.body}`);
      return problems;
  }
}

/** Nothing of the case is left: the next request gets its own answer, on the same connection or a new one. */
async function askAgain(t: Test, client: RawClient, another: RawClient): Promise<void> {
  const next =
    client.ended || client.answers.some((each) => valuesOf(each, 'connection').includes('close')) ? another : client;
  next.methods.push('GET');
  const again = await next.get(AGAIN);
  t.equal(`${again.status} ${again.body}`, '200 again', 'the next request gets its own answer');
}

async function run(t: Test, each: Case): Promise<void> {
  const { harness, upstream } = await start(
    t,
    {
      onRequest: ({ target }, connection) => {
        if (target === AGAIN) connection.send(response('again'));
        else void answer(connection, each.raw);
      },
    },
    { manager: STRICT },
  );
  const client = harness.client();
  const request = each.request ?? PLAIN_GET;
  client.methods = [request.slice(0, request.indexOf(' '))];
  client.send(request);
  await client.until(() => client.answers.length > 0 || client.ended, 'an answer or the end');
  const { expect } = each;
  if (expect.close) await client.end();
  const verdicts = [expect.kind, ...(expect.alt ?? [])].map((kind) => ({
    kind,
    problems: misfits(client, each, kind),
  }));
  t.ok(
    verdicts.some(({ problems }) => problems.length === 0),
    'it became what it should',
    { verdicts, text: client.text },
  );
  t.equal(client.responses.problem, null, 'what the client saw is HTTP');
  for (const pattern of expect.must ?? []) t.match(client.text, new RegExp(pattern, 'i'));
  for (const pattern of expect.mustNot ?? []) t.notMatch(client.text, new RegExp(pattern, 'i'));
  if (expect.statuses !== undefined) t.equal(client.responses.messages.length, expect.statuses, 'answers of any kind');
  if (expect.notChunkedResponse) t.notOk(client.answers[0]?.chunked, 'not chunked');
  if (expect.kind !== 'forward')
    await eventually(() => upstream.connections[0]!.ended, 'the end of the connection to the endpoint');
  await askAgain(t, client, harness.client());
}

for (const each of [...readCases('http1-response-cases.json'), ...readCases('more-http1-response-cases.json')]) {
  t.test(`${each.id} ${each.title}`, (t) => run(t, each));
}
