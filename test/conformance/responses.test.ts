/** Hostile and odd endpoints: what the client gets to see of their answers. */
import t, { type Test } from 'tap';
import { eventually, start } from '../component/data-plane/harness.ts';
import type { RawClient } from '../component/data-plane/raw-client.ts';
import { type Case, type Kind, readCases, stepsOf } from './case.ts';
import { STRICT } from './strict-setup.ts';

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

async function run(t: Test, each: Case): Promise<void> {
  const { harness, upstream } = await start(
    t,
    {
      onRequest: (_, connection) => {
        for (const step of stepsOf(each.raw)) {
          if (step.kind === 'bytes') connection.send(step.text);
          else if (step.kind === 'fin') connection.socket.end();
        }
      },
    },
    { manager: STRICT },
  );
  const client = harness.client();
  client.send('GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n');
  await client.until(() => client.answers.length > 0 || client.ended, 'an answer or the end');
  const { expect } = each;
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
  if (expect.kind === 'forward') return;
  await eventually(() => upstream.connections[0]!.ended, 'the end of the connection to the endpoint');
}

for (const each of readCases('http1-response-cases.json')) {
  t.test(`${each.id} ${each.title}`, (t) => run(t, each));
}
